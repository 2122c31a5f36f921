/// Rows of text under a row of headings, for people: columns as wide as what they hold.
package struct TextTable: Sendable {
  private let rows: [[String]]
  private let words: Set<Int>

  /// - Parameters:
  ///   - rows: a cell for each heading.
  ///   - words: the columns that hold words and stand at the left; numbers stand at the right.
  package init(headings: [String], rows: [[String]], words: Set<Int>) {
    self.rows = [headings] + rows
    self.words = words
  }

  /// A line a row, without spaces at its end; no line end after the last.
  package var text: String {
    let widths = rows[0].indices.map { column in rows.map { TextWidth.columns($0[column]) }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row, widths).enumerated().map { column, cell in
        words.contains(column) ? TextWidth.left(cell.0, cell.1) : TextWidth.right(cell.0, cell.1)
      }
      return Self.withoutTrailingSpaces(cells.joined(separator: "  "))
    }.joined(separator: "\n")
  }

  private static func withoutTrailingSpaces(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }
}
