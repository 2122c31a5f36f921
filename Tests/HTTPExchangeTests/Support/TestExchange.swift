import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import HTTPExchange

/// An exchange of a test on a channel whose clock the test controls, and its delegate.
final class TestExchange: ExchangeDelegate {
  let monitor: (any ExchangeMonitor)?
  let head = HTTPRequestHead(version: .http1_1, method: .PUT, uri: "/", headers: ["Host": "a"])
  let loop: EmbeddedEventLoop
  let channel: EmbeddedChannel
  /// Bytes of the content.
  let content: ByteBuffer
  /// Whether a response with this status may be the one to the request.
  var expects: (Int) -> Bool = { _ in true }
  /// What was received of the response's body, and is used as the test says.
  private(set) var received: [String] = []
  var uses: [EventLoopPromise<Void>] = []
  /// The responses after which the connection was kept.
  private(set) var kept: [Int] = []
  private(set) var result: Result<ExchangeResult, any Error>?

  init(
    content: String = "",
    on loop: EmbeddedEventLoop = EmbeddedEventLoop(),
    monitor: (any ExchangeMonitor)? = nil,
    change: (inout ExchangeStateMachine.Plan) -> Void = { _ in }
  ) throws {
    (self.loop, self.monitor) = (loop, monitor)
    self.content = ByteBuffer(string: content)
    channel = EmbeddedChannel(loop: loop)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
    let size = UInt64(content.utf8.count)
    var plan = ExchangeStateMachine.Plan(
      body: BodyStateMachine.Plan(size: size, chunkSize: 4, checkedTail: 0, hasTail: false),
      idleTimeout: .seconds(60),
      responseTimeout: .seconds(300),
      bodyLimit: 100
    )
    change(&plan)
    let promise = loop.makePromise(of: ExchangeResult.self)
    promise.futureResult.assumeIsolated().whenComplete { [self] in result = $0 }
    try channel.pipeline.syncOperations.addHandlers([
      CountingHandler(self), ExchangeHandler(self, plan, result: promise),
    ])
  }

  /// Flushes that reached the socket, and reads that were asked for.
  private(set) var flushes = 0
  private(set) var reads = 0

  private final class CountingHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    private unowned let exchange: TestExchange

    init(_ exchange: TestExchange) { self.exchange = exchange }

    func flush(context: ChannelHandlerContext) {
      exchange.flushes += 1
      context.flush()
    }

    func read(context: ChannelHandlerContext) {
      exchange.reads += 1
      context.read()
    }
  }

  /// The limits of the monitor have changed.
  func changeLimit() throws {
    let context = try channel.pipeline.syncOperations.context(handlerType: ExchangeHandler.self)
    (context.handler as? ExchangeHandler)?.limitChanged(context)
  }

  // MARK: The server

  func respond(_ status: HTTPResponseStatus, _ headers: HTTPHeaders = [:]) throws {
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    try channel.writeInbound(HTTPClientResponsePart.head(head))
  }

  func send(_ text: String) throws {
    try channel.writeInbound(HTTPClientResponsePart.body(ByteBuffer(string: text)))
  }

  func endResponse() throws { try channel.writeInbound(HTTPClientResponsePart.end(nil)) }

  /// The parts of the request that were written since the last call.
  func written() throws -> [String] {
    var parts: [String] = []
    while let part = try channel.readOutbound(as: HTTPClientRequestPart.self) {
      switch part {
      case .head: parts.append("headers")
      case .body(.byteBuffer(let bytes)): parts.append(String(buffer: bytes))
      case .body(.fileRegion): parts.append("file")
      case .end: parts.append("end")
      }
    }
    return parts
  }

  /// The failure of the exchange; nil without one.
  var failure: FailedExchange? {
    guard case .failure(let error) = result else { return nil }
    return error as? FailedExchange
  }

  // MARK: The delegate

  func chunk(_ range: Range<UInt64>) throws -> IOData {
    guard let bytes = content.getSlice(at: Int(range.lowerBound), length: range.count) else {
      throw IOError(errnoCode: 1, reason: "")
    }
    return .byteBuffer(bytes)
  }

  func read(_ range: Range<UInt64>?, atMost limit: UInt64, on loop: any EventLoop) -> EventLoopFuture<ContentReading> {
    loop.makeSucceededFuture(.bytes(range?.count ?? 0))
  }

  func check(on loop: any EventLoop) -> EventLoopFuture<Void> { loop.makeSucceededVoidFuture() }

  func sourceError(_ code: CInt) -> (any Error)? { nil }

  func accepts(_ response: ExchangeResponse) -> Bool { expects(response.status) }

  func receive(_ bytes: ByteBuffer) -> ExchangeReception {
    received.append(String(buffer: bytes))
    let use = loop.makePromise(of: Void.self)
    uses.append(use)
    return .later(use.futureResult)
  }

  func keep(_ channel: any Channel, after response: ExchangeResponse) { kept.append(response.status) }
}

/// Lets each chunk wait for a second, and for another one when the limit changes.
final class TestLimit: ExchangeMonitor {
  var chunkLimit: Int? { nil }
  var deadline: NIODeadline? { nil }

  func begins(_ context: ChannelHandlerContext, onLimitChange: @escaping @Sendable () -> Void) {}
  func progressed(_ exchange: borrowing ExchangeStateMachine) {}
  func pause(after body: BodyStateMachine, at now: NIODeadline) -> TimeAmount { .seconds(1) }
  func limitChanged(_ body: BodyStateMachine, at now: NIODeadline) -> TimeAmount { .seconds(1) }
  func observe(_ body: BodyStateMachine, _ context: ChannelHandlerContext) {}
  func connectionEnds(_ body: BodyStateMachine, _ context: ChannelHandlerContext) {}
  func ended(_ context: ChannelHandlerContext) {}
}
