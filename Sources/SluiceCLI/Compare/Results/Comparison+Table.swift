import UploadCore
import UploadReport

extension Comparison {
  /// For people: a line of headings, a line for every client, and the reasons of those that did not arrive; no line end
  /// after the last.
  var table: String {
    let table = TextTable(
      headings: ["mode", "client", "seconds", "rate", "client peak", "server peak", "upload held", "verdict"],
      rows: results.map(Self.cells),
      words: [0, 1, 7]
    )
    let reasons = results.compactMap { result in
      result.reason.map { "\(result.client.name): \($0)" }
    }
    return ([table.text] + (reasons.isEmpty ? [] : [""] + reasons)).joined(separator: "\n")
  }

  private static func cells(_ result: CompareResult) -> [String] {
    [
      result.client.mode.rawValue,
      result.client.program.rawValue,
      result.seconds.map(CompareText.seconds) ?? "-",
      result.rate.map(ByteSize.rateText) ?? "-",
      result.clientPeak.map(ByteSize.text) ?? "-",
      result.serverPeak.map(ByteSize.text) ?? "-",
      result.uploadPeak.map(ByteSize.text) ?? "-",
      result.verdict.words,
    ]
  }
}
