/// Why one attempt of a call failed, and whether another one may succeed.
struct S3AttemptFailure: Error {
  /// Whether another attempt may succeed.
  enum Retry: Equatable {
    case never
    /// After a pause, or a longer one that the engine asks for.
    case later(asked: Duration)
    /// At once, with so many seconds added to this machine's clock.
    case correctingClock(Int64)
  }

  /// The call's failure, if there is no further attempt.
  let failure: S3Failure
  /// When to make another one.
  let retry: Retry
}

/// Decides whether and when a call makes another attempt. Events in, actions out.
struct S3RetryStateMachine {
  enum Action: Equatable {
    case giveUp
    case retry(after: Duration)
    /// At once, with so many seconds added to this machine's clock.
    case correctClock(Int64)
  }

  private let policy: S3RetryPolicy
  /// Attempts that have failed.
  private(set) var failures = 0
  private var hasCorrectedClock = false

  init(_ policy: S3RetryPolicy) { self.policy = policy }

  /// An attempt has failed.
  /// - Parameters:
  ///   - elapsed: the time since the first failure; zero for that one.
  ///   - fraction: the part of the bound to wait: random, from 0 to below 1.
  mutating func failed(_ retry: S3AttemptFailure.Retry, after elapsed: Duration, fraction: Double) -> Action {
    failures += 1
    guard failures < max(1, policy.attempts) || elapsed < policy.patience else { return .giveUp }
    switch retry {
    case .never: return .giveUp
    case .correctingClock(let offset):
      guard !hasCorrectedClock else { return .giveUp }
      hasCorrectedClock = true
      return .correctClock(offset)
    case .later(let asked):
      // Exponential backoff with full jitter, so that clients that were rejected together do not return together. At most 40
      // doublings, so that the product does not overflow.
      let bound = min(policy.firstPause * (1 << (min(failures, 41) - 1)), policy.longestPause)
      return .retry(after: max(bound * min(max(0, fraction), 1), min(asked, policy.longestPause)))
    }
  }
}
