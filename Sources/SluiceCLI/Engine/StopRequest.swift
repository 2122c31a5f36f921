import Synchronization

/// Somebody's wish that the running command end: made by a signal, heard by whoever registered.
final class StopRequest: Sendable {
  private struct State {
    var signal: Int32?
    var actions: [@Sendable () async -> Void] = []
  }

  private let state = Mutex(State())

  /// The signal that asked; nil while nobody has.
  var signal: Int32? { state.withLock { $0.signal } }

  /// Calls `action` once when the wish comes, or now when it has come already.
  func onRequest(_ action: @escaping @Sendable () async -> Void) {
    let isLate = state.withLock { state in
      if state.signal == nil { state.actions.append(action) }
      return state.signal != nil
    }
    if isLate { Task.detached { await action() } }
  }

  /// Makes the wish known.
  /// - Returns: false when it was known already.
  func request(_ signal: Int32) -> Bool {
    let actions: [@Sendable () async -> Void]? = state.withLock { state in
      guard state.signal == nil else { return nil }
      state.signal = signal
      defer { state.actions = [] }
      return state.actions
    }
    guard let actions else { return false }
    for action in actions { Task.detached { await action() } }
    return true
  }
}
