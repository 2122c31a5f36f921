import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import UploadServer

@Suite struct PageConnectionTests {
  private func withConnection(_ body: (EmbeddedChannel) throws -> Void) throws {
    let channel = EmbeddedChannel()
    _ = try PageConnection.add(to: channel, logger: Logger(label: "test"))
    channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    channel.embeddedEventLoop.run()
    #expect(channel.isActive)
    try body(channel)
    channel.embeddedEventLoop.run()
    #expect(!channel.isActive)
  }

  @Test func `a connection without a request for a page is closed when the server stops`() throws {
    try withConnection { $0.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
  }

  @Test func `a connection without a request for a page is closed when the client sends no more`() throws {
    try withConnection { $0.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
  }
}
