import CLinux
import Glibc
import Synchronization

/// A request to stop the running command: made by a signal, delivered to registered actions.
package final class StopRequest: Sendable {
  private struct State {
    var signal: Int32?
    var actions: [@Sendable () async -> Void] = []
    var lastActions: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())

  package init() {}

  /// The signal that requested it; nil before.
  package var signal: Int32? { state.withLock { $0.signal } }

  /// Calls `action` once on the request, or now if it has been made already.
  package func onRequest(_ action: @escaping @Sendable () async -> Void) {
    let isLate = state.withLock { state in
      if state.signal == nil { state.actions.append(action) }
      return state.signal != nil
    }
    if isLate { Task.detached { await action() } }
  }

  /// Makes the request; a second one has no effect.
  package func request(_ signal: Int32) {
    let actions: [@Sendable () async -> Void] = state.withLock { state in
      guard state.signal == nil else { return [] }
      state.signal = signal
      defer { state.actions = [] }
      return state.actions
    }
    for action in actions { Task.detached { await action() } }
  }

  /// Calls `action` if the process is ended without waiting for the command: what it has made must not stay behind.
  package func onForce(_ action: @escaping @Sendable () -> Void) {
    state.withLock { $0.lastActions.append(action) }
  }

  /// Does what was registered for such an end, on the thread that is about to end the process.
  package func force() {
    let actions = state.withLock { $0.lastActions }
    for action in actions { action() }
  }
}

/// The meaning of the signals that a command reads, in the order of their arrival: no I/O, and no clock of its own.
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
  /// closing terminal sends several signals. Short enough that an impatient user need not press a third time.
  static let together = Duration.milliseconds(500)

  private let reloadsOnHangUp: Bool
  private var first: ContinuousClock.Instant?

  /// - Parameter reloadsOnHangUp: whether SIGHUP asks for a reload, as daemons take it, unless a terminal was closed.
  package init(reloadsOnHangUp: Bool = false) {
    self.reloadsOnHangUp = reloadsOnHangUp
  }

  /// A signal has arrived.
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

  /// Those of `signals` that the program handles. SIGHUP, SIGINT and SIGQUIT stay ignored when they were ignored at its
  /// start (`nohup`, a background job of a script).
  package static func heeded(_ signals: [Int32]) -> [Int32] {
    signals.filter { ![SIGHUP, SIGINT, SIGQUIT].contains($0) || clinux_is_ignored($0) == 0 }
  }
}
