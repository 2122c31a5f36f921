import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

@Suite struct PlainRequestHandlerTests {
  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private(set) var count = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      count += unwrapInboundIn(data).readableBytes
    }
  }

  /// Sends bytes to a TLS port.
  /// - Returns: the response, and how many bytes reached the handlers after this one.
  private func send(_ bytes: [UInt8]) throws -> (response: String, passed: Int) {
    let channel = EmbeddedChannel()
    let context = ServerContext(
      store: MemoryStore(eventLoop: channel.embeddedEventLoop),
      budget: try MemoryBudget(limit: 64 << 20),
      ledger: UploadLedger(),
      limits: UploadLimits()
    )
    let collector = Collector()
    try channel.pipeline.syncOperations.addHandlers([Wire(), PlainRequestHandler(server: context), collector])
    channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 4711), promise: nil)
    try channel.writeInbound(ByteBuffer(bytes: bytes))
    var response = ""
    while let part = try channel.readOutbound(as: ByteBuffer.self) { response += String(buffer: part) }
    _ = try? channel.finish(acceptAlreadyClosed: true)
    return (response, collector.count)
  }

  @Test(
    arguments: [
      Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), Array("G".utf8),
      Array("PUT /a HTTP/1.1\r\nACCEPT:".utf8),
      Array("GET /\r\nAccept: text/\0html\u{7F}\u{130}\r\n\r\n".utf8), [0x41, 0xFF, 0xC0, 0x0A, 0x80],
      [UInt8](repeating: 0x5A, count: 100_000),
    ] as [[UInt8]]
  )
  func `Bytes that begin with a capital letter get 400 with the message about TLS`(bytes: [UInt8]) throws {
    let (response, passed) = try send(bytes)
    #expect(response.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
    #expect(response.contains("This port requires TLS."))
    #expect(passed == 0)
  }

  @Test(arguments: [[0x16, 0x03, 0x01], [0x40], [0x5B], [0x00, 0xFF]] as [[UInt8]])
  func `Bytes that do not begin with a capital letter are passed on, without a response`(bytes: [UInt8]) throws {
    let (response, passed) = try send(bytes)
    #expect(response == "")
    #expect(passed == bytes.count)
  }
}
