import NIOCore
import UploadCore

/// What holds reads back besides the store: rate limits. And whose time it is that passes.
extension UploadHandler {
  /// Bytes of the running upload have come: they are paid for, and the client's clock goes on.
  func noteTaken(_ count: Int) {
    guard let context, state.isReceiving else { return }
    pace?.took(count, at: context.eventLoop.now)
    let wait = throttle.wait(after: count, at: context.eventLoop.now)
    if wait > .zero { holdForLimit(wait, context) }
    notePace()
  }

  private func holdForLimit(_ wait: TimeAmount, _ context: ChannelHandlerContext) {
    limitTimer?.cancel()
    limitTimer = context.eventLoop.assumeIsolated().scheduleTask(in: wait) {
      self.limitTimer = nil
      self.body?.noteLimit(false)
      self.notePace()
      self.resumeReading()
    }
    body?.noteLimit(true)
  }

  /// Only a client that could send counts as slow: a slow disk is not its fault.
  func notePace() {
    guard let context, state.isReceiving else { return }
    pace?.note(canSend: (body?.hasRoom ?? true) && limitTimer == nil, at: context.eventLoop.now)
  }

  /// A new body begins.
  func startPace(_ context: ChannelHandlerContext) {
    throttle = ReadThrottle(shared: server.limiter, rate: server.limits.ratePerUpload)
    pace = ClientPace(
      idleTimeout: server.limits.idleTime,
      minRate: server.limits.minRate?.bytes,
      at: context.eventLoop.now
    )
  }
}
