/// How often, and after which pauses, an upload that failed for a passing reason is tried again.
package struct RetryPolicy: Sendable, Equatable {
  /// Attempts after the first; 0 for none.
  package var limit: Int

  /// The pause before the second attempt; each later one is twice as long as the one before. Short enough for a server
  /// that is being started again.
  package var firstPause = Duration.milliseconds(500)

  /// The longest pause of our own choosing.
  package var longestPause = Duration.seconds(30)

  /// The longest that a server's `Retry-After` is followed: a stranger must not hold a program for days.
  package var longestAsked = Duration.seconds(120)

  package init(limit: Int = 0) {
    self.limit = limit
  }

  /// What users expect who say nothing: a server that is being started again costs no upload.
  package static let usual = RetryPolicy(limit: 3)

  /// How long to pause after the attempt number `attempt` has failed.
  ///
  /// Twice as long each time, and a random half of it off, so that clients that one server turned away together do not come
  /// back together. What the server asks for is the least.
  /// - Parameters:
  ///   - attempt: 1 for the first.
  ///   - asked: what the server said in `Retry-After`; nil when it said nothing.
  ///   - chance: from 0 to below 1, another one each time.
  func pause(after attempt: Int, asked: Duration?, chance: Double) -> Duration {
    var pause = min(firstPause, longestPause)
    var doublings = attempt - 1
    while doublings > 0, pause > .zero, pause < longestPause {
      pause = min(pause * 2, longestPause)
      doublings -= 1
    }
    let own = pause * (0.5 + min(max(0, chance), 1) / 2)
    guard let asked else { return own }
    return max(own, min(asked, longestAsked))
  }
}
