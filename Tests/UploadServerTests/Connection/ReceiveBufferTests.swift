import NIOCore
import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct ReceiveBufferTests {
  private static let small = 16 * 1024
  private static let tiny = 4 * 1024

  /// Fills the buffer with reads until it no longer grows.
  private func grow(_ buffer: ReceiveBuffer) {
    for _ in 0..<20 { _ = buffer.record(actualReadBytes: buffer.readSize) }
  }

  @Test func `The buffer grows to 1 MiB while reads fill it, also with many chunks of 4 KiB`() async throws {
    try await withHandler { harness in
      let buffer = harness.receiveBuffer
      try harness.send(request("PUT /a", ["Transfer-Encoding: chunked"]))
      let chunk = "1000\r\n" + String(repeating: "x", count: 4096) + "\r\n"
      try harness.send(String(repeating: chunk, count: 16))
      #expect(buffer.record(actualReadBytes: Self.small))
      #expect(buffer.readSize == 2 * Self.small)
      grow(buffer)
      #expect(buffer.readSize == 1 << 20)
      try harness.send(String(repeating: chunk, count: 255))
      #expect(buffer.readSize == 1 << 20)
    }
  }

  @Test(arguments: [String(repeating: "1\r\nx\r\n", count: 2700), String(repeating: request("DELETE /"), count: 400)])
  func `A read of hundreds of tiny chunks or requests limits all later reads to 4 KiB`(parts: String) async throws {
    try await withHandler { harness in
      let buffer = harness.receiveBuffer
      grow(buffer)
      if parts.hasPrefix("1") { try harness.send(request("PUT /a", ["Transfer-Encoding: chunked"])) }
      #expect(buffer.readSize == 1 << 20)
      try harness.send(parts)
      #expect(buffer.readSize == Self.tiny)
      grow(buffer)
      #expect(buffer.readSize == Self.tiny)
      // SwiftNIO retains the grown buffer.
      #expect(harness.server.budget.use.used == (1 << 20) - Self.small)
    }
  }

  @Test func `SwiftNIO retains 1 KiB and makes buffers of the read size, also when that becomes small again`()
    async throws
  {
    try await withHandler { harness in
      let buffer = harness.receiveBuffer
      var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: buffer)
      func readSize() -> Int {
        let size = pool.buffer(allocator: ByteBufferAllocator()) { $0.writableBytes }.1
        pool.record(actualReadBytes: 1)
        return size
      }
      #expect(readSize() == 1024)
      for _ in 0..<2 { #expect(readSize() == Self.small) }
      grow(buffer)
      #expect(readSize() == 1 << 20)
      #expect(readSize() == 1 << 20)
      buffer.noteParts(3000, of: Self.small)
      #expect(readSize() == Self.tiny)
      #expect(readSize() == Self.tiny)
    }
  }
}
