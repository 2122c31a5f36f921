import TerminalUI
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
    let reasons = results.flatMap { result in
      result.reason.map { "\(result.client.name): \($0)".wrapped(to: width) } ?? []
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
      textColumns: Set(columns.indices.filter { columns[$0].isWords })
    ).text
  }
}

extension Comparison {
  /// Points of memory over time in the JSON of each client.
  private static let jsonPoints = 100

  /// One run that is over, as a line: `number` counts the client's runs from 1.
  func json(of trial: TrialResult, _ client: CompareClient, number: Int) -> JSONValue {
    .object([
      ("event", .string("run")), ("client", .string(client.program.rawValue)), ("mode", .string(client.mode.rawValue)),
      ("run", .integer(number)), ("seconds", .double(trial.seconds)), ("bytes", .unsigned(trial.bytes)),
      ("clientRssPeak", .unsigned(trial.clientPeak)), ("serverRssPeak", .unsigned(trial.serverPeak)),
      ("serverPeakResidentBytes", .unsigned(trial.uploadPeak)),
      ("verdict", .string(trial.verdict.rawValue)), ("reason", .optional(trial.reason)),
    ])
  }

  /// The last line: medians, and memory over time as pairs of seconds and bytes.
  var json: JSONValue {
    .object([
      ("event", .string("comparison")), ("ok", .bool(isGood)), ("name", .string(name)), ("size", .unsigned(size)),
      ("runs", .integer(runs)), ("maxMemory", .optional(maxMemory?.bytes)), ("results", .array(results.map(Self.json))),
    ])
  }

  private static func json(_ result: CompareResult) -> JSONValue {
    var memory = MemorySeries(most: jsonPoints)
    for point in result.memory.points { memory.add(point.bytes, at: point.seconds) }
    return .object([
      ("client", .string(result.client.program.rawValue)), ("mode", .string(result.client.mode.rawValue)),
      ("seconds", .optional(result.seconds)), ("speedAvg", .optional(result.rate)),
      ("clientRssPeak", .optional(result.clientPeak)), ("serverRssPeak", .optional(result.serverPeak)),
      ("serverPeakResidentBytes", .optional(result.uploadPeak)),
      ("verdict", .string(result.verdict.rawValue)), ("reason", .optional(result.reason)),
      ("memory", .array(memory.points.map { .array([.double($0.seconds), .unsigned($0.bytes)]) })),
    ])
  }
}

/// Figures of a comparison as people read them.
enum CompareText {
  /// Two decimals: the difference between clients is often less than a second.
  static func seconds(_ seconds: Double) -> String {
    let hundredths = Int((min(max(0, seconds), 1e9) * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
