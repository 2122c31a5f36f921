import NIOCore
import Synchronization
import UploadCore

/// Cancels an upload from outside, in whichever step it is. Usable from any thread.
final class UploadCancellation: Sendable {
  /// The user event, fired through a connection's pipeline, that makes the ``ExchangeHandler`` of the upload cancel the
  /// exchange. By the time it arrives, the connection may serve another upload, which is not affected.
  struct Event: Sendable {
    let source: UploadCancellation
  }

  private struct State {
    var isCancelled = false
    /// Interrupts the step that runs; nil without one, and once called.
    var interrupt: (@Sendable () -> Void)?
  }

  /// The error of a step that was interrupted, with code `cancelled`.
  static let error = UploadError(.cancelled, "The upload was cancelled.")

  private let state = Mutex(State())

  /// Whether ``cancel()`` has been called.
  var isCancelled: Bool {
    state.withLock { $0.isCancelled }
  }

  /// For a step for which ``onCancel(_:)`` registers nothing: call it before each part of that step, such as a read.
  /// - Throws: ``error`` when ``cancel()`` has been called.
  func check() throws(UploadError) {
    guard !isCancelled else { throw Self.error }
  }

  /// Cancels the upload for good: interrupts the running step, and every later step as it begins. Callable from any thread.
  func cancel() {
    let interrupt = state.withLock { state in
      state.isCancelled = true
      defer { state.interrupt = nil }
      return state.interrupt
    }
    interrupt?()
  }

  /// Registers how to interrupt the step that begins, in place of the step before.
  /// - Parameter interrupt: ends the step; called at most once, on the thread of ``cancel()``, or immediately when the upload
  ///   has been cancelled before.
  func onCancel(_ interrupt: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      state.interrupt = state.isCancelled ? nil : interrupt
      return state.isCancelled
    }
    if isCancelled { interrupt() }
  }

  /// Waits for `duration` without blocking a thread.
  /// - Throws: ``error`` as soon as ``cancel()`` is called, or at once if it was called before.
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
