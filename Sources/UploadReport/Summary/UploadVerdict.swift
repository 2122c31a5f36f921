/// What came of one upload, in one word: `verdict` in the summary.
package enum UploadVerdict: String, Sendable, CaseIterable {
  /// The file arrived, and its content was compared and is the same.
  case intact
  /// The server told the SHA-256 of what it stored, and it is that of what was sent.
  case verified
  /// The server says it has the file; the content was not compared.
  case accepted
  /// The file arrived with another content or size.
  case mismatch
  /// The server answered with an error.
  case refused
  /// It could not be sent.
  case failed
  /// Somebody ended it.
  case cancelled

  /// Whether nothing is known to be wrong.
  package var isGood: Bool {
    self == .intact || self == .verified || self == .accepted
  }
}
