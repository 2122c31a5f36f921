import UploadProtocol

/// Decides after each failed attempt of one upload whether there is another one, and when. It has no I/O, clock or random
/// numbers of its own.
///
/// It gives up at the first failure after ``RetryPolicy/patience`` has passed without progress. An attempt makes
/// progress when it sends more bytes of the content, from its beginning, than any attempt before. Only pauses and
/// attempts that sent nothing count as time without progress: an attempt that sends some bytes, but not more than an
/// earlier one, costs no patience.
struct RetryStateMachine {
  /// What follows a failed attempt.
  enum Action: Equatable {
    case giveUp(Reason)
    /// Start the next attempt after this time.
    case pause(Duration)
  }

  /// Why there is no other attempt.
  enum Reason: Equatable {
    /// Another attempt could not succeed, could store the file twice, or would need a source that cannot be read again.
    case notRetriable
    /// ``RetryPolicy/limit`` allows no more attempts.
    case limit
    /// There was no progress for this long, by the rules of ``RetryStateMachine``; at least ``RetryPolicy/patience``.
    case noProgress(Duration)
    /// `Retry-After` asks for this pause, which is longer than the rest of the patience.
    case serverAsksFor(Duration)

    /// What to add to the last attempt's error message; nil where that message is enough.
    /// - Parameter attempts: how many attempts were made, the first included.
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

  private let policy: RetryPolicy
  /// Whether the source can be read from its beginning again.
  private let isRepeatable: Bool

  /// How many attempts have failed so far.
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

  /// Call it after each failed attempt, but not when the upload was cancelled.
  /// - Parameters:
  ///   - sent: bytes of the content that this attempt sent.
  ///   - now: when it failed.
  ///   - timeOfDay: in seconds since 1970, for a `Retry-After` with a date.
  ///   - random: chooses the length of the pause.
  mutating func failed(
    _ attempt: FailedAttempt,
    sent: UInt64,
    at now: ContinuousClock.Instant,
    timeOfDay: Int64,
    using random: inout some RandomNumberGenerator
  ) -> Action {
    note(sent: sent, at: now)
    guard attempt.isTemporary, isRepeatable || !attempt.isSourceUsed else { return .giveUp(.notRetriable) }
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

  /// The server has stored enough more than before (``ResumeStateMachine/furthest``).
  mutating func progressed(at now: ContinuousClock.Instant) {
    failuresSinceProgress = 0
    outage = .zero
    lastFailure = now
  }

  /// The user had paused the upload for this time, which does not count.
  mutating func wasPaused(for time: Duration) {
    lastFailure += time
  }

  /// Updates the counters and ``outage`` after an attempt that sent `sent` bytes of the content.
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

/// The value of a `Retry-After` header field (RFC 9110 section 10.2.3).
enum RetryAfter {
  /// A year, in seconds: no server needs more.
  private static let longest: Int64 = 31_536_000

  /// How long the server asks to wait: a number of seconds, or the time until a date.
  /// - Parameters:
  ///   - text: the field's value.
  ///   - now: the time of day, in seconds since 1970.
  /// - Returns: at most a year; zero for a date in the past; nil when the value is neither a number nor a date.
  static func duration(_ text: String, now: Int64) -> Duration? {
    let parts = text.split { $0 == " " || $0 == "\t" }
    if parts.count == 1, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      return .seconds(min(Int64(parts[0]) ?? longest, longest))
    }
    guard let first = parts.first, let last = parts.last,
      let date = HTTPDate.seconds(String(text[first.startIndex..<last.endIndex]), now: now)
    else { return nil }
    return .seconds(min(max(0, date - now), longest))
  }
}
