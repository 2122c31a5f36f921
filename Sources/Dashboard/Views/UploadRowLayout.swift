import TerminalUI

/// The places of an upload's fields in its one to three rows, which are the same for all uploads of a pane. Fields
/// without space are left out, the least important first.
struct UploadRowLayout {
  enum Field {
    case name, mode
    /// The name that the client's user has stated, otherwise the client's address; or the server.
    case peer
    /// The state and the rate.
    case status
    case time, bar, percent, sizes, spark, memory
    /// What is stored, or the type and the final name.
    case note

    /// The width of the field's column in an upload of one to three rows.
    fileprivate func width(rows: Int) -> Column.Width {
      switch self {
      case .name: .flexible(min: 8, weight: 3)
      case .mode: .fixed(9)
      case .peer: rows < 3 ? .fixed(21) : .flexible(min: 15)
      case .status: .fixed(22)
      case .time: .fixed(Figures.clockColumns)
      case .bar: .flexible(min: rows == 1 ? 8 : 6)
      case .percent: .fixed(4)
      case .sizes: .fixed(2 * Figures.compactColumns + 2)
      case .spark: .fixed(6)
      // The label and its space, then the number.
      case .memory: .fixed(4 + Figures.memoryColumns)
      case .note: .flexible(min: 30)
      }
    }
  }

  /// The fields of each row from left to right, with their first column and their width.
  let rows: [[(field: Field, x: Int, width: Int)]]

  /// - Parameters:
  ///   - width: of a row in columns, with that of the selection mark.
  ///   - count: of rows, 1 to 3.
  init(width: Int, rows count: Int) {
    let table = [Self.oneRow, Self.twoRows, Self.threeRows][min(max(1, count), 3) - 1]
    rows = table.map { fields in
      let columns = fields.map { Column($0.width(rows: count), priority: $1) }
      return zip(fields, Column.layout(columns, width: width - 2)).compactMap { field, range in
        range.map { (field: field.0, x: $0.lowerBound + 1, width: $0.count) }
      }
    }
  }

  /// The fields of each row from left to right, with their priorities: the field with the highest is left out first.
  private static let oneRow: [[(Field, Int)]] = [
    [
      (.name, 0), (.status, 1), (.bar, 4), (.percent, 2), (.time, 5), (.sizes, 6), (.spark, 7), (.memory, 3),
      (.mode, 8), (.peer, 9),
    ]
  ]
  private static let twoRows: [[(Field, Int)]] = [
    [(.name, 0), (.status, 1), (.time, 2), (.peer, 3)],
    [(.bar, 0), (.percent, 1), (.sizes, 3), (.spark, 5), (.memory, 2), (.mode, 4)],
  ]
  private static let threeRows: [[(Field, Int)]] = [
    [(.name, 0), (.status, 1), (.time, 2)],
    [(.bar, 0), (.percent, 1), (.spark, 5), (.memory, 2)],
    [(.mode, 1), (.peer, 2), (.note, 3), (.sizes, 0)],
  ]
}
