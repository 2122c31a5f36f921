/// When to ask how much room is left on the disk.
struct SpaceWatch {
  private static let busyPeriod = Duration.seconds(2)
  private static let quietPeriod = Duration.seconds(30)

  private var last: ContinuousClock.Instant?

  /// Whether to ask now; counts as asked then.
  mutating func isDue(at now: ContinuousClock.Instant, isQuiet: Bool) -> Bool {
    if let last, now - last < (isQuiet ? Self.quietPeriod : Self.busyPeriod) { return false }
    last = now
    return true
  }
}
