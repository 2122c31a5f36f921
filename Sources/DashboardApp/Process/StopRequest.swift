import CLinux
import Glibc
import Synchronization

/// A request to stop the running command. A signal makes it; it runs registered actions. Safe on any thread.
package final class StopRequest: Sendable {
  private struct State {
    var signal: Int32?
    var actions: [@Sendable () async -> Void] = []
    var lastActions: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())
  private let whenOnlyOutputIsLeft: @Sendable () -> Void

  /// - Parameter whenOnlyOutputIsLeft: see ``onlyOutputIsLeft()``.
  package init(whenOnlyOutputIsLeft: @escaping @Sendable () -> Void = {}) {
    self.whenOnlyOutputIsLeft = whenOnlyOutputIsLeft
  }

  /// Number of the signal that made the request; nil before.
  package var signal: Int32? { state.withLock { $0.signal } }

  /// Runs `action` in a new task when the request is made, or now if it has been made already.
  package func onRequest(_ action: @escaping @Sendable () async -> Void) {
    let isLate = state.withLock { state in
      if state.signal == nil { state.actions.append(action) }
      return state.signal != nil
    }
    if isLate { Task.detached { await action() } }
  }

  /// Makes the request: starts the actions of ``onRequest(_:)`` and returns. A second request has no effect.
  /// - Parameter signal: its number.
  package func request(_ signal: Int32) {
    let actions: [@Sendable () async -> Void] = state.withLock { state in
      guard state.signal == nil else { return [] }
      state.signal = signal
      defer { state.actions = [] }
      return state.actions
    }
    for action in actions { Task.detached { await action() } }
  }

  /// Says that the command has ended all of its work, and only writes the rest of its output: while that is not read, it
  /// is not waited for.
  package func onlyOutputIsLeft() { whenOnlyOutputIsLeft() }

  /// Registers an action for ``force()``, an exit that does not wait for the command, such as removing unfinished
  /// files.
  package func onForce(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.lastActions.append(action) } }

  /// Runs the actions of ``onForce(_:)`` on this thread, in the order of their registration; the caller then ends the
  /// process.
  package func force() { for action in state.withLock({ $0.lastActions }) { action() } }
}

/// Interprets the signals that a command receives, in the order of their arrival. A pure state machine: no I/O, no
/// clock.
package struct StopSignals {
  package enum Meaning: Equatable {
    /// Stop gracefully: the first request to stop.
    case stop
    /// Part of the request that was made already: ignore it.
    case repeated
    /// Exit now, without waiting for the graceful stop: a later request.
    case force
    /// Terminate now by the signal itself.
    case terminate
    /// Reload files such as certificates.
    case reload
  }

  /// Signals within this time after the first are one request: `timeout` and some supervisors signal the process and
  /// then its group, and a closing terminal sends several signals. It is shorter than the time between two presses of
  /// Ctrl-C.
  static let together = Duration.milliseconds(500)

  private let reloadsOnHangUp: Bool
  private var first: ContinuousClock.Instant?

  /// - Parameter reloadsOnHangUp: whether SIGHUP means a reload, as for daemons, unless a terminal was closed.
  package init(reloadsOnHangUp: Bool = false) { self.reloadsOnHangUp = reloadsOnHangUp }

  /// Interprets a signal's number: SIGQUIT terminates, SIGHUP reloads where that is enabled and the terminal is not
  /// lost, and any other one is a request to stop.
  /// - Parameters:
  ///   - lostTerminal: whether the terminal in which the command was started has been closed since.
  ///   - now: when the signal arrived.
  package mutating func handle(_ signal: Int32, lostTerminal: Bool = false, at now: ContinuousClock.Instant) -> Meaning
  {
    if signal == SIGQUIT { return .terminate }
    if signal == SIGHUP, reloadsOnHangUp, !lostTerminal { return .reload }
    guard let first else {
      first = now
      return .stop
    }
    return now - first < Self.together ? .repeated : .force
  }

  /// The members of `signals` that the program handles: all but those of SIGHUP, SIGINT and SIGQUIT that are ignored
  /// now. Call it at the program's start: `nohup` and background jobs of a script ignore them, and they stay ignored.
  package static func heeded(_ signals: [Int32]) -> [Int32] {
    signals.filter { ![SIGHUP, SIGINT, SIGQUIT].contains($0) || clinux_is_ignored($0) == 0 }
  }
}
