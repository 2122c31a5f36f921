import TerminalUI
import UploadCore

/// The uploads of one direction, in the order in which they are shown: those under way, newest first, then the queued ones,
/// next to go first, then those that have ended, newest first.
struct UploadList: Sendable {
  /// How many ended ones are kept.
  static let endedLimit = 200

  private var records: [UploadID: UploadRecord] = [:]
  /// Those under way as the snapshot has them: oldest first.
  private var active: [UploadID] = []
  /// The queued ones, next to go first.
  private var waiting: [UploadID] = []
  /// Queued uploads that are not listed.
  private(set) var unlisted = 0
  /// In the order of their ends.
  private var ended: [UploadID] = []
  /// Ended ones that were dropped because there were too many, since the list was last cleared.
  private(set) var leftOut = 0
  /// The ones that are shown, the filter considered.
  private(set) var shown: [UploadID] = []
  /// Of those under way, bytes per second.
  private(set) var totalSpeed = 0.0

  /// Those that are under way.
  var activeCount: Int { active.count }
  /// Those that wait for others to end before they begin.
  var waitingCount: Int { waiting.count + unlisted }
  /// Those that have not ended.
  var runningCount: Int { activeCount + waitingCount }
  var endedCount: Int { ended.count }
  /// Those under way that are stalled.
  var stalledCount: Int { active.count { records[$0]?.now.state == .stalled } }

  subscript(id: UploadID) -> UploadRecord? { records[id] }

  /// The record of a row; nil beyond the last one.
  func record(at row: Int) -> UploadRecord? {
    shown.indices.contains(row) ? records[shown[row]] : nil
  }

  /// The row of an upload; nil when it is not shown.
  func row(of id: UploadID) -> Int? {
    shown.firstIndex(of: id)
  }

  /// Those that have not ended, less what is ``unlisted``.
  var runningRecords: [UploadRecord] { (active + waiting).compactMap { records[$0] } }

  /// Takes the uploads of a snapshot, all of this direction.
  /// - Parameter unlisted: how many more are queued.
  /// - Returns: whether other uploads run or have ended than before.
  mutating func take(_ uploads: [UploadSnapshot], unlisted: Int = 0, ticks: Int) -> Bool {
    let before = (active, waiting)
    active.removeAll(keepingCapacity: true)
    waiting.removeAll(keepingCapacity: true)
    self.unlisted = max(0, unlisted)
    totalSpeed = 0
    var hasEnded = false
    for upload in uploads {
      let wasRunning = records[upload.id]?.isRunning ?? true
      records[upload.id, default: UploadRecord(upload)].take(upload, ticks: ticks)
      if upload.outcome != nil {
        guard wasRunning else { continue }
        ended.append(upload.id)
        hasEnded = true
      } else if upload.isQueued {
        waiting.append(upload.id)
      } else {
        active.append(upload.id)
        totalSpeed += upload.speed > 0 ? min(upload.speed, 1e18) : 0
      }
    }
    guard hasEnded || (active, waiting) != before else { return false }
    dropLost(before.0 + before.1)
    dropOldest()
    return true
  }

  /// The ledger drops ended uploads that are not drained in time; those are in no snapshot any more.
  private mutating func dropLost(_ before: [UploadID]) {
    guard records.count > active.count + waiting.count + ended.count else { return }
    let kept = Set(active).union(waiting).union(ended)
    for id in before where !kept.contains(id) { records[id] = nil }
  }

  private mutating func dropOldest() {
    let excess = ended.count - Self.endedLimit
    guard excess > 0 else { return }
    for id in ended.prefix(excess) { records[id] = nil }
    ended.removeFirst(excess)
    leftOut += excess
  }

  /// Forgets those that have ended.
  mutating func clearEnded() {
    for id in ended { records[id] = nil }
    ended = []
    leftOut = 0
  }

  /// Works out what is shown and in what order.
  mutating func arrange(by sort: UploadSort, filter: String) {
    let filter = filter.lowercased()
    let first = Self.sorted(matching(active, filter), by: sort)
    // The queue keeps its own order, whatever the others are ordered by.
    shown = first + (matching(waiting, filter) + matching(ended.reversed(), filter)).map(\.id)
  }

  private func matching(_ ids: [UploadID], _ filter: String) -> [UploadRecord] {
    let all = ids.compactMap { records[$0] }
    return filter.isEmpty ? all : all.filter { $0.matches(filter) }
  }

  private static func sorted(_ active: [UploadRecord], by sort: UploadSort) -> [UploadID] {
    // Newest first, and so among equals: the sort of the standard library keeps the order of those.
    let newestFirst = Array(active.reversed())
    switch sort {
    case .started: return newestFirst.map(\.id)
    case .name: return newestFirst.sorted { $0.now.name < $1.now.name }.map(\.id)
    case .rate: return descending(newestFirst) { $0.now.speed }
    case .progress: return descending(newestFirst) { $0.now.fraction ?? -1 }
    case .memory: return descending(newestFirst) { Double($0.now.residentBytes) }
    }
  }

  /// What is no number counts as the least: with it in a comparison there would be no order.
  private static func descending(_ records: [UploadRecord], _ key: (UploadRecord) -> Double) -> [UploadID] {
    records.map { record -> (id: UploadID, key: Double) in
      let value = key(record)
      return (record.id, value.isNaN ? -.infinity : value)
    }
    .sorted { $0.key > $1.key }.map(\.id)
  }
}

extension UploadRecord {
  /// Whether anything the row says contains `text`, which is in lower case.
  fileprivate func matches(_ text: String) -> Bool {
    now.name.lowercased().contains(text) || now.remote.lowercased().contains(text)
      || now.mode.rawValue.contains(text) || now.stateWords.contains(text)
  }
}

/// Where the user is in a list of uploads. Until the user has moved there it is the first one, whichever that is; from then
/// on the selection stays with its upload when the order changes.
struct ListPlace: Hashable, Sendable {
  /// How the selection follows changes of the list.
  private enum Hold: Hashable {
    /// It stays at the first row.
    case none
    /// With an upload that was selected for the user, until its end; no list is scrolled for one that has ended.
    case untilEnd
    /// With the upload that the user went to.
    case always
  }

  /// The selected upload; nil when there is none.
  private(set) var id: UploadID?
  private(set) var scroll = Scroll()
  private var hold = Hold.none

  /// Finds the selected upload again after the list has changed; when it is gone, what stands in its place.
  mutating func follow(_ list: UploadList, visible: Int) {
    if list.shown.isEmpty { hold = .none }
    let row = id.flatMap { list.row(of: $0) }
    if hold == .untilEnd, row.map({ $0 >= visible && list.record(at: $0)?.isRunning != true }) ?? true { hold = .none }
    set(hold == .none ? 0 : row ?? scroll.selection, in: list, visible: visible)
  }

  mutating func move(by steps: Int, in list: UploadList, visible: Int) {
    hold = .always
    scroll.move(by: steps, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }

  mutating func select(_ row: Int, in list: UploadList, visible: Int) {
    hold = .always
    set(row, in: list, visible: visible)
  }

  /// Selects an upload for the user, who has not gone to it.
  mutating func propose(_ row: Int, in list: UploadList, visible: Int) {
    hold = .untilEnd
    set(row, in: list, visible: visible)
  }

  /// Keeps the selection with its upload, as after a move.
  mutating func keep() {
    hold = .always
  }

  /// To the first one, and to whichever comes first later.
  mutating func release() {
    hold = .none
  }

  private mutating func set(_ row: Int, in list: UploadList, visible: Int) {
    scroll.select(row, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }
}
