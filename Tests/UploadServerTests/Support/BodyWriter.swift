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
  func sentChunks() async throws -> [String] { try await sentBuffers().map { String(buffer: $0) } }

  /// The bytes of response bodies that have been written since the last call.
  func sentBytes() async throws -> [UInt8] { try await sentBuffers().flatMap(\.readableBytesView) }

  private func sentBuffers() async throws -> [ByteBuffer] {
    var buffers: [ByteBuffer] = []
    while let part = try await readOutbound(as: HTTPResponsePart.self) {
      if case .body(let buffer) = part { buffers.append(buffer) }
    }
    return buffers
  }
}
