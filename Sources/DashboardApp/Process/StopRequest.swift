import Synchronization

/// Somebody's wish that the running command end: made by a signal, heard by whoever registered.
package final class StopRequest: Sendable {
  private struct State {
    var signal: Int32?
    var actions: [@Sendable () async -> Void] = []
    var lastActions: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())

  package init() {}

  /// The signal that asked; nil while nobody has.
  package var signal: Int32? { state.withLock { $0.signal } }

  /// Calls `action` once when the wish comes, or now when it has come already.
  package func onRequest(_ action: @escaping @Sendable () async -> Void) {
    let isLate = state.withLock { state in
      if state.signal == nil { state.actions.append(action) }
      return state.signal != nil
    }
    if isLate { Task.detached { await action() } }
  }

  /// Makes the wish known, unless it is known already.
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
