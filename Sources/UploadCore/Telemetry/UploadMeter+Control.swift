import Synchronization

/// Cancelling, and pausing by the user: another thread asks, the data path performs it.
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

  /// Notes that the upload cannot be paused any more, after ``onPause(_:)``: it is sent in one request.
  package func endPausing() {
    life.withLock { ($0.pauseAction, $0.isPaused) = (nil, false) }
  }

  /// Asks the data path to pause the upload, or to continue it.
  /// - Returns: false for an upload that cannot be paused or has ended.
  @discardableResult
  package func setPaused(_ isPaused: Bool) -> Bool {
    let (action, onContinue) = life.withLock { life in
      guard life.ended == nil, let action = life.pauseAction else {
        return (nil as (@Sendable (Bool) -> Void)?, nil as (@Sendable () -> Void)?)
      }
      life.isPaused = isPaused
      return (action, isPaused ? nil : life.onContinue)
    }
    action?(isPaused)
    onContinue?()
    return action != nil
  }

  /// Asks the data path to pause the upload, or to continue it, as ``setPaused(_:)`` does; of one that cannot be paused
  /// yet, as soon as it can. For the ledger, which pauses groups.
  func requestPause(_ isPaused: Bool) {
    guard !setPaused(isPaused) else { return }
    life.withLock { life in if life.ended == nil { life.isPaused = isPaused } }
  }
}
