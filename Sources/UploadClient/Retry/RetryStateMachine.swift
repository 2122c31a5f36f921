/// How often, how long and after which pauses an upload that failed for a temporary reason is retried.
package struct RetryPolicy: Sendable, Equatable {
  /// Attempts after the first; 0 for none, nil for no limit.
  package var limit: Int?

  /// How long there may be no progress before the upload fails (see ``RetryStateMachine``).
  package var patience = Duration.seconds(300)

  /// The upper bound of the first pause; each later bound is twice the previous one. Short enough for a server that
  /// restarts.
  package var firstPause = Duration.milliseconds(500)

  /// The upper bound of every pause, unless the server asks for a longer one.
  package var longestPause = Duration.seconds(30)

  package init(limit: Int? = 0) {
    self.limit = limit
  }

  /// The default of the programs: a restart of the server, or of the network, does not fail an upload.
  package static let usual = RetryPolicy(limit: nil)

  /// The pause after a failure: exponential backoff with full jitter, a random part of a bound that doubles up to
  /// ``longestPause``. So clients that lost a server at the same time do not return at the same time.
  /// - Parameters:
  ///   - failures: failed attempts since the last progress; 1 for the first.
  ///   - fraction: random, from 0 to below 1.
  func pause(after failures: Int, fraction: Double) -> Duration {
    var bound = min(firstPause, longestPause)
    var doublings = failures - 1
    while doublings > 0, bound > .zero, bound < longestPause {
      bound = min(bound * 2, longestPause)
      doublings -= 1
    }
    return bound * min(max(0, fraction), 1)
  }
}

/// Decides after each failed attempt of one upload whether there is another one, and when. It has no I/O, clock or random
/// numbers of its own.
///
/// It gives up once ``RetryPolicy/patience`` has passed without progress. Progress is a byte of the content that was sent
/// further into the file than in any attempt before. Each attempt starts at the beginning of the file, so an attempt that
/// gets less far makes no progress; but the time in which it sent bytes does not count against the patience either. What
/// counts is the time of pauses and of attempts that sent nothing.
struct RetryStateMachine {
  enum Action: Equatable {
    case giveUp(Reason)
    /// Start the next attempt after this time.
    case pause(Duration)
  }

  /// Why there is no other attempt.
  enum Reason: Equatable {
    /// Another attempt cannot succeed, or could store the file twice.
    case notRetriable
    /// ``RetryPolicy/limit`` allows no more attempts.
    case limit
    /// This long without progress.
    case noProgress(Duration)
    /// The server asks for a pause that is longer than the remaining patience.
    case serverAsksFor(Duration)
  }

  private let policy: RetryPolicy
  private let isRepeatable: Bool

  /// Attempts that have failed.
  private(set) var failures = 0
  private var failuresSinceProgress = 0
  /// The most bytes of the content that any attempt has sent.
  private var furthest: UInt64 = 0
  /// Time without progress, until the last failure.
  private var outage = Duration.zero
  /// When the upload began, then when the last attempt failed.
  private var lastFailure: ContinuousClock.Instant
  private var lastPause = Duration.zero

  /// - Parameters:
  ///   - isRepeatable: whether the source can be read from its beginning again.
  ///   - start: when the first attempt begins.
  init(_ policy: RetryPolicy, isRepeatable: Bool, start: ContinuousClock.Instant) {
    self.policy = policy
    self.isRepeatable = isRepeatable
    lastFailure = start
  }

  /// An attempt has failed.
  /// - Parameters:
  ///   - sent: bytes of the content that it sent.
  ///   - timeOfDay: in seconds since 1970, for a `Retry-After` with a date.
  mutating func failed(
    _ attempt: FailedAttempt,
    sent: UInt64,
    at now: ContinuousClock.Instant,
    timeOfDay: Int64,
    using random: inout some RandomNumberGenerator
  ) -> Action {
    note(sent: sent, at: now)
    guard attempt.isPassing, isRepeatable || !attempt.isSourceUsed else { return .giveUp(.notRetriable) }
    guard failures <= policy.limit ?? .max else { return .giveUp(.limit) }
    let left = policy.patience - outage
    guard left > .zero else { return .giveUp(.noProgress(outage)) }
    let asked = attempt.retryAfter.flatMap { RetryAfter.duration($0, now: timeOfDay) } ?? .zero
    guard asked <= left else { return .giveUp(.serverAsksFor(asked)) }
    // Never longer than what is left, so that the last attempt is made at the end of the patience and not long before.
    let own = min(policy.pause(after: failuresSinceProgress, fraction: .random(in: 0..<1, using: &random)), left)
    lastPause = max(own, asked)
    return .pause(lastPause)
  }

  private mutating func note(sent: UInt64, at now: ContinuousClock.Instant) {
    failures += 1
    failuresSinceProgress += 1
    if sent > furthest {
      furthest = sent
      failuresSinceProgress = 1
      outage = .zero
    } else {
      outage += sent > 0 ? lastPause : now - lastFailure
    }
    lastFailure = now
  }
}

extension RetryStateMachine.Reason {
  /// What to add to the last attempt's error message; nil where that message is enough.
  /// - Parameter attempts: how many there were.
  func note(attempts: Int) -> String? {
    switch self {
    case .notRetriable: nil
    case .limit: attempts > 1 ? "Gave up after \(attempts) attempts." : nil
    case .noProgress(let time):
      "Gave up after \(attempts) attempt\(attempts == 1 ? "" : "s"): no progress for \(time.components.seconds) s."
    case .serverAsksFor(let pause):
      "The server asks to wait \(pause.components.seconds) s. Send the file again after that."
    }
  }
}
