import NIOCore
import Synchronization
import UploadCore

/// The one way to end an upload from outside, whatever it is doing at that moment.
final class UploadCancellation: Sendable {
  /// Tells a connection's handler to end the upload.
  struct Event: Sendable {}

  private struct State {
    var isCancelled = false
    /// What to do to make the current step end now.
    var interrupt: (@Sendable () -> Void)?
  }

  /// What a step that was interrupted ends with.
  static let error = UploadError(.cancelled, "The upload was cancelled.")

  private let state = Mutex(State())

  /// Whether ``cancel()`` has been called.
  var isCancelled: Bool {
    state.withLock { $0.isCancelled }
  }

  /// Ends the upload: now, or as soon as its next step begins.
  func cancel() {
    let interrupt = state.withLock { state in
      state.isCancelled = true
      defer { state.interrupt = nil }
      return state.interrupt
    }
    interrupt?()
  }

  /// Names what ends the step that begins now; called at once when the upload has been cancelled before.
  func onCancel(_ interrupt: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      state.interrupt = state.isCancelled ? nil : interrupt
      return state.isCancelled
    }
    if isCancelled { interrupt() }
  }
}
