import HTTPExchange
import NIOCore
import Synchronization
import UploadCore

/// Pauses and continues a resumable upload from outside, in whichever step it is. Usable from any thread.
final class UploadPause: Sendable {
  private struct State {
    var isPaused = false
    /// Interrupts the step that runs; nil without one, and once called.
    var interrupt: (@Sendable () -> Void)?
    /// Waits until the upload is continued; nil when nothing waits.
    var waiter: EventLoopPromise<Void>?
  }

  private let state = Mutex(State())

  /// Whether the upload is paused now.
  var isPaused: Bool {
    state.withLock { $0.isPaused }
  }

  /// Pauses the upload, or continues it: the action for ``UploadMeter/onPause(_:)``.
  func set(_ isPaused: Bool) {
    let (interrupt, waiter) = state.withLock { state -> ((@Sendable () -> Void)?, EventLoopPromise<Void>?) in
      state.isPaused = isPaused
      defer { if isPaused { state.interrupt = nil } else { state.waiter = nil } }
      return isPaused ? (state.interrupt, nil) : (nil, state.waiter)
    }
    interrupt?()
    waiter?.succeed()
  }

  /// Registers how to interrupt the step that begins, in place of the step before.
  /// - Parameter interrupt: ends the step; called at most once, on the thread that pauses, or immediately when the upload is
  ///   paused.
  func onPause(_ interrupt: @escaping @Sendable () -> Void) {
    let isPaused = state.withLock { state in
      state.interrupt = state.isPaused ? nil : interrupt
      return state.isPaused
    }
    if isPaused { interrupt() }
  }

  /// Waits for `duration`, or until the upload is paused, without blocking a thread.
  /// - Throws: ``Cancellation/error`` as soon as the upload is cancelled.
  func sleep(_ duration: Duration, _ cancellation: Cancellation, on loop: any EventLoop) async throws(UploadError) {
    let over = loop.makePromise(of: Void.self)
    let timer = loop.scheduleTask(in: TimeAmount(duration)) { over.succeed() }
    onPause {
      timer.cancel()
      over.succeed()
    }
    try await Self.wait(for: over, cancellation)
  }

  /// Waits until the upload is not paused, without blocking a thread.
  /// - Throws: ``Cancellation/error`` as soon as the upload is cancelled.
  func untilContinued(_ cancellation: Cancellation, on loop: any EventLoop) async throws(UploadError) {
    let over = loop.makePromise(of: Void.self)
    let isPaused = state.withLock { state in
      if state.isPaused { state.waiter = over }
      return state.isPaused
    }
    if !isPaused { over.succeed() }
    try await Self.wait(for: over, cancellation)
  }

  private static func wait(
    for over: EventLoopPromise<Void>,
    _ cancellation: Cancellation
  ) async throws(UploadError) {
    cancellation.onCancel { over.fail(Cancellation.error) }
    do {
      try await over.futureResult.get()
    } catch {
      throw Cancellation.error
    }
  }
}
