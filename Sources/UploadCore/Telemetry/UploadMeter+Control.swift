import Synchronization

/// Cancelling, pausing and limiting by the user: another thread asks, the data path performs it.
extension UploadMeter {
  /// Sets the closure with which ``cancel()`` makes the data path end the upload, in place of an earlier one. It is
  /// called at most once, on the thread that cancels, so it should only schedule that end on the data path's own
  /// thread. Called at once when the upload has already been cancelled. Not called for a cancellation after the end,
  /// but one at the same time as the end may call it just after that.
  package func onCancel(_ interrupt: @escaping @Sendable () -> Void) {
    let isLate = life.withLock { life in
      guard life.ended == nil else { return false }
      if !life.isCancelled { life.interrupt = interrupt }
      return life.isCancelled
    }
    if isLate { interrupt() }
  }

  /// Asks the data path to end the upload with ``UploadOutcome/cancelled``, and returns before it does. The upload may
  /// still finish or fail instead. What a resumable upload has stored is discarded.
  /// - Returns: false when the upload had ended before.
  @discardableResult
  package func cancel() -> Bool { cancel(discarding: true) }

  /// Asks the data path to end the upload because the program stops: as ``cancel()``, but what a resumable upload has
  /// stored is kept, so that it can be continued later.
  /// - Returns: false when the upload had ended before.
  @discardableResult
  package func stop() -> Bool { cancel(discarding: false) }

  /// Whether ``cancel()`` was called: only then the data path discards what a resumable upload has stored. False after
  /// ``stop()`` alone.
  package var isDiscarded: Bool { life.withLock { $0.isDiscarded } }

  /// Whether ``stop()`` was called and ``cancel()`` was not: the upload ends because the program stops.
  package var isStopped: Bool { life.withLock { $0.isCancelled && !$0.isDiscarded } }

  private func cancel(discarding: Bool) -> Bool {
    let (isRunning, interrupt) = life.withLock { life in
      guard life.ended == nil else { return (false, nil as (@Sendable () -> Void)?) }
      life.isCancelled = true
      if discarding { life.isDiscarded = true }
      defer { life.interrupt = nil }
      return (true, life.interrupt)
    }
    interrupt?()
    return isRunning
  }

  /// Whether ``setPaused(_:)`` has an effect: ``onPause(_:)`` has been called, and the upload has not ended.
  package var canPause: Bool { life.withLock { $0.pauseAction != nil } }

  /// Whether the user has paused the upload, or is about to.
  package var isPaused: Bool { life.withLock { $0.isPaused } }

  /// Sets the action that pauses the upload (true) or continues it (false), so that it can be paused. It is called on
  /// the thread that pauses, and should only schedule the change. Called at once when the upload has been paused before.
  package func onPause(_ action: @escaping @Sendable (Bool) -> Void) {
    let isLate = life.withLock { life in
      guard life.ended == nil else { return false }
      life.pauseAction = action
      return life.isPaused
    }
    if isLate { action(true) }
  }

  /// Notes that the upload cannot be paused any more, after ``onPause(_:)``: it is sent in one request, or its last byte
  /// has arrived.
  package func endPausing() {
    life.withLock { ($0.pauseAction, $0.isPaused) = (nil, false) }
  }

  /// Asks the data path to pause the upload, or to continue it. One that is paused before it can be is continued, too.
  /// - Returns: false for an upload that cannot be paused or has ended.
  @discardableResult
  package func setPaused(_ isPaused: Bool) -> Bool {
    typealias Change = (action: (@Sendable (Bool) -> Void)?, onContinue: (@Sendable () -> Void)?)
    let change = life.withLock { life -> Change? in
      guard life.ended == nil, life.pauseAction != nil || life.isPaused && !isPaused else { return nil }
      life.isPaused = isPaused
      return (life.pauseAction, isPaused ? nil : life.onContinue)
    }
    guard let change else { return false }
    change.action?(isPaused)
    change.onContinue?()
    return true
  }

  /// Asks the data path to pause the upload, or to continue it, as ``setPaused(_:)`` does; of one that cannot be paused
  /// yet, as soon as it can. For the ledger, which pauses groups.
  func requestPause(_ isPaused: Bool) {
    guard !setPaused(isPaused) else { return }
    life.withLock { life in if life.ended == nil { life.isPaused = isPaused } }
  }
}

/// The user's limit on the rate, which may change while bytes move. The data path reads it without a lock.
extension UploadMeter {
  /// The upload's own limit, in bytes per second; nil for none. That of its group is not included.
  package var limit: UInt64? { ownLimiter.load()?.bytesPerSecond }

  /// Sets the limit, or removes it; the data path follows at once, also when it waits because of the former one.
  /// - Parameter bytesPerSecond: 0 counts as 1, nil is no limit.
  package func setLimit(_ bytesPerSecond: UInt64?) {
    guard bytesPerSecond != nil || ownLimiter.load() != nil else { return }
    ownLimiter.storeIfNil(RateLimiter(bytesPerSecond: nil)).change(to: bytesPerSecond)
    noteLimitChange()
  }

  /// Adds the limit that all files of the group share. For the ledger. The first one counts: a file that moves to
  /// another group keeps it.
  func setGroupLimiter(_ limiter: RateLimiter) { _ = groupLimiter.storeIfNil(limiter) }

  /// Has the data path follow a changed limit of the upload or of its group.
  func noteLimitChange() {
    let action = life.withLock { $0.limitAction }
    action?()
  }

  /// Sets the action that makes the data path follow a change of the limit: it may wait too long, or move too much at
  /// once. Called on the thread that changes it; also at once where there is a limit.
  package func onLimitChange(_ action: @escaping @Sendable () -> Void) {
    let hasEnded = life.withLock { life in
      if life.ended == nil { life.limitAction = action }
      return life.ended != nil
    }
    if !hasEnded, limitedChunk != nil { action() }
  }

  /// Notes that the data path has moved `count` bytes.
  /// - Parameter now: as for ``RateLimiter/take(_:at:)``.
  /// - Returns: nanoseconds that it must wait before it moves more; 0 for none.
  package func takeOfLimit(_ count: Int, at now: UInt64) -> UInt64 {
    max(ownLimiter.load()?.take(count, at: now) ?? 0, groupLimiter.load()?.take(count, at: now) ?? 0)
  }

  /// Nanoseconds that the data path must wait now because of the limits.
  package func limitWait(at now: UInt64) -> UInt64 {
    max(ownLimiter.load()?.wait(at: now) ?? 0, groupLimiter.load()?.wait(at: now) ?? 0)
  }

  /// The most bytes to move at once under the limits (``RateLimiter/chunkSize``); nil without any.
  package var limitedChunk: Int? {
    func size(_ limiter: RateLimiter?) -> Int? { limiter.flatMap { $0.bytesPerSecond == nil ? nil : $0.chunkSize } }
    let (own, group) = (size(ownLimiter.load()), size(groupLimiter.load()))
    return own.map { min($0, group ?? $0) } ?? group
  }
}
