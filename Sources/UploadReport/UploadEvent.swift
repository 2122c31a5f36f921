package import UploadCore

/// A reported event: one JSON object with `--json`, one sentence with `--plain` (example/docs/json.md).
package enum UploadEvent: Sendable {
  /// The server accepts connections.
  case listening(ServerListening)
  /// An upload started; always its first event.
  case started(UploadSnapshot)
  /// The current progress of an upload.
  case progress(UploadSnapshot)
  /// An upload has moved no bytes for a while; the snapshot's `cause` states why.
  case stalled(UploadSnapshot)
  /// A stalled upload moves bytes again, after this many seconds.
  case resumed(UploadSnapshot, seconds: Double)
  /// An attempt failed and another follows after a pause: the snapshot's `attempt`, `retryIn` and `retryReason`.
  case retrying(UploadSnapshot)
  /// An upload ended and its file is stored.
  case finished(UploadSnapshot, FinishedUpload)
  /// An upload ended and nothing was stored.
  case failed(UploadSnapshot, UploadError)
  /// An upload was cancelled.
  case cancelled(UploadSnapshot)
  /// A request was rejected before an upload started; identical requests are counted.
  case rejected(RejectedRequest)
  /// The memory of the process and of all slabs.
  case process(ProcessMemory, SlabUse)
  /// The last output of `send` and `headless`.
  case summary(UploadSummary)
}

/// The addresses and settings of a server that accepts connections, for the `listening` event.
package struct ServerListening: Sendable {
  /// The URL for uploads, with the actual port.
  package var url: String
  /// The port for raw TCP; nil where raw TCP is off.
  package var rawPort: Int?
  /// The directory in which files are stored.
  package var directory: String
  /// The process ID.
  package var processID: Int32
  /// Access token that clients must present; nil where none is required.
  package var token: String?
  /// SHA-256 of the certificate in hexadecimal; nil without TLS.
  package var fingerprint: String?

  package init(
    url: String,
    rawPort: Int? = nil,
    directory: String,
    processID: Int32,
    token: String? = nil,
    fingerprint: String? = nil
  ) {
    self.url = url
    self.rawPort = rawPort
    self.directory = directory
    self.processID = processID
    self.token = token
    self.fingerprint = fingerprint
  }
}
