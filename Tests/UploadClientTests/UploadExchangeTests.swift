import Glibc
import HTTPExchange
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Testing
import UploadCore

@testable import UploadClient

/// The exchange of an upload on a channel whose clock the tests control: every timeout is a scheduled task.
@Suite struct UploadExchangeTests {
  /// A buffered upload of three bytes.
  private final class Exchange {
    let loop = EmbeddedEventLoop()
    let channel: EmbeddedChannel
    /// The event that cancels the exchange.
    let cancellation: ExchangeInterruption
    let meter = UploadMeter(direction: .outgoing, mode: .buffered, name: "a", size: 3, remote: "host:80")
    /// Also keeps the connection: its pool would close it.
    let resources: ClientResources
    private(set) var result: Result<ExchangeResult, any Error>?
    /// Called when there is a result.
    var onResult: (Exchange) -> Void = { _ in }

    init(configure: (inout UploadClientConfiguration) -> Void = { _ in }) throws {
      var configuration = UploadClientConfiguration()
      configure(&configuration)
      let target = try SendTarget("http://host")
      let request = try UploadRequest(
        target: target,
        mode: .buffered,
        name: "a",
        size: 3,
        configuration: configuration
      )
      resources = ClientResources(configuration: configuration, eventLoopGroup: loop, threadPool: .singleton)
      let attempt = UploadAttempt(
        request: request,
        content: .memory(try Self.form()),
        target: target,
        connector: try configuration.connector(to: target),
        meter: meter,
        cancellation: Cancellation(),
        resources: resources
      )
      channel = EmbeddedChannel(loop: loop)
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
      let promise = loop.makePromise(of: ExchangeResult.self)
      let delegate = UploadExchange(attempt, head: request.head, isNew: true)
      let handler = ExchangeHandler(delegate, attempt.plan, result: promise)
      cancellation = ExchangeInterruption(.cancellation, of: handler.token)
      promise.futureResult.assumeIsolated().whenComplete { [self] in
        result = $0
        onResult(self)
      }
      try channel.pipeline.syncOperations.addHandler(handler)
    }

    private static func form() throws -> FormInMemory {
      let pipe = try TestPipe()
      defer { close(pipe.output) }
      pipe.write([1, 2, 3])
      return try FormInMemory(
        reading: UploadSource.descriptor(pipe.output, name: "a").open(),
        framing: 0,
        available: nil,
        onBlock: { _ in },
        checkCancellation: {}
      )
    }

    /// The bytes of the body that were written since the last call; nil when its end was not.
    func writtenBody() throws -> Int? {
      var count = 0
      while let part = try channel.readOutbound(as: HTTPClientRequestPart.self) {
        switch part {
        case .head: break
        case .body(let data): count += data.readableBytes
        case .end: return count
        }
      }
      return nil
    }

    /// Nil as long as there is none.
    var failure: ExchangeFailure? {
      guard case .failure(let error as FailedExchange) = result else { return nil }
      return error.failure
    }
  }

  @Test func `a success is the result once the handler has closed the connection`() throws {
    let exchange = try Exchange()
    exchange.loop.run()
    #expect(try exchange.writtenBody() ?? 0 > 3)
    #expect(exchange.meter.received == 3)
    #expect(exchange.meter.phase == .response)
    try exchange.channel.writeInbound(
      HTTPClientResponsePart.head(
        HTTPResponseHead(version: .http1_1, status: .created, headers: ["Connection": "close"])
      )
    )
    #expect(exchange.result == nil)
    try exchange.channel.writeInbound(HTTPClientResponsePart.end(nil))
    exchange.loop.run()
    #expect(!exchange.channel.isActive)
    let result = try #require(try exchange.result?.get())
    #expect(result.response.status == 201 && result.isBodyBegun && result.isBodySent)
    #expect(exchange.meter.phase == .finishing)
  }

  @Test func `events after the result do not change the meter`() throws {
    let exchange = try Exchange()
    exchange.loop.run()
    try exchange.channel.writeInbound(
      HTTPClientResponsePart.head(HTTPResponseHead(version: .http1_1, status: .serviceUnavailable))
    )
    exchange.onResult = { $0.meter.pause(because: "It is busy.", attempt: 2, until: .now) }
    try exchange.channel.writeInbound(HTTPClientResponsePart.end(nil))
    // The channel becomes inactive, then its handlers are removed.
    exchange.loop.run()
    #expect(exchange.failure == nil && exchange.result != nil)
    #expect(exchange.meter.phase == .pause && exchange.meter.received == 0)
  }

  @Test func `the body is sent when 100 Continue does not arrive in time`() throws {
    let exchange = try Exchange { configuration in
      configuration.continueThreshold = 0
      configuration.continueTimeout = .seconds(1)
    }
    exchange.loop.advanceTime(by: .milliseconds(999))
    #expect(try exchange.writtenBody() == nil)
    exchange.loop.advanceTime(by: .milliseconds(1))
    #expect(try exchange.writtenBody() != nil)
  }

  @Test func `a response that begins in time and then stops fails after the idle timeout`() throws {
    let exchange = try Exchange { configuration in
      configuration.responseTimeout = .seconds(300)
      configuration.idleTimeout = .seconds(60)
    }
    exchange.loop.run()
    exchange.loop.advanceTime(by: .seconds(299))
    try exchange.channel.writeInbound(
      HTTPClientResponsePart.head(HTTPResponseHead(version: .http1_1, status: .created))
    )
    exchange.loop.advanceTime(by: .seconds(59))
    try exchange.channel.writeInbound(HTTPClientResponsePart.body(ByteBuffer(string: "x")))
    exchange.loop.advanceTime(by: .seconds(59))
    #expect(exchange.result == nil)
    exchange.loop.advanceTime(by: .seconds(1))
    #expect(exchange.failure == .responseTimedOut)
    #expect(!exchange.channel.isActive)
  }

  @Test func `a cancellation closes the connection, and the result stays cancelled`() throws {
    let exchange = try Exchange()
    exchange.loop.run()
    exchange.channel.pipeline.fireUserInboundEventTriggered(exchange.cancellation)
    exchange.loop.run()
    #expect(exchange.failure == .cancelled)
    #expect(!exchange.channel.isActive)
    exchange.loop.advanceTime(by: .hours(1))
    #expect(exchange.failure == .cancelled)
  }

  @Test func `the handler leaves a connection that is kept, and a late cancellation does not reach the next upload`()
    throws
  {
    let exchange = try Exchange()
    exchange.loop.run()
    try exchange.channel.writeInbound(
      HTTPClientResponsePart.head(HTTPResponseHead(version: .http1_1, status: .created))
    )
    try exchange.channel.writeInbound(HTTPClientResponsePart.end(nil))
    exchange.loop.run()
    #expect(exchange.channel.isActive)
    let status = try exchange.result?.get().response.status
    #expect(status == 201)
    #expect(throws: (any Error).self) {
      _ = try exchange.channel.pipeline.syncOperations.handler(type: ExchangeHandler.self)
    }
    exchange.channel.pipeline.fireUserInboundEventTriggered(exchange.cancellation)
    exchange.loop.run()
    #expect(exchange.channel.isActive)
    // The pool closes it when it is idle for too long.
    exchange.loop.advanceTime(by: .seconds(4))
    #expect(!exchange.channel.isActive)
  }

  @Test func `an event for another upload does not change the exchange`() throws {
    let exchange = try Exchange()
    exchange.loop.run()
    exchange.channel.pipeline.fireUserInboundEventTriggered(ExchangeInterruption(.cancellation, of: ExchangeToken()))
    exchange.loop.run()
    #expect(exchange.result == nil && exchange.channel.isActive)
  }
}
