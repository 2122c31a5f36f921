import Glibc
import NIOCore
import NIOPosix
import Synchronization
import UploadTestSupport

/// A client that sends exactly the bytes of a test, and keeps the bytes of the response.
final class WireClient: Sendable {
  private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let bytes = Mutex<[UInt8]>([])
    let hasEnded = Mutex(false)

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let piece = unwrapInboundIn(data)
      bytes.withLock { $0 += piece.readableBytesView }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if event as? ChannelEvent == .inputClosed { hasEnded.withLock { $0 = true } }
    }

    func channelInactive(context: ChannelHandlerContext) {
      hasEnded.withLock { $0 = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  private let collector = Collector()
  private let channel: any Channel

  /// Connects to a port of this machine.
  init(port: Int) async throws {
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelInitializer { [collector] channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(collector) }
      }
      .connect(host: "127.0.0.1", port: port)
      .get()
  }

  /// Connects, sends, and waits until the server closes its sending side.
  /// - Returns: all that was received.
  static func exchange(_ text: String, port: Int) async throws -> String {
    let client = try await WireClient(port: port)
    try await client.send(text)
    let response = try await client.responseToEnd()
    try await client.close()
    return response
  }

  var received: [UInt8] { collector.bytes.withLock { $0 } }

  var text: String { String(decoding: received, as: UTF8.self) }

  /// The server has closed its sending side, or the connection.
  var hasEnded: Bool { collector.hasEnded.withLock { $0 } }

  func send(_ text: String) async throws {
    try await channel.writeAndFlush(ByteBuffer(string: text)).get()
  }

  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  /// Closes the sending side: FIN.
  func finish() async throws {
    try await channel.close(mode: .output).get()
  }

  /// Resets the connection: RST.
  func reset() async throws {
    try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    try await close()
  }

  func close() async throws {
    do {
      try await channel.close().get()
    } catch ChannelError.alreadyClosed {}
  }

  /// Reads nothing until ``readOnce()`` or ``resume()``.
  func pause() async throws {
    try await channel.setOption(.autoRead, value: false).get()
  }

  /// Reads once, at most a buffer of what has arrived.
  func readOnce() {
    channel.read()
  }

  func resume() async throws {
    try await channel.setOption(.autoRead, value: true).get()
  }

  /// Waits until the response contains `text`.
  func wait(for text: String) async throws {
    try await eventually("\(text.debugDescription) from the server") { self.text.contains(text) }
  }

  /// Waits until the server closes its sending side.
  /// - Returns: all that was received.
  func responseToEnd() async throws -> String {
    try await eventually("the server's end of the connection") { hasEnded }
    return text
  }
}
