package import UploadCore

/// A reported event: one JSON object with `--json`, one sentence with `--plain` (example/docs/json.md).
package enum UploadEvent: Sendable {
  /// The server accepts connections.
  case listening(ServerListening)
  /// An upload started; its first event. Missing for one that was cancelled in the queue, and for one whose first
  /// snapshot is of its failure to read the file before any byte was sent.
  case started(UploadSnapshot)
  /// The current progress of a running upload; reported at the interval of the ``EventDeriver``.
  case progress(UploadSnapshot)
  /// An upload is stalled, or is stalled for another cause than before: the snapshot's `cause` and `stalledSeconds`.
  case stalled(UploadSnapshot)
  /// An incoming resumable upload has no connection any more, or none yet after a restart of the server: the snapshot's
  /// `stored`, `durable` and `expiresIn`.
  case interrupted(UploadSnapshot)
  /// An upload moves again. `seconds` is the time since the last byte before a stall, and the time without a request
  /// after an interruption.
  case resumed(UploadSnapshot, seconds: Double, after: UploadBreak = .stall)
  /// An attempt of an outgoing upload failed and another follows after a pause: the snapshot's `attempt` is the number
  /// of the next one, `retryIn` the seconds until it, `retryReason` why the last one failed.
  case retrying(UploadSnapshot)
  /// The snapshot's `notice` is new, for example that a file has changed since it was interrupted.
  case noticed(UploadSnapshot)
  /// An upload ended and its file is stored.
  case finished(UploadSnapshot, FinishedUpload)
  /// An upload ended with an error; see ``UploadOutcome/failed(_:)`` for what may be stored.
  case failed(UploadSnapshot, UploadError)
  /// An upload was cancelled, also one in the queue.
  case cancelled(UploadSnapshot)
  /// A tree, or the files of a form, as a whole: how much is reported of it, and of its files, says ``TreeReporting``.
  case tree(GroupSnapshot, TreeChange)
  /// A request was rejected before an upload started; its `count` includes identical requests since the last report.
  case rejected(RejectedRequest)
  /// A download ended that is worth a report: one of at least 1 MiB, or one that was aborted.
  case download(DownloadSnapshot)
  /// The memory of the process, and the use of its memory budget.
  case process(ProcessMemory, SlabUse)
  /// The last event of `send` and `headless`: all uploads with their results.
  case summary(UploadSummary)
}

/// What has kept an upload from moving until it resumed.
package enum UploadBreak: String, Sendable, CaseIterable {
  /// No byte moved, though a request was open.
  case stall
  /// There was no request of the resumable upload.
  case interruption
}

/// The addresses and settings of a server that accepts connections, for the `listening` event.
package struct ServerListening: Sendable {
  /// The URL for uploads, with the port on which the server listens (never 0).
  package var url: String
  /// The links that open the upload page in a browser, the best first; with the token where the server generated it.
  package var links: [String]
  /// The port for raw TCP on which the server listens; nil where raw TCP is off.
  package var rawPort: Int?
  /// The path of the directory in which files are stored, perhaps relative.
  package var directory: String
  /// The ID of the server's process.
  package var processID: Int32
  /// The access token that the server generated; nil where clients need none, and where the user chose it.
  package var token: String?
  /// The token of the owner that the server generated for a drop box; nil elsewhere, and where the user chose it.
  package var adminToken: String?
  /// The SHA-256 fingerprint of the certificate as openssl writes it, `AB:CD:..`; nil without TLS.
  package var fingerprint: String?
  /// How many unfinished resumable uploads the server found when it started; they can be continued.
  package var unfinished: Int

  package init(
    url: String,
    links: [String] = [],
    rawPort: Int? = nil,
    directory: String,
    processID: Int32,
    token: String? = nil,
    adminToken: String? = nil,
    fingerprint: String? = nil,
    unfinished: Int = 0
  ) {
    self.url = url
    self.links = links
    self.rawPort = rawPort
    self.directory = directory
    self.processID = processID
    self.token = token
    self.adminToken = adminToken
    self.fingerprint = fingerprint
    self.unfinished = unfinished
  }

  /// What the server found when it started, as a sentence without its full stop; nil when it found nothing.
  package var unfinishedText: String? {
    guard unfinished > 0 else { return nil }
    let uploads = unfinished == 1 ? "1 unfinished upload" : "\(unfinished) unfinished uploads"
    return "found \(uploads), which can be continued"
  }
}
