/// One upload at one instant.
package struct UploadSnapshot: Sendable {
  package var id: UploadID
  package var request: UploadID
  package var direction: UploadDirection
  package var mode: UploadMode
  package var name: String
  /// Bytes in all, or the most it can be where ``sizeExact`` is false; nil when unknown.
  package var size: UInt64?
  package var sizeExact: Bool
  package var remote: String
  package var declaredType: String?
  /// Media type as the first bytes show it, once they have come.
  package var detectedType: String?

  package var state: UploadState
  /// Set exactly when ``state`` is `stalled`.
  package var cause: StallCause?
  /// Why the attempt before failed, while an outgoing upload waits to be tried again.
  package var retryReason: String?
  /// The number of the attempt that runs, or that comes next; 1 for the first, and always for an incoming upload.
  package var attempt = 1
  /// Seconds until the next attempt begins, while an outgoing upload waits to be tried again.
  package var retryIn: Double?
  /// Seconds since the last byte, from the moment it counts as stalled; else 0.
  package var stalledSeconds = 0.0

  /// Received, or sent; bytes.
  package var bytes: UInt64 = 0
  /// Handed to the file; nil for an outgoing upload that the server has not responded to.
  package var stored: UInt64?
  /// Covered by fsync; nil for an outgoing upload that the server has not responded to.
  package var durable: UInt64?
  /// Bytes per second, smoothed over about three seconds; 0 while the upload is stalled or waits.
  package var speed = 0.0
  /// Bytes per second since the start.
  package var averageSpeed = 0.0
  /// Seconds until the last byte at the present speed; nil where that cannot be said.
  package var eta: Double?
  /// Since the start, until the end or now; seconds.
  package var seconds = 0.0
  package var residentBytes = 0
  package var peakResidentBytes = 0
  /// How it ended; nil while it runs.
  package var outcome: UploadOutcome?
  /// Whether it is queued until other outgoing ones end, or was cancelled while it was.
  package var isInLine = false

  /// Whether it never began because its file could not be opened.
  package var hasFailedBeforeItBegan: Bool {
    guard case .failed(let error) = outcome else { return false }
    return error.code == .unreadableFile && bytes == 0
  }

  /// Share of the bytes that have moved, 0 to 1; nil when the size is unknown.
  package var fraction: Double? {
    guard let size else { return nil }
    return size == 0 ? 1 : min(1, Double(bytes) / Double(size))
  }
}

extension UploadSnapshot {
  /// An outgoing upload that waits for others to end before it begins; it has no meter yet.
  /// - Parameters:
  ///   - size: in bytes; nil when unknown.
  ///   - isCancelled: whether it was cancelled in the queue.
  package static func inLine(
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
      isInLine: true
    )
  }
}

/// Everything there is to show, copied from all meters at one instant. Every renderer is a function of it.
package struct Snapshot: Sendable {
  package var at: ContinuousClock.Instant
  /// Running uploads, oldest first, then those that have ended since the snapshot before, each just this once.
  package var uploads: [UploadSnapshot]
  package var memory: ProcessMemory
  /// Slabs in use, and the ceiling on all of them together, in bytes.
  package var slabs: SlabUse
  /// Requests that were rejected and are to be reported, each just this once.
  package var rejected: [RejectedRequest] = []
  /// Whether more were rejected that are to be reported later, with their count.
  package var hasUnreportedRejections = false
  /// Requests that were rejected since the start.
  package var rejectedCount: UInt64 = 0
  /// Queued uploads behind those of ``uploads``, which are not among them.
  package var unlisted = 0

  package init(at: ContinuousClock.Instant, uploads: [UploadSnapshot], memory: ProcessMemory, slabs: SlabUse) {
    self.at = at
    self.uploads = uploads
    self.memory = memory
    self.slabs = slabs
  }
}

/// The memory budget at one instant, in bytes.
package struct SlabUse: Sendable, Equatable {
  /// Held by uploads now.
  package var used: Int
  /// The ceiling on all slabs together.
  package var budget: Int

  package init(used: Int, budget: Int) {
    self.used = used
    self.budget = budget
  }
}
