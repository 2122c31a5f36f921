package import UploadCore

/// Something worth a line: what `--json` writes as one object and `--plain` as one sentence (README.md, JSON lines).
package enum UploadEvent: Sendable {
  /// The server can be reached.
  case listening(ServerListening)
  /// An upload is there; comes first, and once.
  case started(UploadSnapshot)
  /// How far it is.
  case progress(UploadSnapshot)
  /// Nothing moves, and the snapshot's `cause` says who is waited for.
  case stalled(UploadSnapshot)
  /// It moves again, after so many seconds without a byte.
  case resumed(UploadSnapshot, seconds: Double)
  /// An attempt has failed, and another one follows after a pause: the snapshot's `attempt`, `retryIn` and `retryReason`.
  case retrying(UploadSnapshot)
  /// Over, and the file is where it belongs.
  case finished(UploadSnapshot, FinishedUpload)
  /// Over, and nothing was stored.
  case failed(UploadSnapshot, UploadError)
  /// Ended by somebody's wish.
  case cancelled(UploadSnapshot)
  /// A request that was rejected before an upload began, and how many identical ones.
  case rejected(RejectedRequest)
  /// The memory of the process and of all slabs.
  case process(ProcessMemory, SlabUse)
  /// The last line of `send` and `headless`.
  case summary(UploadSummary)
}

/// What a server tells once it can be reached: the `listening` event.
package struct ServerListening: Sendable, Equatable {
  /// Where uploads go, with the port that was really taken.
  package var url: String
  /// The port for raw TCP; nil when it is off.
  package var rawPort: Int?
  /// The directory that files are stored in.
  package var directory: String
  /// The process's number.
  package var processID: Int32
  /// What a client must show; nil when anybody may upload.
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
