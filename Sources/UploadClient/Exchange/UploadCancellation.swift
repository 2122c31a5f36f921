import NIOCore
import Synchronization
import UploadCore

/// Cancels an upload from outside, in whichever step it is.
final class UploadCancellation: Sendable {
  /// The user event that makes the handler of a connection end the upload.
  struct Event: Sendable {}

  private struct State {
    var isCancelled = false
    /// Interrupts the step that runs.
    var interrupt: (@Sendable () -> Void)?
  }

  /// The error of a step that was interrupted.
  static let error = UploadError(.cancelled, "The upload was cancelled.")

  private let state = Mutex(State())

  /// Whether ``cancel()`` has been called.
  var isCancelled: Bool {
    state.withLock { $0.isCancelled }
  }

  /// - Throws: ``error`` when ``cancel()`` has been called.
  func check() throws(UploadError) {
    guard !isCancelled else { throw Self.error }
  }

  /// Interrupts the step that runs, or else the next one when it begins.
  func cancel() {
    let interrupt = state.withLock { state in
      state.isCancelled = true
      defer { state.interrupt = nil }
      return state.interrupt
    }
    interrupt?()
  }

  /// Registers how to interrupt the step that begins.
  /// - Parameter interrupt: ends the step; called at most once, immediately when the upload has been cancelled before. It
  ///   replaces that of the step before.
  func onCancel(_ interrupt: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      state.interrupt = state.isCancelled ? nil : interrupt
      return state.isCancelled
    }
    if isCancelled { interrupt() }
  }

  /// Waits for `duration` without blocking a thread.
  /// - Throws: ``error`` as soon as ``cancel()`` is called.
  func sleep(_ duration: Duration, on loop: any EventLoop) async throws(UploadError) {
    let over = loop.makePromise(of: Void.self)
    let timer = loop.scheduleTask(in: TimeAmount(duration)) { over.succeed() }
    onCancel {
      timer.cancel()
      over.fail(Self.error)
    }
    do {
      try await over.futureResult.get()
    } catch {
      throw Self.error
    }
  }
}
