import Glibc
import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Performs the actions of ``S3ExchangeStateMachine`` for one request on one connection. At its end it resets the connection,
/// or removes itself and gives the connection back. Bound to its event loop.
final class S3ExchangeHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = HTTPClientRequestPart
  typealias OutboundOut = HTTPClientRequestPart

  /// What the exchange sends, and where its response goes.
  struct Request: Sendable {
    let head: HTTPRequestHead
    let body: Body
    /// Receives the body of a success; nil to keep it.
    let receiver: S3Receiver?

    enum Body: Sendable {
      case bytes(ByteBuffer)
      case file(S3FileSource)
    }
  }

  /// The user event that cancels the exchange of its source. By the time it arrives, the connection may serve another one.
  struct Cancellation: Sendable {
    let source: S3ExchangeToken
  }

  private let request: Request
  private let token: S3ExchangeToken
  private let threadPool: NIOThreadPool
  /// Gets a connection that can serve another request after the response.
  private let keep: (any Channel, S3Response) -> Void
  private let result: EventLoopPromise<S3Response>
  private var machine: S3ExchangeStateMachine
  private var timer = DeadlineTimer()
  /// The chunk that was read last.
  private var chunk = ByteBuffer()

  /// - Parameters:
  ///   - token: identifies the exchange in a ``Cancellation``.
  ///   - result: completed once; it fails with ``S3ExchangeFailure``.
  init(
    _ request: Request,
    _ plan: S3ExchangeStateMachine.Plan,
    token: S3ExchangeToken,
    threadPool: NIOThreadPool,
    keep: @escaping (any Channel, S3Response) -> Void,
    result: EventLoopPromise<S3Response>
  ) {
    (self.request, self.token, self.threadPool, self.keep, self.result) = (request, token, threadPool, keep, result)
    machine = S3ExchangeStateMachine(plan)
  }

  // MARK: Events of the channel

  func handlerAdded(context: ChannelHandlerContext) {
    perform(machine.connected(at: context.eventLoop.now), context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer.cancel()
    // Only where the pipeline was torn down around it.
    if case .end(let end, _) = machine.fail(.connectionLost(hasBegun: false)) { report(end) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    perform(machine.disconnected(), context)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    // The connection is closed, which the channel reports next.
    case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown: return
    case is IOError, is ChannelError, is NIOSSLError, is BoringSSLError: context.close(promise: nil)
    default: perform(machine.fail(.malformedResponse), context)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let now = context.eventLoop.now
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      if (200..<300).contains(head.status.code), let receiver = request.receiver, !receiver.begin(head) {
        return perform(machine.fail(.wrongRange), context)
      }
      perform(machine.responded(head, at: now), context)
    case .body(let bytes): perform(machine.received(bytes, at: now), context)
    case .end: perform(machine.responseEnded(), context)
    }
  }

  func read(context: ChannelHandlerContext) {
    if machine.readRequested() { context.read() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let event = event as? Cancellation else { return context.fireUserInboundEventTriggered(event) }
    if event.source === token { perform(machine.fail(.cancelled), context) }
  }

  // MARK: Actions

  private func perform(_ action: S3ExchangeStateMachine.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .none: break
    case .writeHead:
      context.write(NIOAny(OutboundOut.head(request.head)), promise: nil)
      perform(machine.wroteHead(), context)
    case .read(let range): read(range, context)
    case .write(let range, let isLast): write(range, isLast: isLast, context)
    case .writeEnd: context.writeAndFlush(NIOAny(OutboundOut.end(nil)), promise: writePromise(context))
    case .pass(let bytes): pass(bytes, context)
    case .end(let end, let keeps):
      timer.cancel()
      if keeps, case .success(let response) = end {
        keep(context.channel, response)
        readIfPending(context)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
      } else {
        context.channel.abort()
      }
      report(end)
    }
    readIfPending(context)
    scheduleTimer(context)
  }

  private func report(_ end: Result<S3Response, S3ExchangeFailure>) {
    result.completeWith(end.mapError { $0 as any Error })
  }

  private func readIfPending(_ context: ChannelHandlerContext) {
    if machine.takePendingRead() { context.read() }
  }

  private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    guard let receiver = request.receiver else { return perform(machine.passedOn(at: context.eventLoop.now), context) }
    receiver.receive(bytes).hop(to: context.eventLoop).assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success: perform(machine.passedOn(at: context.eventLoop.now), context)
      case .failure(let error): perform(machine.fail(.receiverFailed(error)), context)
      }
    }
  }

  // MARK: Writing

  private func write(_ range: Range<UInt64>, isLast: Bool, _ context: ChannelHandlerContext) {
    let data: IOData
    switch request.body {
    case .bytes(let buffer):
      let start = buffer.readerIndex + Int(clamping: range.lowerBound)
      guard let slice = buffer.getSlice(at: start, length: range.count) else {
        return perform(machine.fail(.fileFailed), context)
      }
      data = .byteBuffer(slice)
    case .file(let source): data = chunk.readableBytes > 0 ? .byteBuffer(chunk) : .fileRegion(source.region(range))
    }
    chunk = ByteBuffer()
    if isLast {
      context.write(NIOAny(OutboundOut.body(data)), promise: nil)
      context.writeAndFlush(NIOAny(OutboundOut.end(nil)), promise: writePromise(context))
    } else {
      context.writeAndFlush(NIOAny(OutboundOut.body(data)), promise: writePromise(context))
    }
  }

  private func writePromise(_ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success where machine.isWithinBody:
        // In a later tick: otherwise, with an engine that keeps up, the loop would serve no other connection.
        _ = context.eventLoop.assumeIsolated().scheduleTask(in: .zero) { [self] in
          perform(machine.wrote(at: context.eventLoop.now), context)
        }
      case .success: perform(machine.wrote(at: context.eventLoop.now), context)
      case .failure(let error as IOError) where Self.readErrors.contains(error.errnoCode):
        perform(machine.fail(.fileFailed), context)
      // The channel closes a connection that cannot be written to.
      case .failure: break
      }
    }
    return promise
  }

  /// What sendfile reports when the file cannot be read.
  private static let readErrors: Set<CInt> = [EIO, EINVAL, ENXIO, EOVERFLOW, ESTALE, ENODATA]

  private func read(_ range: Range<UInt64>, _ context: ChannelHandlerContext) {
    guard case .file(let source) = request.body else { return perform(machine.fail(.fileFailed), context) }
    threadPool.runIfActive(eventLoop: context.eventLoop) { try source.read(range) }
      .assumeIsolated()
      .whenComplete { [self] result in
        switch result {
        case .success(let bytes):
          chunk = bytes
          perform(machine.didRead(at: context.eventLoop.now), context)
        case .failure: perform(machine.fail(.fileFailed), context)
        }
      }
  }

  // MARK: Time

  private func scheduleTimer(_ context: ChannelHandlerContext) {
    guard let deadline = machine.deadline, timer.isLate(for: deadline) else { return }
    timer.set(to: deadline, on: context.eventLoop) { [self] in
      timer = DeadlineTimer()
      let queued = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
      perform(machine.timerFired(at: context.eventLoop.now, queued: queued ?? 0), context)
    }
  }
}

/// Identifies one exchange.
final class S3ExchangeToken: Sendable {}

/// Receives the body of a response as it arrives.
struct S3Receiver: Sendable {
  /// Called with the headers of a success; false when its body is not what was asked for.
  let begin: @Sendable (HTTPResponseHead) -> Bool
  /// Called on the connection's event loop; no more is passed on until the future has succeeded.
  let receive: @Sendable (ByteBuffer) -> EventLoopFuture<Void>
}
