import UploadCore

/// Decides when to take a snapshot of the uploads (a sample): at the user's rate while an upload is active or an effect
/// is pending, otherwise every second, and after ten of these every five seconds: an idle dashboard uses almost no CPU.
/// Interrupted and paused uploads are not active.
struct SamplePace {
  /// Time between two samples while no upload is active.
  private static let idlePeriod = Duration.seconds(1)
  /// The same after ``samplesBeforeRest`` of them: then only the clock's minute and some memory change.
  /// (Measured: one sample and five ticks per second use more than 0.1 % of a core.)
  private static let restPeriod = Duration.seconds(5)
  private static let samplesBeforeRest = 10
  /// Time between two ticks while no upload is active: the longest delay until a new upload is shown.
  private static let idleTick = Duration.milliseconds(500)
  /// The highest rate in samples per second, regardless of the user's choice.
  private static let mostRate = 10

  /// When to call ``isDue(at:rate:activity:)`` next: at most 1 s after the last call.
  private(set) var nextTick: ContinuousClock.Instant
  private var lastSample: ContinuousClock.Instant?
  private var lastActivity: UInt64 = 0
  /// Samples since an upload was active; nil while one is.
  private var quietSamples: Int?

  /// - Parameter now: the first tick, at which a sample is due.
  init(now: ContinuousClock.Instant = .now) { nextTick = now }

  /// Whether to take a sample now. Call it at ``nextTick``, which it then advances; false before.
  /// - Parameters:
  ///   - rate: samples per second while an upload is active; counts as 1 to 10.
  ///   - activity: ``UploadLedger/activityCount`` now; when it has changed, a sample is due.
  mutating func isDue(at now: ContinuousClock.Instant, rate: Int, activity: UInt64) -> Bool {
    guard now >= nextTick else { return false }
    if activity != lastActivity { quietSamples = nil }
    lastActivity = activity
    let tick = Duration.seconds(1) / min(max(1, rate), Self.mostRate)
    guard let quietSamples, let lastSample else {
      nextTick = now + tick
      return true
    }
    nextTick = now + max(tick, Self.idleTick)
    let period = quietSamples < Self.samplesBeforeRest ? Self.idlePeriod : Self.restPeriod
    // The nearest tick: a sample is noted a little later than its tick, and must not be delayed to the one after.
    return now - lastSample >= period - Self.idleTick / 2
  }

  /// Notes that a sample was taken; call it after each one.
  /// - Parameter isQuiet: whether no upload runs and no effect of the dashboard is pending. The sample counts as idle
  ///   if it also has no uploads but interrupted and paused ones.
  mutating func note(_ snapshot: Snapshot, isQuiet: Bool) {
    lastSample = snapshot.at
    quietSamples = isQuiet && snapshot.isResting ? (quietSamples ?? 0) + 1 : nil
  }

  /// Makes a sample due at ``nextTick``, and that within 0.1 s; call it when the user does something.
  mutating func wake(at now: ContinuousClock.Instant = .now) {
    quietSamples = nil
    nextTick = min(nextTick, now + .seconds(1) / Self.mostRate)
  }
}

/// Decides when to read the free space of the disk: every 2 s while uploads run or are queued, otherwise every 30 s.
struct SpaceWatch {
  private static let busyPeriod = Duration.seconds(2)
  private static let quietPeriod = Duration.seconds(30)

  private var last: ContinuousClock.Instant?

  /// Whether to read it now, as at the first call; if so, the next time is measured from `now`.
  /// - Parameter isQuiet: whether no upload runs or is queued.
  mutating func isDue(at now: ContinuousClock.Instant, isQuiet: Bool) -> Bool {
    if let last, now - last < (isQuiet ? Self.quietPeriod : Self.busyPeriod) { return false }
    last = now
    return true
  }
}
