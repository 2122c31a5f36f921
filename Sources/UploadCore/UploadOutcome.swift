/// The outcome of a successful upload, as events, summaries and the dashboard report it.
///
/// Not the file of a store: it is the same for an outgoing upload, whose file only the server has, and includes what the
/// sender declared and what its bytes showed, which no store keeps. The server makes it of the stored file and the meter.
package struct FinishedUpload: Sendable, Equatable {
  /// Where the file is: its name inside the store, or for an outgoing upload the name the server gave it.
  package var path: String
  /// The file's size in bytes.
  package var bytes: UInt64
  /// The best guess at the content's media type: detected, else declared, else by name.
  package var type: String?
  /// The media type as the sender stated it.
  package var declaredType: String?
  /// The media type as the bytes show it.
  package var detectedType: String?
  /// SHA-256 of the content in lower-case hexadecimal, where it was computed.
  package var sha256: String?

  package init(
    path: String,
    bytes: UInt64,
    type: String? = nil,
    declaredType: String? = nil,
    detectedType: String? = nil,
    sha256: String? = nil
  ) {
    self.path = path
    self.bytes = bytes
    self.type = type
    self.declaredType = declaredType
    self.detectedType = detectedType
    self.sha256 = sha256
  }
}

/// How an upload ended.
package enum UploadOutcome: Sendable {
  /// Every byte arrived and the file is stored.
  case finished(FinishedUpload)
  /// Nothing was stored; the error says why.
  case failed(UploadError)
  /// It was cancelled; nothing was stored.
  case cancelled
}
