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
