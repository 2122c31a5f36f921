import Synchronization

/// Cancels an operation of several steps from outside, in whichever step it is. Usable from any thread.
package final class Cancellation: Sendable {
  private struct State {
    var isCancelled = false
    /// Interrupts the step that runs; nil without one, and once called.
    var interrupt: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  package init() {}

  /// Whether ``cancel()`` has been called.
  package var isCancelled: Bool {
    state.withLock { $0.isCancelled }
  }

  /// Cancels the operation for good: interrupts the running step, and every later step as it begins.
  package func cancel() {
    let interrupt = state.withLock { state in
      state.isCancelled = true
      defer { state.interrupt = nil }
      return state.interrupt
    }
    interrupt?()
  }

  /// Registers how to interrupt the step that begins, in place of the step before.
  /// - Parameter interrupt: ends the step; called at most once, on the thread of ``cancel()``, or immediately when the
  ///   operation has been cancelled before.
  package func onCancel(_ interrupt: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      state.interrupt = state.isCancelled ? nil : interrupt
      return state.isCancelled
    }
    if isCancelled { interrupt() }
  }
}
