/// One upload at one instant: made by the ``Sampler``, or for an upload that has not left the queue by
/// ``queued(id:mode:name:size:remote:isCancelled:)``.
package struct UploadSnapshot: Sendable {
  /// What does not change while it runs; ``name``, ``direction`` and others are in it.
  var facts: UploadFacts
  package var mode: UploadMode
  /// Size in bytes, or its upper limit where ``sizeExact`` is false; nil when unknown.
  package var size: UInt64?
  /// Media type detected from the first bytes; nil before they have arrived, and when they show none that is known.
  package var detectedType: String?
  /// The tree or form that the file belongs to; nil for a file by itself.
  package var group: UploadGroup?

  package var state: UploadState
  /// What a stalled upload waits for; nil unless ``state`` is `stalled`.
  package var cause: StallCause?
  /// Why the last attempt failed, as a message; nil unless an outgoing upload waits for its next attempt.
  package var retryReason: String?
  /// What the user should know about a running upload; see ``UploadMeter/notice``. Nil for nothing.
  package var notice: String?
  /// The number of the current or next attempt: 1 for the first, and always for an incoming upload.
  package var attempt = 1
  /// Seconds until the next attempt begins, at least 0; nil unless an outgoing upload waits for it.
  package var retryIn: Double?
  /// How long no request has continued an incoming resumable upload, in seconds; nil while one does.
  package var interruptedSeconds: Double?
  /// Seconds until an interrupted upload is deleted, at least 0; nil unless it is interrupted.
  package var expiresIn: Double?
  /// Whether it is interrupted, and the user has paused it: its client would continue it paused.
  package var isPausedWhileInterrupted = false
  /// Whether the upload can be paused now, or continued.
  package var canPause = false
  /// The limit that the user has set on its rate, in bytes per second; nil for none. That of a tree is not included.
  package var limit: UInt64?
  /// Seconds since the last byte, while the upload counts as stalled; otherwise 0.
  package var stalledSeconds = 0.0

  /// Bytes of the file received, or sent by the current attempt.
  package var bytes: UInt64 = 0
  /// Bytes written to the file (see ``UploadMeter/stored``); nil for an outgoing upload that has not ended.
  package var stored: UInt64?
  /// Bytes of the file that have been synced to the disk (see ``UploadMeter/durable``); nil for an outgoing upload that
  /// has not ended.
  package var durable: UInt64?
  /// The parts in which a store on another machine gets the file; see ``UploadMeter/parts``.
  package var parts: UploadParts?
  /// Bytes per second, smoothed over about three seconds; 0 while the state is `waiting`, `stalled`, `interrupted` or
  /// `paused`, and after the end.
  package var speed = 0.0
  /// The mean of the whole upload: ``bytes``, without those that an earlier process has moved, divided by
  /// ``seconds``, in bytes per second; 0 where ``seconds`` is 0.
  package var averageSpeed = 0.0
  /// Estimated seconds until the last byte at the current speed, at least 1. Nil in the first second, when the size is
  /// unknown or reached, below 1 byte per second, while the state is `waiting` or `stalled`, and after the end.
  package var eta: Double?
  /// Seconds from the beginning of the upload until its end, or until the snapshot while it runs.
  package var seconds = 0.0
  /// Memory that the upload uses now, in bytes; see ``UploadMeter/residentBytes``. 0 after its end.
  package var residentBytes = 0
  /// The most memory that it has used at once, in bytes; see ``UploadMeter/peakResidentBytes``.
  package var peakResidentBytes = 0
  /// How the upload ended; nil while it runs or is queued.
  package var outcome: UploadOutcome?
  /// Whether it is an outgoing upload that waits in the queue until others end, or that was cancelled there.
  package var isQueued = false
  /// What the time was spent on: the sum is ``seconds``. Nil for small files, of which it is not counted, and for queued
  /// uploads.
  package var time: TimeShares?
  /// What the kernel says of the connection; nil before the first second, and without TCP.
  package var link: LinkFacts?

  /// What has slowed the upload down most; nil in the first second, and where ``time`` is nil.
  package var bottleneck: Bottleneck? { time.flatMap(Bottleneck.init) }

  /// Whether it is interrupted or paused: nothing but time changes until a request or the user continues it, and with an
  /// incoming one the few bytes that keep its client connected.
  package var isResting: Bool { outcome == nil && (state == .interrupted || state == .paused) }

  /// Whether it failed because its file could not be read, and its last attempt had sent no byte.
  package var hasFailedBeforeItBegan: Bool {
    guard case .failed(let error) = outcome else { return false }
    return error.code == .unreadableFile && bytes == 0
  }

  /// The share of ``size`` that has been received or sent, 0 to 1; 1 for an empty file, nil when the size is unknown.
  /// Where ``sizeExact`` is false, the real share may be larger.
  package var fraction: Double? {
    guard let size else { return nil }
    return size == 0 ? 1 : min(1, Double(bytes) / Double(size))
  }
}

extension UploadSnapshot {
  /// A snapshot of a queued outgoing upload, which has no meter yet. Its ``request`` is `id`.
  /// - Parameters:
  ///   - size: in bytes; nil when unknown.
  ///   - remote: host and port of the server.
  ///   - isCancelled: whether it was cancelled in the queue.
  ///   - isPaused: whether it was begun by an earlier process, and begins again only when the user continues it.
  package static func queued(
    id: UploadID,
    mode: UploadMode,
    name: String,
    size: UInt64?,
    remote: String,
    isCancelled: Bool = false,
    isPaused: Bool = false
  ) -> UploadSnapshot {
    UploadSnapshot(
      facts: UploadFacts(.init(id: id, request: id, direction: .outgoing, name: name, remote: remote)),
      mode: mode,
      size: size,
      state: isCancelled ? .cancelled : isPaused ? .paused : .waiting,
      canPause: isPaused && !isCancelled,
      outcome: isCancelled ? .cancelled : nil,
      isQueued: true
    )
  }
}

/// All uploads and counts at one instant. Every renderer is a function of it.
package struct Snapshot: Sendable {
  /// When it was made. The times until the next attempt, since the last byte and since a running upload began are
  /// measured from this instant.
  package var at: ContinuousClock.Instant
  /// The running uploads, oldest first; then the queued ones, where the process has a queue; then those that ended
  /// since the previous snapshot, each once.
  package var uploads: [UploadSnapshot]
  package var memory: ProcessMemory
  /// The use of the memory budget.
  package var slabs: SlabUse
  /// Rejected requests to report now, with the count of identical ones; each is in one snapshot only.
  package var rejected: [RejectedRequest] = []
  /// Whether there are more rejected requests, which later snapshots report: take further samples even when nothing
  /// runs.
  package var hasUnreportedRejections = false
  /// How many requests were rejected since the ledger was made, reported or not yet.
  package var rejectedCount: UInt64 = 0
  /// The trees and forms of the uploads, oldest first: at most 64. Ended ones remain until others take their places.
  package var groups: [GroupSnapshot] = []
  /// How many queued uploads there are beside those in ``uploads``, which contains only the first of a long queue.
  package var unlisted = 0
  /// The counts of downloads, and their speed.
  package var downloads = DownloadTotals()
  /// What was stored and sent since the ledger was made; without an entry for a direction without uploads.
  package var finished: [UploadDirection: FinishedFiles] = [:]
  /// Downloads that ended since the previous snapshot and are worth a report, at most 64: see ``DownloadLedger``.
  package var endedDownloads: [DownloadSnapshot] = []

  /// Whether it has no downloads, and no uploads but interrupted and paused ones, so that only times change until the
  /// ledger notes activity.
  package var isResting: Bool {
    downloads.active == 0 && endedDownloads.isEmpty && uploads.allSatisfy(\.isResting)
      && groups.allSatisfy(\.isResting)
  }
}

/// The files of one direction that are complete, since the ledger was made.
package struct FinishedFiles: Sendable, Equatable {
  package var files: UInt64
  /// Their sizes together.
  package var bytes: UInt64

  package init(files: UInt64 = 0, bytes: UInt64 = 0) { (self.files, self.bytes) = (files, bytes) }
}

/// The memory budget at one instant, in bytes.
package struct SlabUse: Sendable, Equatable {
  /// Bytes of slabs and other reservations in use now.
  package var used: Int
  /// The limit on ``used``.
  package var budget: Int

  package init(used: Int, budget: Int) {
    self.used = used
    self.budget = budget
  }
}
