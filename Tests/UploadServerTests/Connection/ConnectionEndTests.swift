import NIOCore
import NIOEmbedded
import Testing

@testable import UploadServer

@Suite struct ConnectionEndTests {
  private static let forwarding = RequestPhase.forwarding(requestEnded: true, responded: false)

  @Test(arguments: [
    (RequestPhase.idle, ConnectionEnd.Action.forward), (forwarding, .forward), (.receiving, .postpone),
    (.storing, .postpone), (.skipping, .postpone), (.lingering, .close),
    (.downloading(requestEnded: true), .postpone),
  ])
  func `A shutdown is postponed during uploads and skipping, closes when lingering, else is forwarded`(
    phase: RequestPhase,
    action: ConnectionEnd.Action
  ) {
    var end = ConnectionEnd()
    #expect(!end.isStopping)
    #expect(end.stop(in: phase) == action)
    #expect(end.isStopping)
    #expect(end.stop(in: phase) == .ignore)
    let isPostponed = action == .postpone
    #expect(end.takeDeferredEvents() == (isPostponed, false))
    #expect(end.takeDeferredEvents() == (false, false))
  }

  @Test(arguments: [
    (RequestPhase.idle, false, ConnectionEnd.Action.postpone), (.idle, true, .forward), (forwarding, false, .postpone),
    (.receiving, false, .failUpload), (.storing, false, .postpone), (.skipping, false, .postpone),
    (.downloading(requestEnded: true), false, .postpone),
    (.lingering, false, .close),
  ])
  func `FIN fails an incomplete upload, closes a lingering connection, and is otherwise postponed unless at rest`(
    phase: RequestPhase,
    isAtRest: Bool,
    action: ConnectionEnd.Action
  ) {
    var end = ConnectionEnd()
    #expect(end.closeInput(in: phase, isAtRest: isAtRest) == action)
    #expect(end.inputIsClosed)
    let isPostponed = action == .postpone
    #expect(end.takeDeferredEvents() == (false, isPostponed))
  }

  @Test func `A close is deferred only while the server stops and responses are unsent`() {
    var end = ConnectionEnd()
    end.responseWritten()
    #expect(end.hasUnsentResponses)
    #expect(end.defersClose() == false, "the server does not stop")
    #expect(end.stop(in: Self.forwarding) == .forward)
    #expect(end.defersClose() == true)
    end.responseWritten()
    #expect(end.responseSent() == false, "another one is unsent")
    #expect(end.responseSent() == true)
    #expect(!end.hasUnsentResponses)
    #expect(end.defersClose() == false, "everything is sent")
  }

  @Test func `Neither a sent response nor the end of the grace period closes without a deferred close`() {
    var end = ConnectionEnd()
    end.responseWritten()
    #expect(end.responseSent() == false)
    #expect(end.stop(in: .idle) == .forward)
    #expect(end.endGrace() == false)
  }

  @Test func `At the end of the grace period a deferred close is due, and later closes are not deferred`() {
    var end = ConnectionEnd()
    end.responseWritten()
    #expect(end.stop(in: Self.forwarding) == .forward)
    #expect(end.defersClose() == true)
    #expect(end.endGrace() == true)
    #expect(end.isStopping)
    #expect(end.defersClose() == false)
    #expect(end.responseSent() == false)
  }
}

@Suite struct DeferredCloseTests {
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

  @Test func `Two deferred closes are performed as one, which completes both promises`() throws {
    let channel = EmbeddedChannel()
    let handler = Handler()
    try channel.pipeline.syncOperations.addHandler(handler)
    channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 4711), promise: nil)
    let close = DeferredClose()
    var completed = 0
    for _ in 0..<2 {
      let promise = channel.eventLoop.makePromise(of: Void.self)
      promise.futureResult.assumeIsolated().whenSuccess { completed += 1 }
      close.add(promise, on: channel.eventLoop)
    }
    #expect(channel.isActive && completed == 0)
    close.perform(on: handler.context)
    #expect(!channel.isActive && completed == 2)
    close.perform(on: handler.context)
    #expect(completed == 2)
    _ = try? channel.finish(acceptAlreadyClosed: true)
  }

  @Test func `When the connection is gone, performing a deferred close completes its promise`() {
    let channel = EmbeddedChannel()
    let close = DeferredClose()
    let promise = channel.eventLoop.makePromise(of: Void.self)
    var isCompleted = false
    promise.futureResult.assumeIsolated().whenSuccess { isCompleted = true }
    close.add(promise, on: channel.eventLoop)
    close.perform(on: nil)
    #expect(isCompleted)
    _ = try? channel.finish()
  }

  @Test func `Performing closes nothing when no close was deferred`() throws {
    let channel = EmbeddedChannel()
    let handler = Handler()
    try channel.pipeline.syncOperations.addHandler(handler)
    channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 4711), promise: nil)
    DeferredClose().perform(on: handler.context)
    #expect(channel.isActive)
    _ = try? channel.finish()
  }
}
