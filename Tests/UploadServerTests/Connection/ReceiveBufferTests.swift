import NIOCore
import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct ReceiveBufferTests {
  private static let small = 16 * 1024
  private static let tiny = 4 * 1024

  /// Reads that fill it, until it grows no more.
  private func grow(_ buffer: ReceiveBuffer) {
    for _ in 0..<20 { buffer.noteRead(buffer.readSize) }
  }

  @Test func `It grows for large pieces, and for as many as large reads have`() async throws {
    try await withHandler { harness in
      let buffer = harness.receiveBuffer
      try harness.send(request("PUT /a", ["Transfer-Encoding: chunked"]))
      let chunk = "1000\r\n" + String(repeating: "x", count: 4096) + "\r\n"
      try harness.send(String(repeating: chunk, count: 16))
      buffer.noteRead(Self.small)
      #expect(buffer.readSize == 2 * Self.small)
      grow(buffer)
      #expect(buffer.readSize == 1 << 20)
      try harness.send(String(repeating: chunk, count: 255))
      #expect(buffer.readSize == 1 << 20)
    }
  }

  @Test(arguments: [String(repeating: "1\r\nx\r\n", count: 2700), String(repeating: request("DELETE /"), count: 400)])
  func `What carries thousands of tiny pieces stays small`(pieces: String) async throws {
    try await withHandler { harness in
      let buffer = harness.receiveBuffer
      grow(buffer)
      if pieces.hasPrefix("1") { try harness.send(request("PUT /a", ["Transfer-Encoding: chunked"])) }
      #expect(buffer.readSize == 1 << 20)
      try harness.send(pieces)
      #expect(buffer.readSize == Self.tiny)
      grow(buffer)
      #expect(buffer.readSize == Self.tiny)
      // The network layer still holds what it has.
      #expect(harness.server.budget.use.used == (1 << 20) - Self.small)
    }
  }

  @Test func `The network layer reads as much as it says`() async throws {
    try await withHandler { harness in
      let buffer = harness.receiveBuffer
      var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: buffer.allocator)
      func readSize() -> Int {
        let size = pool.buffer(allocator: ByteBufferAllocator()) { $0.writableBytes }.1
        pool.record(actualReadBytes: 1)
        return size
      }
      #expect(readSize() == Self.small)
      grow(buffer)
      #expect(readSize() == 1 << 20)
      #expect(readSize() == 1 << 20)
      buffer.noteParts(3000, of: Self.small)
      #expect(readSize() == Self.tiny)
      #expect(readSize() == Self.tiny)
    }
  }
}
