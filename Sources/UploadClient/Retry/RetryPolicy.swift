/// How long, how often and after which pauses an upload that failed for a temporary reason is tried again.
package struct RetryPolicy: Sendable, Equatable {
  /// Attempts after the first; 0 for none, nil for no limit.
  package var limit: Int?

  /// How long there may be no progress before the upload fails (see ``RetryStateMachine``).
  package var patience = Duration.seconds(300)

  /// The upper bound of the first pause; each later bound is twice the one before. Short enough for a server that is
  /// being restarted.
  package var firstPause = Duration.milliseconds(500)

  /// The upper bound of every pause, unless the server asks for a longer one.
  package var longestPause = Duration.seconds(30)

  package init(limit: Int? = 0) {
    self.limit = limit
  }

  /// The default of programs: a restart of the server, or of the network, does not fail an upload.
  package static let usual = RetryPolicy(limit: nil)

  /// The pause after a failure: exponential backoff with full jitter, a random part of a bound that doubles up to
  /// ``longestPause``. So clients that lost one server at the same time do not come back at the same time.
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
