import UploadCore

/// Decides when to take a snapshot of the uploads: at the user's rate while one is active, otherwise rarely, so that an
/// idle dashboard uses almost no CPU.
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

  /// When to call ``isDue(at:rate:activity:)`` next.
  private(set) var nextTick: ContinuousClock.Instant
  private var lastSample: ContinuousClock.Instant?
  private var lastActivity: UInt64 = 0
  /// Samples since an upload was active; nil while one is.
  private var quietSamples: Int?

  /// - Parameter now: when the first sample is due.
  init(now: ContinuousClock.Instant = .now) { nextTick = now }

  /// Whether to take a sample now. Call it at ``nextTick``; it sets the next one.
  /// - Parameters:
  ///   - rate: samples per second.
  ///   - activity: a number that changes whenever an upload begins.
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

  /// Notes a sample, and whether no upload was active in it.
  mutating func note(_ snapshot: Snapshot, isQuiet: Bool) {
    lastSample = snapshot.at
    quietSamples = isQuiet && snapshot.uploads.isEmpty ? (quietSamples ?? 0) + 1 : nil
  }

  /// Makes a sample due within 0.1 s, because of a user's action.
  mutating func wake(at now: ContinuousClock.Instant = .now) {
    quietSamples = nil
    nextTick = min(nextTick, now + .seconds(1) / Self.mostRate)
  }
}

/// Decides when to read the free space of the disk.
struct SpaceWatch {
  private static let busyPeriod = Duration.seconds(2)
  private static let quietPeriod = Duration.seconds(30)

  private var last: ContinuousClock.Instant?

  /// Whether to read it now; if so, the next time is measured from `now`.
  mutating func isDue(at now: ContinuousClock.Instant, isQuiet: Bool) -> Bool {
    if let last, now - last < (isQuiet ? Self.quietPeriod : Self.busyPeriod) { return false }
    last = now
    return true
  }
}
