import CLinux
import Glibc

/// What the signals that a command reads mean, in the order in which they come: no I/O, and no clock of its own.
package struct StopSignals {
  package enum Meaning: Equatable {
    /// Stop gracefully.
    case stop
    /// The same request once more.
    case repeated
    /// Exit now.
    case force
    /// Terminate now by the signal itself.
    case terminate
    /// Read again what can be read again.
    case reload
  }

  /// Signals as close as this are one request: `timeout` and some supervisors signal the process and then its group, and a
  /// closing terminal comes as several signals. Short enough that nobody who is impatient has to press a third time.
  static let together = Duration.milliseconds(500)

  private let reloadsOnHangUp: Bool
  private var first: ContinuousClock.Instant?

  /// - Parameter reloadsOnHangUp: whether SIGHUP asks for a reload, as daemons take it, unless a terminal was closed.
  package init(reloadsOnHangUp: Bool = false) {
    self.reloadsOnHangUp = reloadsOnHangUp
  }

  /// A signal has come.
  /// - Parameter terminalIsGone: whether the terminal that the command was started from has been closed since.
  package mutating func take(_ signal: Int32, terminalIsGone: Bool = false, at now: ContinuousClock.Instant) -> Meaning
  {
    if signal == SIGQUIT { return .terminate }
    if signal == SIGHUP, reloadsOnHangUp, !terminalIsGone { return .reload }
    guard let first else {
      first = now
      return .stop
    }
    return now - first < Self.together ? .repeated : .force
  }

  /// Those of `signals` that the program is to hear of. Whoever started it with SIGHUP, SIGINT or SIGQUIT ignored (`nohup`,
  /// a job in the background of a script) wants it to go on when they come.
  package static func heeded(_ signals: [Int32]) -> [Int32] {
    signals.filter { ![SIGHUP, SIGINT, SIGQUIT].contains($0) || clinux_is_ignored($0) == 0 }
  }
}
