import CLinux
import Glibc

/// What the signals that end a program mean, in the order in which they come: no I/O, and no clock of its own.
struct StopSignals {
  enum Meaning: Equatable {
    /// End in good order.
    case stop
    /// The same wish once more.
    case repeated
    /// End now.
    case force
  }

  /// Signals as close as this are one wish: `timeout` and some supervisors signal the process and then its group, and a
  /// closing terminal comes as several signals. Short enough that nobody who is impatient has to press a third time.
  static let together = Duration.milliseconds(500)

  private var first: ContinuousClock.Instant?

  /// A signal has come.
  mutating func take(at now: ContinuousClock.Instant) -> Meaning {
    guard let first else {
      first = now
      return .stop
    }
    return now - first < Self.together ? .repeated : .force
  }

  /// Those of `signals` that the program is to hear of. Whoever started it with SIGHUP, SIGINT or SIGQUIT ignored (`nohup`,
  /// a job in the background of a script) wants it to go on when they come.
  static func heeded(_ signals: [Int32]) -> [Int32] {
    signals.filter { ![SIGHUP, SIGINT, SIGQUIT].contains($0) || clinux_is_ignored($0) == 0 }
  }
}
