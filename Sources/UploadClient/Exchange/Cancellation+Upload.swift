import HTTPExchange
import NIOCore
import UploadCore

extension Cancellation {
  /// The error of a step that was interrupted, with code `cancelled`.
  static let error = UploadError(.cancelled, "The upload was cancelled.")

  /// For a step for which ``onCancel(_:)`` registers nothing: call it before each part of that step, such as a read.
  /// - Throws: ``error`` when ``cancel()`` has been called.
  func check() throws(UploadError) {
    guard !isCancelled else { throw Self.error }
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
