import NIOCore

/// Hummingbird's close of a connection, while it waits until all responses are sent. Loop-bound.
final class HeldClose {
  private var promise: EventLoopPromise<Void>?

  /// Has the close wait for ``perform(on:)``.
  /// - Parameter promise: of the one who closes; nil when the outcome does not matter.
  func hold(_ promise: EventLoopPromise<Void>?, on eventLoop: any EventLoop) {
    let held = self.promise ?? eventLoop.makePromise(of: Void.self)
    self.promise = held
    if let promise { held.futureResult.cascade(to: promise) }
  }

  /// Closes, if a close waits.
  /// - Parameter context: of the handler that held it back; nil when the connection is gone.
  func perform(on context: ChannelHandlerContext?) {
    guard let held = promise else { return }
    promise = nil
    if let context { context.close(promise: held) } else { held.succeed() }
  }
}
