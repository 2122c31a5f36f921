import FoundationEssentials

/// What is read of a line of `--json`.
struct EventRecord: Decodable {
  struct Failure: Decodable {
    var code: String
    var message: String
  }

  var event: String
  var url: String?
  var bytes: UInt64?
  var speed: Double?
  var residentBytes: UInt64?
  var peakResidentBytes: UInt64?
  var error: Failure?

  /// Nil for what is no such line.
  init?(line: String) {
    guard let record = try? JSONDecoder().decode(EventRecord.self, from: Data(line.utf8)) else { return nil }
    self = record
  }
}
