import TerminalUI

/// Where each thing about an upload stands in its one to three lines, the same for all rows of a pane: what there is no
/// room for is left out, the least important first.
struct UploadRowLayout {
  enum Field {
    case name
    case mode
    case peer
    /// What it is doing, and the rate.
    case status
    case time
    case bar
    case percent
    case sizes
    case spark
    case memory
    /// What is stored, or how it ended.
    case note
  }

  struct Place {
    var field: Field
    var x: Int
    var width: Int
  }

  let lines: [[Place]]

  /// - Parameters:
  ///   - width: of a row, the mark's column included.
  ///   - lines: 1 to 3.
  init(width: Int, lines: Int) {
    let fields: [[(Field, Column)]] =
      switch lines {
      case 1: [Self.single]
      case 2: [Self.first + Self.peerAside, Self.second(isLast: true)]
      default: [Self.first, Self.second(isLast: false), Self.third]
      }
    self.lines = fields.map { fields in
      let places = Column.layout(fields.map(\.1), width: width - 2)
      return zip(fields, places).compactMap { field, range in
        range.map { Place(field: field.0, x: $0.lowerBound + 1, width: $0.count) }
      }
    }
  }

  private static func column(_ width: Column.Width, _ priority: Int) -> Column {
    Column(width, priority: priority)
  }

  private static let statusColumns = 22
  private static let sparkColumns = 6
  private static let sizesColumns = 2 * Figures.compactColumns + 2
  /// `mem ` and the number.
  private static let memoryColumns = 4 + Figures.memoryColumns

  private static let first: [(Field, Column)] = [
    (.name, column(.flexible(min: 8), 0)),
    (.status, column(.fixed(statusColumns), 1)),
    (.time, column(.fixed(Figures.clockColumns), 2)),
  ]
  /// What goes behind the rest of the first line when there is no third.
  private static let peerAside: [(Field, Column)] = [(.peer, column(.fixed(21), 3))]
  /// Where there is a third line the sizes and the mode go there, and the bar gets their space.
  private static func second(isLast: Bool) -> [(Field, Column)] {
    let bar: [(Field, Column)] = [(.bar, column(.flexible(min: 6), 0)), (.percent, column(.fixed(4), 1))]
    let sizes: [(Field, Column)] = [(.sizes, column(.fixed(sizesColumns), 3))]
    let memory: [(Field, Column)] = [
      (.spark, column(.fixed(sparkColumns), 5)), (.memory, column(.fixed(memoryColumns), 2)),
    ]
    return isLast ? bar + sizes + memory + [(.mode, column(.fixed(9), 4))] : bar + memory
  }

  private static let third: [(Field, Column)] = [
    (.mode, column(.fixed(9), 1)),
    (.peer, column(.flexible(min: 15), 2)),
    (.note, column(.flexible(min: 30), 3)),
    (.sizes, column(.fixed(sizesColumns), 0)),
  ]
  private static let single: [(Field, Column)] = [
    (.name, column(.flexible(min: 8, weight: 3), 0)),
    (.status, column(.fixed(statusColumns), 1)),
    (.bar, column(.flexible(min: 8, weight: 1), 4)),
    (.percent, column(.fixed(4), 2)),
    (.time, column(.fixed(Figures.clockColumns), 5)),
    (.sizes, column(.fixed(sizesColumns), 6)),
    (.spark, column(.fixed(sparkColumns), 7)),
    (.memory, column(.fixed(memoryColumns), 3)),
    (.mode, column(.fixed(9), 8)),
    (.peer, column(.fixed(21), 9)),
  ]
}
