import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// The rest of a rejected body: a client that reads only after it has sent everything must get the response.
@Suite struct RejectedBodyTests {
  private let piece = String(repeating: "x", count: 1 << 20)
  private var chunk: String { "100000\r\n\(piece)\r\n" }

  @Test(arguments: [true, false])
  func `a rejected body is discarded to its end, then the server closes its sending side`(isChunked: Bool) async throws
  {
    try await withHandler { harness in
      try harness.send(
        request("POST /nowhere", [isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 104857600"])
      )
      #expect(try harness.statuses() == [404])
      for _ in 0..<100 {
        try harness.send(isChunked ? chunk : piece)
        harness.advance(milliseconds: 400)
        #expect(harness.readsOnTurn() > 0)
      }
      #expect(harness.isOpen)
      #expect(harness.server.lingering.clients == (isChunked ? 1 : 0))
      #expect(harness.wire.outputIsClosed == !isChunked, "the body with a length has ended")
      if isChunked { try harness.send("0\r\n\r\n") }
      #expect(harness.wire.outputIsClosed && harness.isOpen)
      #expect(harness.server.lingering.clients == 0, "others of the client may take its place")
      harness.sendEnd()
      #expect(!harness.isOpen)
    }
  }

  @Test func `a client that sends its rejected body slower than 1 MiB in 10 s is disconnected`() async throws {
    try await withHandler { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 1000000000"]))
      for _ in 0..<4 {
        harness.advance(2)
        try harness.send("x")
      }
      #expect(harness.isOpen)
      harness.advance(2)
      #expect(!harness.isOpen)
      #expect(harness.server.lingering.clients == 0)
    }
  }

  @Test func `a client's fifth connection with a rejected body is closed after 64 MiB of it`() async throws {
    try await withHandler { harness in
      harness.fillLingering()
      try harness.send(request("POST /nowhere", ["Content-Length: 1000000000"]))
      for _ in 0..<64 { try harness.send(piece) }
      #expect(harness.isOpen)
      try harness.send("x")
      #expect(!harness.isOpen)
    }
  }

  @Test func `after rejecting a pipelined request that is queued whole, the output is closed at once`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x") + request("DELETE /b", ["Connection: close"], body: "y"))
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201, 404])
      #expect(harness.wire.outputIsClosed)
      #expect(harness.server.lingering.clients == 0)
    }
  }

  @Test func `a connection that closes in the middle of a rejected body no longer counts as lingering`() async throws {
    try await withHandler { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 1000000000"]) + piece)
      #expect(harness.server.lingering.clients == 1)
      harness.disconnect()
      #expect(harness.server.lingering.clients == 0)
      #expect(harness.handler == nil)
    }
  }
}
