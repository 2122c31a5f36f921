import Synchronization

/// The state of an ``UploadMeter`` that is read and changed only at the beginning, the end and a cancellation.
struct UploadLife {
  var size: UInt64?
  /// The tree or form that the file belongs to; nil for a file by itself.
  var group: UploadGroup?
  /// Nil while the upload runs.
  var ended: (outcome: UploadOutcome, at: ContinuousClock.Instant)?
  var isCancelled = false
  /// The number of the current or next attempt; 1 for the first.
  var attempt = 1
  /// Why the last attempt failed and when the next one begins; nil unless the upload waits for that.
  var pause: RetryWait?
  /// Since when no request continues the upload, and when it expires; nil while one does.
  var interruption: UploadMeter.Interruption?
  /// Makes the data path end the upload.
  var interrupt: (@Sendable () -> Void)?
  /// Whether the user has paused the upload.
  var isPaused = false
  /// Makes the data path pause the upload, or continue it; nil for an upload that cannot be paused.
  var pauseAction: (@Sendable (Bool) -> Void)?
  /// Makes the data path follow a change of the limit.
  var limitAction: (@Sendable () -> Void)?
  /// Whether the user has cancelled it, and not only the program has stopped.
  var isDiscarded = false
  /// Called when an interrupted or paused upload continues or ends.
  var onContinue: (@Sendable () -> Void)?
}

/// The wait of an outgoing upload for its next attempt.
package struct RetryWait: Sendable {
  /// Why the last attempt failed, as a message.
  package let reason: String
  /// When the next one begins.
  package let until: ContinuousClock.Instant
}

/// What a snapshot shows of an ``UploadLife``.
struct UploadLifeReading {
  let size: UInt64?
  let group: UploadGroup?
  let attempt: Int
  let wait: RetryWait?
  let interruption: UploadMeter.Interruption?
  let canPause: Bool
  let isPaused: Bool
}

extension UploadMeter {
  /// Read under one lock.
  var lifeReading: UploadLifeReading {
    life.withLock { life in
      UploadLifeReading(
        size: life.size,
        group: life.group,
        attempt: life.attempt,
        wait: life.pause,
        interruption: life.interruption,
        canPause: life.pauseAction != nil,
        isPaused: life.isPaused
      )
    }
  }

  /// The time between two requests of an incoming resumable upload.
  package struct Interruption: Sendable, Equatable {
    package var since: ContinuousClock.Instant
    /// When the upload is deleted unless a request continues it before.
    package var expires: ContinuousClock.Instant
  }

  /// Notes that no request continues the incoming upload now: the phase becomes `interrupted`.
  /// - Parameter expires: when it is deleted unless a request continues it before.
  package func interrupt(since: ContinuousClock.Instant = .now, expires: ContinuousClock.Instant) {
    life.withLock { $0.interruption = Interruption(since: since, expires: expires) }
    setNetworkBytes(0)
    phase = .interrupted
  }

  /// Notes that a request continues the incoming upload, after ``interrupt(since:expires:)``.
  package func endInterruption() {
    phase = .waiting
    let (since, onContinue) = life.withLock { life in
      defer { life.interruption = nil }
      return (life.interruption?.since, life.onContinue)
    }
    if let since { spent?.noteGap(since, at: .now) }
    onContinue?()
  }

  /// Since when no request continues the upload, and when it expires; nil while one does, and for all uploads that are
  /// not resumable.
  package var interruption: Interruption? { life.withLock { $0.interruption } }
}
