import UploadCore

extension UploadSummary {
  /// The longest name that is shown whole, in columns.
  private static let longestName = 40

  /// The summary for people: a line of headings, a line for every upload, and a sentence; no line end after the last.
  package var table: String {
    let headings = ["name", "mode", "size", "time", "speed", "client peak", "server peak", "verdict"]
    let rows = [headings] + uploads.map(Self.cells)
    let widths = headings.indices.map { column in rows.map { TextWidth.columns($0[column]) }.max() ?? 0 }
    let lines = rows.map { row in
      let cells = zip(row, widths).enumerated().map { column, cell in
        // Words to the left, numbers to the right.
        Self.isText(column) ? TextWidth.left(cell.0, cell.1) : TextWidth.right(cell.0, cell.1)
      }
      return Self.withoutTrailingSpaces(cells.joined(separator: "  "))
    }
    return (lines + [plainLine]).joined(separator: "\n")
  }

  private static func cells(_ upload: Entry) -> [String] {
    [
      TextWidth.cut(PlainText.sanitized(upload.name), to: longestName),
      upload.mode.rawValue,
      ByteSize.text(upload.bytes),
      TimeText.clock(upload.seconds),
      ByteSize.rateText(upload.averageSpeed),
      ByteSize.text(UInt64(max(0, upload.clientPeakResidentBytes))),
      upload.serverPeakResidentBytes.map { ByteSize.text(UInt64(max(0, $0))) } ?? "-",
      upload.verdict.rawValue,
    ]
  }

  private static func isText(_ column: Int) -> Bool {
    column < 2 || column == 7
  }

  private static func withoutTrailingSpaces(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }
}
