/// What came of a client's attempt.
enum CompareVerdict: String, Sendable, CaseIterable {
  /// The file arrived, and its SHA-256 is the same.
  case intact
  /// Something arrived that is not the file.
  case mismatch
  /// The server answered with an error.
  case refused
  /// The client did not have the memory, or not leave to take it.
  case outOfMemory
  case failed
  /// The program is not installed.
  case missing

  /// For people.
  var words: String {
    self == .outOfMemory ? "out of memory" : rawValue
  }
}
