import Glibc
import UploadCore

/// When frames are due.
struct FrameClock {
  private let interval: Duration
  private var next: ContinuousClock.Instant

  init(perSecond: Int) {
    interval = .seconds(1) / perSecond
    next = .now + interval
  }

  /// Until the next frame, rounded up.
  var millisecondsLeft: Int32 {
    Int32(max(0, (next - .now).inSeconds * 1000).rounded(.up))
  }

  /// Whether a frame is due; counts as drawn then.
  mutating func isDue() -> Bool {
    let now = ContinuousClock.now
    guard now >= next else { return false }
    next = now + interval
    return true
  }

  /// Waits until a frame is due.
  mutating func sleep() {
    while !isDue() { poll(nil, 0, millisecondsLeft) }
  }
}
