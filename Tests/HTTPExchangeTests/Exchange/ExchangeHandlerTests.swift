import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import HTTPExchange

@Suite struct ExchangeHandlerTests {
  @Test func `the headers are flushed with the first chunk, or alone where none follows`() throws {
    let sending = try TestExchange(content: "abcdef")
    #expect(try sending.written() == ["headers", "abcd"] && sending.flushes == 1)
    sending.loop.run()
    #expect(try sending.written() == ["ef"] && sending.flushes == 2)
    let empty = try TestExchange()
    #expect(try empty.written() == ["headers"] && empty.flushes == 1)
    let asking = try TestExchange(content: "abcd") { $0.continueTimeout = .seconds(1) }
    #expect(try asking.written() == ["headers"] && asking.flushes == 1)
    try asking.respond(.continue)
    #expect(try asking.written() == ["abcd"])
    for exchange in [sending, empty, asking] { exchange.channel.close(promise: nil) }
  }

  @Test func `a connection that the server keeps is given to the delegate, without the handler`() throws {
    let exchange = try TestExchange(content: "ab")
    try exchange.respond(.created)
    #expect(exchange.result == nil)
    try exchange.endResponse()
    exchange.loop.run()
    #expect(exchange.kept == [201] && exchange.channel.isActive)
    let result = try #require(try exchange.result?.get())
    #expect(result.isBodyBegun && result.isBodySent && result.reach == 2)
    #expect(throws: (any Error).self) {
      _ = try exchange.channel.pipeline.syncOperations.handler(type: ExchangeHandler.self)
    }
    exchange.channel.close(promise: nil)
  }

  @Test func `the connection is not read while the receiver has bytes`() throws {
    let exchange = try TestExchange { $0.passesResponseBody = true }
    try exchange.respond(.ok)
    let before = exchange.reads
    exchange.channel.read()
    #expect(exchange.reads == before + 1)
    try exchange.send("a")
    try exchange.send("b")
    let busy = exchange.reads
    exchange.channel.read()
    #expect(exchange.reads == busy && exchange.received == ["a"])
    exchange.uses[0].succeed()
    #expect(exchange.reads == busy && exchange.received == ["a", "b"])
    try exchange.endResponse()
    exchange.uses[1].succeed()
    #expect(exchange.reads == busy + 1 && exchange.kept == [200])
    exchange.channel.close(promise: nil)
  }

  @Test func `a lost connection is the result only when the receiver has used what was received before`() throws {
    let exchange = try TestExchange { $0.passesResponseBody = true }
    try exchange.respond(.ok)
    try exchange.send("a")
    try exchange.send("b")
    exchange.channel.close(promise: nil)
    // The handler is removed with its channel.
    exchange.loop.run()
    #expect(exchange.result == nil)
    exchange.uses[0].succeed()
    #expect(exchange.received == ["a", "b"] && exchange.result == nil)
    exchange.uses[1].succeed()
    #expect(exchange.failure?.failure == .responseInterrupted(status: 200))
  }

  @Test func `a receiver that fails is the cause of the failure`() throws {
    struct Gone: Error {}
    let exchange = try TestExchange { $0.passesResponseBody = true }
    try exchange.respond(.ok)
    try exchange.send("a")
    exchange.uses[0].fail(Gone())
    exchange.loop.run()
    #expect(exchange.failure?.failure == .receiverFailed && exchange.failure?.cause is Gone)
    #expect(!exchange.channel.isActive)
  }

  @Test func `a response that the delegate does not accept ends the exchange`() throws {
    let exchange = try TestExchange()
    exchange.expects = { $0 == 206 }
    try exchange.respond(.ok)
    exchange.loop.run()
    #expect(exchange.failure?.failure == .unexpectedResponse && !exchange.channel.isActive)
  }

  @Test func `a chunk that the delegate does not have ends the exchange`() throws {
    let exchange = try TestExchange(content: "abcd") { $0.body.size = 6 }
    exchange.loop.run()
    #expect(exchange.failure?.failure == .sourceFailed(isStored: false) && exchange.failure?.cause is IOError)
  }

  @Test func `a limit that changes in the tick in which the next chunk is due delays it once more`() throws {
    let loop = EmbeddedEventLoop()
    var sending: TestExchange?
    // Before the task that continues the body: the loop runs both in one tick.
    loop.assumeIsolated().scheduleTask(in: .seconds(1)) { try sending?.changeLimit() }
    let exchange = try TestExchange(content: "abcdefghij", on: loop, monitor: TestLimit())
    sending = exchange
    #expect(try exchange.written() == ["headers", "abcd"])
    loop.advanceTime(by: .seconds(1))
    #expect(try exchange.written() == [])
    loop.advanceTime(by: .seconds(1))
    #expect(try exchange.written() == ["efgh"])
    loop.advanceTime(by: .seconds(1))
    #expect(try exchange.written() == ["ij"])
    exchange.channel.close(promise: nil)
  }
}
