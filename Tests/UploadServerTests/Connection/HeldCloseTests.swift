import NIOCore
import NIOEmbedded
import Testing

@testable import UploadServer

@Suite struct HeldCloseTests {
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private(set) var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) {
      self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
      self.context = nil
    }
  }

  @Test func `A held close is performed once, and completes every promise`() throws {
    let channel = EmbeddedChannel()
    let handler = Handler()
    try channel.pipeline.syncOperations.addHandler(handler)
    channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 4711), promise: nil)
    let close = HeldClose()
    var completed = 0
    for _ in 0..<2 {
      let promise = channel.eventLoop.makePromise(of: Void.self)
      promise.futureResult.assumeIsolated().whenSuccess { completed += 1 }
      close.hold(promise, on: channel.eventLoop)
    }
    #expect(channel.isActive && completed == 0)
    close.perform(on: handler.context)
    #expect(!channel.isActive && completed == 2)
    close.perform(on: handler.context)
    #expect(completed == 2)
    _ = try? channel.finish(acceptAlreadyClosed: true)
  }

  @Test func `Without a connection a held close completes`() {
    let channel = EmbeddedChannel()
    let close = HeldClose()
    let promise = channel.eventLoop.makePromise(of: Void.self)
    var isCompleted = false
    promise.futureResult.assumeIsolated().whenSuccess { isCompleted = true }
    close.hold(promise, on: channel.eventLoop)
    close.perform(on: nil)
    #expect(isCompleted)
    _ = try? channel.finish()
  }

  @Test func `Nothing is closed when no close waits`() throws {
    let channel = EmbeddedChannel()
    let handler = Handler()
    try channel.pipeline.syncOperations.addHandler(handler)
    channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 4711), promise: nil)
    HeldClose().perform(on: handler.context)
    #expect(channel.isActive)
    _ = try? channel.finish()
  }
}
