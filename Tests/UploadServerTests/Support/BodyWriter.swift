import HTTPTypes
import Hummingbird
import NIOCore
import NIOEmbedded
import NIOHTTPTypes

@testable import UploadServer

/// Writes a response's body to a channel, as Hummingbird does.
struct BodyWriter: ResponseBodyWriter {
  let channel: any Channel

  mutating func write(_ buffer: ByteBuffer) async throws {
    try await channel.sendBody(buffer)
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

extension NIOAsyncTestingChannel {
  /// A connection to a client.
  static func connected() async throws -> NIOAsyncTestingChannel {
    let channel = NIOAsyncTestingChannel()
    try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 4711)).get()
    return channel
  }

  /// The chunks of response bodies that have been written since the last call.
  func sentChunks() async throws -> [String] {
    var chunks: [String] = []
    while let part = try await readOutbound(as: HTTPResponsePart.self) {
      if case .body(let buffer) = part { chunks.append(String(buffer: buffer)) }
    }
    return chunks
  }
}
