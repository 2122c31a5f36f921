/// What one client did with the file, once.
struct TrialResult: Sendable, Equatable {
  var verdict: CompareVerdict
  /// Why, where it is not intact; for people.
  var reason: String?
  /// From the start of the client's process to its end.
  var seconds: Double = 0
  /// Bytes of the file that the server received.
  var bytes: UInt64 = 0
  /// The most resident memory of the client and of the server, in bytes.
  var clientPeak: UInt64 = 0
  var serverPeak: UInt64 = 0
  /// The most the server held for the upload, in bytes.
  var uploadPeak: UInt64 = 0
  /// The client's resident memory over time.
  var memory = MemorySeries()
}
