import TerminalUI

/// The places of an upload's fields in its one to three rows, which are the same for all uploads of a pane: also for those
/// that take one row in a pane in which others take more.
///
/// The narrower the pane, the less is in a row, in this order: the mode is left out, the memory loses its unit, the bar
/// becomes shorter and is left out, then the memory and the percentage. Name, state, rate and time left remain.
struct UploadRowLayout: Hashable {
  enum Field: Hashable {
    case name, mode, bar, percent
    /// The rate and the time left; a state that is not normal takes the place of both.
    case status
    case memory
    /// A normal state as text.
    case state
    /// The name that the client's user has stated, otherwise the client's address; or the server.
    case peer
    /// What is received, or sent, of the size.
    case sizes
    /// What is stored and durable; of an interrupted upload what is stored, and when it expires.
    case note
    case spark, peak
    /// How an upload ended, or that it is queued.
    case outcome
  }

  struct Place: Hashable {
    var field: Field
    var x: Int
    var width: Int
  }

  /// The fields of each row of a running upload, from left to right.
  let rows: [[Place]]
  /// The fields of the one row of an upload that is queued or has ended.
  let quiet: [Place]

  /// The mark of the selected row, and a margin at the right.
  private static let margins = 2
  /// From this width on all fields of the first row have space beside each other.
  private static let wideRoom = 74

  /// - Parameters:
  ///   - width: of a row in columns, with that of the selection mark.
  ///   - count: of rows, 1 to 3.
  init(width: Int, rows count: Int) {
    let room = max(0, width - Self.margins)
    // In a narrow pane the bar moves to the second row, where there is one.
    let isNarrow = count > 1 && room < Self.wideRoom
    let first = FirstRow(room, hasBar: !isNarrow, isAlone: count == 1)
    var below: [[(Field, Extent, Int)]] = []
    // The third row has the peer.
    if count > 1 { below.append(isNarrow ? Self.narrowSecond.filter { count == 2 || $0.0 != .peer } : Self.wideSecond) }
    if count > 2 { below.append(isNarrow ? Self.narrowThird : Self.wideThird) }
    rows = [Self.places(first.fields)] + below.map { Self.places($0, room: room) }
    let name = first.fields.prefix { $0.0 != .bar && $0.0 != .percent && $0.0 != .status }
    let used = name.reduce(0) { $0 + $1.1 + 1 }
    quiet = Self.places(name + [(.outcome, max(0, room - used))])
  }

  /// Fields beside each other, each with its width, and one free column between them.
  private static func places(_ fields: [(Field, Int)]) -> [Place] {
    var x = 1
    return fields.map { field, width in
      defer { x += width + 1 }
      return Place(field: field, x: x, width: width)
    }
  }

  /// Fields of which those with the highest priority number are left out first.
  private static func places(_ fields: [(Field, Extent, Int)], room: Int) -> [Place] {
    zip(fields, Column.layout(fields.map { Column($0.1, priority: $0.2) }, width: room)).compactMap { field, range in
      range.map { Place(field: field.0, x: $0.lowerBound + 1, width: $0.count) }
    }
  }

  private static let peerColumns = 21
  private static let wideSecond: [(Field, Extent, Int)] = [
    (.state, .fixed(9), 2), (.peer, .fixed(peerColumns), 1),
    (.sizes, .fixed(2 * Figures.sizeColumns + 5), 0), (.note, .flexible(min: 36), 3),
  ]
  private static let wideThird: [(Field, Extent, Int)] = [
    (.spark, .flexible(min: 8), 0), (.peak, .fixed(5 + Figures.rateColumns), 1),
  ]
  private static let narrowSecond: [(Field, Extent, Int)] = [
    (.bar, .flexible(min: 6), 0), (.percent, .fixed(5), 1), (.sizes, .fixed(2 * Figures.compactColumns + 2), 2),
    (.peer, .fixed(peerColumns), 3),
  ]
  private static let narrowThird: [(Field, Extent, Int)] = [
    (.peer, .fixed(peerColumns), 0), (.spark, .flexible(min: 8), 1), (.state, .fixed(9), 2),
  ]
}

/// The widths of the first row's fields; 0 for one that is left out.
private struct FirstRow {
  private(set) var name = 0
  private var mode = 6
  private var bar = 14
  private var percent = 5
  /// A rate, a space and a time left.
  private var status = Figures.rateColumns + 1 + Figures.clockColumns
  private var memory = Figures.memoryColumns - 1
  private var sizes = 0
  private var peer = 0
  private let room: Int

  private static let widestName = 48
  private static let widestBar = 32
  /// Without its unit: `1023.9M`.
  private static let shortMemory = Figures.compactColumns
  private static let shortestBar = 6

  /// - Parameters:
  ///   - room: the columns of all fields.
  ///   - hasBar: whether bar and percentage are in this row; without them it has the mode neither.
  ///   - isAlone: whether the upload has no other row, so that in a wide pane this one also has what these would have.
  init(_ room: Int, hasBar: Bool, isAlone: Bool) {
    self.room = room
    if !hasBar { (mode, bar, percent) = (0, 0, 0) }
    // A name has at least 36 columns in a pane of 100, and 24 in one of 80.
    if !fits(name: room >= 96 ? 36 : 24) { mode = 0 }
    if !fits(name: 24) { memory = Self.shortMemory }
    if hasBar { bar = max(Self.shortestBar, min(bar, bar + room - columns - 24)) }
    if !fits(name: 16) { bar = 0 }
    if !fits(name: 16) { memory = 0 }
    if !fits(name: 14) { percent = 0 }
    if isAlone, fits(name: 42 + 2 * Figures.compactColumns + 3) { sizes = 2 * Figures.compactColumns + 2 }
    if isAlone, sizes > 0, fits(name: 42 + 22) { peer = 21 }
    if !fits(name: 8) { status = max(0, room - 9) }
    grow(hasBar: hasBar)
  }

  /// Gives the free columns to the name and the bar.
  private mutating func grow(hasBar: Bool) {
    name = max(0, room - columns)
    guard hasBar, bar > 0, name > Self.widestName else { return }
    let more = min((name - Self.widestName + 1) / 2, Self.widestBar - bar)
    bar += max(0, more)
    name -= max(0, more)
  }

  private var others: [(UploadRowLayout.Field, Int)] {
    [
      (.mode, mode), (.bar, bar), (.percent, percent), (.sizes, sizes), (.status, status), (.memory, memory),
      (.peer, peer),
    ]
    .filter { $0.1 > 0 }
  }

  /// The columns of all fields but the name, with one before each.
  private var columns: Int { others.reduce(0) { $0 + $1.1 + 1 } }

  private func fits(name: Int) -> Bool { name + columns <= room }

  /// The fields from left to right.
  var fields: [(UploadRowLayout.Field, Int)] { [(.name, name)] + others }
}
