/// Turns the times of snapshots, which come at any rate, into half seconds for what is drawn over time.
struct TickClock: Sendable {
  private static let interval = Duration.seconds(Series.interval)
  /// After a longer pause (the program was stopped) time is not made up for.
  private static let most = 20

  private var first: ContinuousClock.Instant?
  private var next: ContinuousClock.Instant?

  /// How many half seconds have become full since the last call; one at the first.
  mutating func ticks(until now: ContinuousClock.Instant) -> Int {
    guard let due = next else {
      first = now
      next = now + Self.interval
      return 1
    }
    guard now >= due else { return 0 }
    let count = 1 + Int(min((now - due) / Self.interval, Double(Self.most)))
    if count > Self.most {
      next = now + Self.interval
      return 1
    }
    next = due + Self.interval * count
    return count
  }

  /// Whole minutes since the first call of ``ticks(until:)``.
  func minutes(until now: ContinuousClock.Instant) -> Int {
    guard let first else { return 0 }
    return max(0, Int((now - first).components.seconds / 60))
  }
}
