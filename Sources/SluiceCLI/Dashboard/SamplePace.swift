import UploadCore

/// When to look at the uploads: as often as the user wants while something moves, else once a second, so that an idle
/// dashboard costs next to nothing.
struct SamplePace {
  /// How long a look is good for while nothing moves.
  private static let idlePeriod = Duration.seconds(1)
  /// Looks a second at most, whatever is asked for.
  private static let mostRate = 10

  /// When to ask again whether a look is due.
  private(set) var nextTick: ContinuousClock.Instant
  private var lastLook: ContinuousClock.Instant?
  private var lastActivity: UInt64 = 0
  private var isQuiet = false

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
    nextTick = now + .seconds(1) / min(max(1, rate), Self.mostRate)
    defer { lastActivity = activity }
    guard isQuiet, activity == lastActivity, let lastLook else { return true }
    return now - lastLook >= Self.idlePeriod
  }

  /// Notes a look, and whether it found nothing that moves.
  mutating func note(_ snapshot: Snapshot, isQuiet: Bool) {
    lastLook = snapshot.at
    self.isQuiet = isQuiet && snapshot.uploads.isEmpty
  }

  /// Something has been asked for: look at the next tick, whatever was found before.
  mutating func wake() {
    isQuiet = false
  }
}
