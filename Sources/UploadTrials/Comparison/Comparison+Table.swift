import UploadCore
import UploadReport

extension Comparison {
  /// A column of the table.
  private struct Column: Sendable {
    let heading: String
    var isWords = false
    /// Whether it can be left out, and how early: the highest goes first. The JSON has all of them.
    var dispensability = 0
    let cell: @Sendable (CompareResult) -> String
  }

  private static let columns: [Column] = [
    Column(heading: "mode", isWords: true) { $0.client.mode.rawValue },
    Column(heading: "client", isWords: true) { $0.client.program.rawValue },
    Column(heading: "seconds", dispensability: 1) { $0.seconds.map(CompareText.seconds) ?? "-" },
    Column(heading: "rate") { $0.rate.map(ByteSize.rateText) ?? "-" },
    Column(heading: "client peak") { $0.clientPeak.map(ByteSize.text) ?? "-" },
    Column(heading: "server peak", dispensability: 2) { $0.serverPeak.map(ByteSize.text) ?? "-" },
    Column(heading: "upload held", dispensability: 3) { $0.uploadPeak.map(ByteSize.text) ?? "-" },
    Column(heading: "verdict", isWords: true) { $0.verdict.words },
  ]

  /// For people: a line of headings, a line for every client, and the reasons of those that did not arrive; no line end
  /// after the last.
  /// - Parameter width: columns to fit into. Where that is too little, figures are left out, the least important first.
  func table(width: Int) -> String {
    let reasons = results.compactMap { result in
      result.reason.map { "\(result.client.name): \($0)" }
    }
    return ([figures(width: width)] + (reasons.isEmpty ? [] : [""] + reasons)).joined(separator: "\n")
  }

  private func figures(width: Int) -> String {
    var columns = Self.columns
    while true {
      let text = text(columns)
      let widest = text.split(separator: "\n").map { TextWidth.columns(String($0)) }.max() ?? 0
      let first = columns.indices.max { columns[$0].dispensability < columns[$1].dispensability }
      guard widest > width, let first, columns[first].dispensability > 0 else { return text }
      columns.remove(at: first)
    }
  }

  private func text(_ columns: [Column]) -> String {
    TextTable(
      headings: columns.map(\.heading),
      rows: results.map { result in columns.map { $0.cell(result) } },
      words: Set(columns.indices.filter { columns[$0].isWords })
    ).text
  }
}
