import UploadCore

extension UploadSummary {
  /// The longest name that is shown whole, in columns.
  private static let longestName = 40

  /// The summary for people: a line of headings, a line for every upload, and a sentence; no line end after the last.
  package var table: String {
    let headings = ["name", "mode", "size", "time", "speed", "client peak", "server peak", "verdict"]
    let table = TextTable(headings: headings, rows: uploads.map(Self.cells), words: [0, 1, 7])
    return table.text + "\n" + plainLine
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
}
