import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Clients that send one request after the other and do not read the responses.
@Suite struct UnreadResponseTests {
  private func setWritable(_ isWritable: Bool, _ harness: HandlerHarness) {
    harness.channel.isWritable = isWritable
    harness.channel.pipeline.fireChannelWritabilityChanged()
    harness.channel.embeddedEventLoop.run()
  }

  @Test(arguments: [("GET /", 200), ("DELETE /", 405)])
  func `Requests wait until the client reads responses, then get theirs`(line: String, status: Int) async throws {
    try await withHandler { harness in
      setWritable(false, harness)
      try harness.send(String(repeating: request(line), count: 3))
      #expect(try harness.statuses() == [])
      #expect(harness.hummingbird.requests == [])
      #expect(harness.readsOnTurn() == 0)
      let reads = harness.wire.reads
      setWritable(true, harness)
      #expect(try harness.statuses() == [status, status, status])
      #expect(harness.wire.reads > reads, "the read that was wanted follows")
      try harness.send(request(line))
      #expect(try harness.statuses() == [status])
    }
  }

  @Test func `Between two requests nothing is read while a response is unread`() async throws {
    try await withHandler { harness in
      try harness.send(request("GET /"))
      #expect(harness.readsOnTurn() == 1)
      setWritable(false, harness)
      #expect(harness.readsOnTurn() == 0)
      let reads = harness.wire.reads
      setWritable(true, harness)
      #expect(harness.wire.reads == reads + 1)
    }
  }

  @Test func `While responses are unread, a body is still received or discarded`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: 6"]) + "abc")
      setWritable(false, harness)
      #expect(harness.readsOnTurn() > 0)
      try harness.send("def")
      #expect(harness.store.published == [["a"]])
      #expect(harness.readsOnTurn() == 0)
    }
    // The short rest of a rejected body, and the input after a last response.
    for length in [1000, 100_000_000] {
      try await withHandler { harness in
        try harness.send(request("POST /nowhere", ["Content-Length: \(length)"]))
        setWritable(false, harness)
        #expect(harness.readsOnTurn() > 0)
        try harness.send("abc")
        #expect(harness.readsOnTurn() > 0)
      }
    }
  }

  @Test
  func `Requests that wait until the client reads are served before malformed input or FIN takes effect`() async throws
  {
    try await withHandler { harness in
      setWritable(false, harness)
      try? harness.send(request("GET /1") + request("GET /2") + "NONSENSE\r\n\r\n")
      harness.advance(25)
      let early = try harness.statuses()
      #expect(early == [], "headers that have arrived and wait are not late")
      setWritable(true, harness)
      let statuses = try harness.statuses()
      #expect(statuses == [200, 200, 400])
    }
    try await withHandler { harness in
      setWritable(false, harness)
      try harness.send(request("GET /1"))
      harness.sendEnd()
      #expect(harness.hummingbird.inputClosedEvents == 0)
      setWritable(true, harness)
      #expect(try harness.statuses() == [200])
      #expect(harness.hummingbird.inputClosedEvents == 1)
    }
  }

  @Test func `A connection is not closed as idle while the socket has not accepted its response`() async throws {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(20)
    try await withHandler(limits: limits) { harness in
      harness.wire.isFull = true
      try harness.send(request("DELETE /"))
      harness.advance(300)
      #expect(harness.isOpen, "closing would drop what the socket has not taken")
      harness.wire.isFull = false
      harness.channel.flush()
      #expect(try harness.statuses() == [405])
      harness.advance(21)
      #expect(!harness.isOpen)
    }
  }
}
