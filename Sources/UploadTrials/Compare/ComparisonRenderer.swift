import DashboardApp
import TerminalUI
import UploadCore
import UploadReport

/// A way of showing a comparison.
protocol ComparisonRenderer {
  /// Reports that a preparation begins that may take seconds.
  /// - Parameter text: what is prepared, a sentence.
  mutating func note(_ text: String)
  /// Shows a run that begins or continues; called many times a second.
  mutating func show(_ comparison: Comparison)
  /// Shows a run that has ended.
  /// - Parameters:
  ///   - comparison: with the run's result.
  ///   - number: of the client's run, from 1.
  mutating func end(_ comparison: Comparison, _ client: CompareClient, _ trial: TrialResult, number: Int)
  /// Shows the result, when all runs have ended.
  mutating func finish(_ comparison: Comparison)
  /// Removes unfinished output from the terminal, before something else is printed.
  mutating func clear()
}

extension ComparisonRenderer {
  mutating func note(_ text: String) {}
  mutating func show(_ comparison: Comparison) {}
  mutating func clear() {}
}

/// A JSON object for each run, and one for the whole comparison.
struct JSONComparisonRenderer: ComparisonRenderer {
  /// Points of memory over time in the JSON of each client.
  private static let pointLimit = 100

  func end(_ comparison: Comparison, _ client: CompareClient, _ trial: TrialResult, number: Int) {
    Output.line(Self.json(of: trial, client, number: number).serialized)
  }

  func finish(_ comparison: Comparison) {
    Output.line(Self.json(of: comparison).serialized)
  }

  /// The output line for one run that has ended.
  /// - Parameter number: of the client's run, from 1.
  static func json(of trial: TrialResult, _ client: CompareClient, number: Int) -> JSONValue {
    .object([
      ("event", .string("run")), ("client", .string(client.program.rawValue)), ("mode", .string(client.mode.rawValue)),
      ("run", .integer(number)), ("seconds", .double(trial.seconds)), ("bytes", .unsigned(trial.bytes)),
      ("interruptions", trial.interruptions.map { .integer($0) } ?? .null), ("sentBytes", .optional(trial.sentBytes)),
      ("clientRssPeak", .unsigned(trial.clientPeak)), ("serverRssPeak", .unsigned(trial.serverPeak)),
      ("serverPeakResidentBytes", .unsigned(trial.uploadPeak)),
      ("verdict", .string(trial.status.rawValue)), ("reason", .optional(trial.reason)),
    ])
  }

  /// The last output line: medians, and memory over time as pairs of seconds and bytes.
  static func json(of comparison: Comparison) -> JSONValue {
    .object([
      ("event", .string("comparison")), ("ok", .bool(comparison.isGood)), ("name", .string(comparison.name)),
      ("size", .unsigned(comparison.size)), ("runs", .integer(comparison.runs)),
      ("maxMemory", .optional(comparison.maxMemory?.bytes)), ("results", .array(comparison.results.map(resultJSON))),
    ])
  }

  private static func resultJSON(_ result: CompareResult) -> JSONValue {
    var memory = MemorySeries(limit: pointLimit)
    for point in result.memory.points { memory.add(point.bytes, at: point.seconds) }
    return .object([
      ("client", .string(result.client.program.rawValue)), ("mode", .string(result.client.mode.rawValue)),
      ("seconds", .optional(result.seconds)), ("speedAvg", .optional(result.rate)),
      ("sentBytes", .optional(result.sentBytes)),
      ("clientRssPeak", .optional(result.clientPeak)), ("serverRssPeak", .optional(result.serverPeak)),
      ("serverPeakResidentBytes", .optional(result.uploadPeak)),
      ("verdict", .string(result.status.rawValue)), ("reason", .optional(result.reason)),
      ("memory", .array(memory.points.map { .array([.double($0.seconds), .unsigned($0.bytes)]) })),
    ])
  }
}

/// An output line for each preparation and for each run that has ended, then the table.
struct LineComparisonRenderer: ComparisonRenderer {
  func note(_ text: String) {
    Output.line(text)
  }

  func end(_ comparison: Comparison, _ client: CompareClient, _ trial: TrialResult, number: Int) {
    Output.line(Self.line(client, trial, number: number, of: comparison.runs))
  }

  func finish(_ comparison: Comparison) {
    Output.line("\n" + ComparisonTable.text(comparison, width: Output.columns ?? 80))
  }

  /// The outcome of one run as an output line, without its line end.
  /// - Parameters:
  ///   - number: of the client's run, from 1.
  ///   - runs: how often each client sends the file.
  static func line(_ client: CompareClient, _ trial: TrialResult, number: Int, of runs: Int) -> String {
    let run = runs > 1 ? " (\(number) of \(runs))" : ""
    let figures =
      trial.status == .missing
      ? "" : ", \(CompareText.seconds(trial.seconds)) s, client's peak memory \(ByteSize.text(trial.clientPeak))"
    let sent = trial.sentBytes.map { ", \(ByteSize.text($0)) sent" } ?? ""
    return "\(client.name)\(run): \(trial.status.text)\(figures)\(sent)\(trial.reason.map { ": \($0)" } ?? "")"
  }
}

/// The results of a comparison as a table for people.
enum ComparisonTable {
  private struct Column: Sendable {
    let heading: String
    /// Whether the cells are text, which is aligned to the left.
    var isText = false
    /// Columns with the highest number are left out first where the width is too small; 0 for those that always stay.
    var dispensability = 0
    let cell: @Sendable (CompareResult) -> String
  }

  private static let columns: [Column] = [
    Column(heading: "mode", isText: true) { $0.client.mode.rawValue },
    Column(heading: "client", isText: true) { $0.client.program.rawValue },
    Column(heading: "seconds", dispensability: 1) { $0.seconds.map(CompareText.seconds) ?? "-" },
    Column(heading: "rate") { $0.rate.map(ByteSize.rateText) ?? "-" },
    Column(heading: "client peak") { $0.clientPeak.map(ByteSize.text) ?? "-" },
    Column(heading: "server peak", dispensability: 2) { $0.serverPeak.map(ByteSize.text) ?? "-" },
    Column(heading: "upload peak", dispensability: 3) { $0.uploadPeak.map(ByteSize.text) ?? "-" },
    Column(heading: "result", isText: true) { $0.status.text },
  ]

  /// A row of headings, a row for every client, how many bytes an interrupted one has sent, and the reasons of those that
  /// did not succeed; ends without a line end.
  /// - Parameter width: columns of the terminal. Where it is too small, figures are left out, the least important first.
  static func text(_ comparison: Comparison, width: Int) -> String {
    let reasons = comparison.results.flatMap { result in
      let sent = result.sentBytes.map { "\(ByteSize.text($0)) sent, for a file of \(ByteSize.text(comparison.size))" }
      return (result.reason ?? sent).map { "\(result.client.name): \($0)".wrapped(to: width) } ?? []
    }
    var columns = Self.columns
    while true {
      let table = TextTable(
        headings: columns.map(\.heading),
        rows: comparison.results.map { result in columns.map { $0.cell(result) } },
        textColumns: Set(columns.indices.filter { columns[$0].isText })
      ).text
      let widest = table.split(separator: "\n").map { TextWidth.columns(String($0)) }.max() ?? 0
      let first = columns.indices.max { columns[$0].dispensability < columns[$1].dispensability }
      guard widest > width, let first, columns[first].dispensability > 0 else {
        return ([table] + (reasons.isEmpty ? [] : [""] + reasons)).joined(separator: "\n")
      }
      columns.remove(at: first)
    }
  }
}

/// Figures of a comparison for people.
enum CompareText {
  /// The seconds with two decimals, since clients often differ by less than one; below 0 as 0, above 10⁹ as 10⁹.
  static func seconds(_ seconds: Double) -> String {
    let hundredths = Int((min(max(0, seconds), 1e9) * 100).rounded())
    return "\(hundredths / 100).\(TimeText.padded(hundredths % 100))"
  }
}
