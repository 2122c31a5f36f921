/// One upload at one instant.
package struct UploadSnapshot: Sendable {
  package var id: UploadID
  package var request: UploadID
  package var direction: UploadDirection
  package var mode: UploadMode
  package var name: String
  /// Size in bytes, or its upper limit where ``sizeExact`` is false; nil when unknown.
  package var size: UInt64?
  package var sizeExact: Bool
  package var remote: String
  package var declaredType: String?
  /// Media type detected from the first bytes, once they have arrived.
  package var detectedType: String?

  package var state: UploadState
  /// Set exactly when ``state`` is `stalled`.
  package var cause: StallCause?
  /// Why the last attempt failed, while an outgoing upload waits for the next one.
  package var retryReason: String?
  /// The number of the current or next attempt: 1 for the first, and always for an incoming upload.
  package var attempt = 1
  /// Seconds until the next attempt begins, while an outgoing upload waits for it.
  package var retryIn: Double?
  /// Seconds since the last byte, while the upload counts as stalled; otherwise 0.
  package var stalledSeconds = 0.0

  /// Bytes received, or sent.
  package var bytes: UInt64 = 0
  /// Bytes written to the file; nil for an outgoing upload that the server has not responded to.
  package var stored: UInt64?
  /// Bytes covered by fsync; nil for an outgoing upload that the server has not responded to.
  package var durable: UInt64?
  /// Bytes per second, smoothed over about three seconds; 0 while the upload is stalled or waits.
  package var speed = 0.0
  /// Bytes per second since the start.
  package var averageSpeed = 0.0
  /// Seconds until the last byte at the present speed; nil where that cannot be estimated.
  package var eta: Double?
  /// Seconds from the start until the end or now.
  package var seconds = 0.0
  /// Memory that the upload uses now, in bytes; see ``UploadMeter/residentBytes``.
  package var residentBytes = 0
  /// The most memory that it has used at once, in bytes.
  package var peakResidentBytes = 0
  /// How it ended; nil while it runs.
  package var outcome: UploadOutcome?
  /// Whether it is queued until other outgoing uploads end, or was cancelled in the queue.
  package var isQueued = false

  /// Whether it failed because its file could not be opened.
  package var hasFailedBeforeItBegan: Bool {
    guard case .failed(let error) = outcome else { return false }
    return error.code == .unreadableFile && bytes == 0
  }

  /// The share of the bytes that has been received or sent, 0 to 1; nil when the size is unknown.
  package var fraction: Double? {
    guard let size else { return nil }
    return size == 0 ? 1 : min(1, Double(bytes) / Double(size))
  }
}

extension UploadSnapshot {
  /// A queued outgoing upload, which begins when others have ended; it has no meter yet.
  /// - Parameters:
  ///   - size: in bytes; nil when unknown.
  ///   - isCancelled: whether it was cancelled in the queue.
  package static func queued(
    id: UploadID,
    mode: UploadMode,
    name: String,
    size: UInt64?,
    remote: String,
    isCancelled: Bool = false
  ) -> UploadSnapshot {
    UploadSnapshot(
      id: id,
      request: id,
      direction: .outgoing,
      mode: mode,
      name: name,
      size: size,
      sizeExact: true,
      remote: remote,
      state: isCancelled ? .cancelled : .waiting,
      outcome: isCancelled ? .cancelled : nil,
      isQueued: true
    )
  }
}

/// All uploads and counts at one instant. Every renderer is a function of it.
package struct Snapshot: Sendable {
  /// When it was made.
  package var at: ContinuousClock.Instant
  /// The running uploads, oldest first, then those that ended since the previous snapshot, each once.
  package var uploads: [UploadSnapshot]
  package var memory: ProcessMemory
  /// The memory budget.
  package var slabs: SlabUse
  /// Rejected requests that are to be reported, each once.
  package var rejected: [RejectedRequest] = []
  /// Whether there are more rejected requests, which later snapshots report with their count.
  package var hasUnreportedRejections = false
  /// How many requests were rejected since the start.
  package var rejectedCount: UInt64 = 0
  /// How many queued uploads ``uploads`` leaves out.
  package var unlisted = 0
}

/// The memory budget at one instant, in bytes.
package struct SlabUse: Sendable, Equatable {
  /// In use by uploads and other reservations now.
  package var used: Int
  /// The limit on all of them together.
  package var budget: Int

  package init(used: Int, budget: Int) {
    self.used = used
    self.budget = budget
  }
}
