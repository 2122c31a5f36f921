import UploadCore
import UploadReport

extension Comparison {
  /// Points of memory over time that are told for each client.
  private static let toldPoints = 100

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
    var memory = MemorySeries(most: toldPoints)
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
