package import UploadCore

/// Something worth reporting: what `--json` writes as one object and `--plain` as one sentence (example/docs/json.md).
package enum UploadEvent: Sendable {
  /// The server can be reached.
  case listening(ServerListening)
  /// An upload is there; comes first, and once.
  case started(UploadSnapshot)
  /// How far it is.
  case progress(UploadSnapshot)
  /// Nothing moves; the snapshot's `cause` says why.
  case stalled(UploadSnapshot)
  /// It moves again, after so many seconds without a byte.
  case resumed(UploadSnapshot, seconds: Double)
  /// An attempt has failed, and another one follows after a pause: the snapshot's `attempt`, `retryIn` and `retryReason`.
  case retrying(UploadSnapshot)
  /// Over, and the file is stored.
  case finished(UploadSnapshot, FinishedUpload)
  /// Over, and nothing was stored.
  case failed(UploadSnapshot, UploadError)
  /// Cancelled.
  case cancelled(UploadSnapshot)
  /// A request that was rejected before an upload began, and how many identical ones.
  case rejected(RejectedRequest)
  /// The memory of the process and of all slabs.
  case process(ProcessMemory, SlabUse)
  /// The last line of `send` and `headless`.
  case summary(UploadSummary)
}

/// What a server reports once it can be reached: the `listening` event.
package struct ServerListening: Sendable, Equatable {
  /// Where uploads go, with the port that was bound.
  package var url: String
  /// The port for raw TCP; nil when it is off.
  package var rawPort: Int?
  /// The directory that files are stored in.
  package var directory: String
  /// The process's number.
  package var processID: Int32
  /// Access token that clients must present; nil when none is required.
  package var token: String?
  /// SHA-256 of the certificate; nil without TLS.
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
