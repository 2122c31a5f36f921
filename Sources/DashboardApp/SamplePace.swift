import UploadCore

/// When to look at the uploads: as often as the user wants while something moves, else seldom, so that an idle dashboard
/// costs next to nothing.
struct SamplePace {
  /// How long a look is good for while nothing moves.
  private static let idlePeriod = Duration.seconds(1)
  /// The same after ``looksBeforeRest`` of them: what is left to see by then is the minute, and some memory.
  /// (Measured: a look a second and five ticks are more than 0.1 % of a core.)
  private static let restPeriod = Duration.seconds(5)
  private static let looksBeforeRest = 10
  /// From tick to tick while nothing moves: so much later an upload may be seen than it begins.
  private static let idleTick = Duration.milliseconds(500)
  /// Looks a second at most, whatever is asked for.
  private static let mostRate = 10

  /// When to ask again whether a look is due.
  private(set) var nextTick: ContinuousClock.Instant
  private var lastLook: ContinuousClock.Instant?
  private var lastActivity: UInt64 = 0
  /// Looks since something moved; nil while something does.
  private var quietLooks: Int?

  /// - Parameter now: when the first look is due.
  init(now: ContinuousClock.Instant = .now) {
    nextTick = now
  }

  /// Whether to look now. To be asked at ``nextTick``; the next one is set then.
  /// - Parameters:
  ///   - rate: looks a second.
  ///   - activity: a number that changes whenever an upload begins.
  mutating func isDue(at now: ContinuousClock.Instant, rate: Int, activity: UInt64) -> Bool {
    guard now >= nextTick else { return false }
    if activity != lastActivity { quietLooks = nil }
    lastActivity = activity
    let tick = Duration.seconds(1) / min(max(1, rate), Self.mostRate)
    guard let quietLooks, let lastLook else {
      nextTick = now + tick
      return true
    }
    nextTick = now + max(tick, Self.idleTick)
    let period = quietLooks < Self.looksBeforeRest ? Self.idlePeriod : Self.restPeriod
    // The nearest tick: a look is noted a little later than its tick, and must not be put off to the one after.
    return now - lastLook >= period - Self.idleTick / 2
  }

  /// Notes a look, and whether it found nothing that moves.
  mutating func note(_ snapshot: Snapshot, isQuiet: Bool) {
    lastLook = snapshot.at
    quietLooks = isQuiet && snapshot.uploads.isEmpty ? (quietLooks ?? 0) + 1 : nil
  }

  /// Something has been asked for: look soon, whatever was found before.
  mutating func wake(at now: ContinuousClock.Instant = .now) {
    quietLooks = nil
    nextTick = min(nextTick, now + .seconds(1) / Self.mostRate)
  }
}

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
