/// Decides after each attempt of one upload whether there is another, and when: no I/O, and no clock or chance of its own.
struct RetryStateMachine {
  enum Action: Equatable {
    case giveUp
    /// Try again after so long.
    case pause(Duration)
  }

  private let policy: RetryPolicy
  private let isRepeatable: Bool
  private var failures = 0

  /// - Parameter isRepeatable: whether the source can be read from its beginning again.
  init(_ policy: RetryPolicy, isRepeatable: Bool) {
    self.policy = policy
    self.isRepeatable = isRepeatable
  }

  /// An attempt has failed.
  /// - Parameters:
  ///   - now: the time of day, in seconds since 1970.
  ///   - chance: from 0 to below 1, another one each time.
  mutating func failed(_ attempt: FailedAttempt, now: Int64, chance: Double) -> Action {
    failures += 1
    guard isRepeatable, attempt.isPassing, failures <= policy.limit else { return .giveUp }
    let asked = attempt.retryAfter.flatMap { RetryAfter.duration($0, now: now) }
    return .pause(policy.pause(after: failures, asked: asked, chance: chance))
  }
}
