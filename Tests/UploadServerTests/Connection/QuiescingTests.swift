import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// A server that is told to stop; time is driven by the tests.
@Suite struct QuiescingTests {
  private var limits: UploadLimits {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(20)
    limits.grace = .seconds(60)
    return limits
  }

  @Test func `A running upload may end, and the connection closes then`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 4"]) + "ab")
      harness.quiesce()
      harness.quiesce()
      #expect(harness.library.quiesceEvents == 0, "the library would close the connection under it")
      try harness.send("cd")
      let answer = try harness.received()
      #expect(answer.hasPrefix("HTTP/1.1 201 Created\r\n"))
      #expect(answer.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(harness.wire.outputIsClosed)
      harness.sendEnd()
      #expect(!harness.isOpen)
    }
  }

  @Test func `An upload that does not end within the grace is told to come again`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 400"]) + "ab")
      harness.quiesce()
      for _ in 0..<5 {
        harness.advance(10)
        try harness.send("x")
      }
      #expect(try harness.received() == "")
      harness.advance(10)
      let answer = try harness.received()
      #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(answer.contains("\r\nRetry-After: 5\r\n"))
      #expect(harness.store.sink?.isAborted == true)
    }
  }

  @Test func `The grace ends while a file is being stored, too`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.store.stagesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      harness.quiesce()
      harness.advance(61)
      #expect(try harness.statuses() == [503])
    }
  }

  @Test func `Nothing of a connection is kept once it is over`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 4"]) + "ab")
      #expect(harness.handler != nil)
      harness.quiesce()
      harness.disconnect()
      #expect(harness.handler == nil, "the timer of the grace would keep it for as long as that is")
    }
  }

  @Test func `What is idle closes`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.quiesce()
      #expect(harness.library.quiesceEvents == 1)
    }
  }

  @Test func `The library hears once, and closes itself behind its answer`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.library.answersAtOnce = false
      try harness.send(request("GET /a"))
      harness.quiesce()
      #expect(harness.library.quiesceEvents == 1)
      harness.library.answer()
      let answer = try harness.received()
      #expect(answer.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(harness.library.quiesceEvents == 1, "closing at once would cut the answer that is on its way")
    }
  }

  @Test func `The library closes when its answer is sent, not before`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.library.answersAtOnce = false
      try harness.send(request("GET /a"))
      harness.quiesce()
      harness.wire.isFull = true
      harness.library.answer()
      #expect(harness.isOpen)
      harness.wire.isFull = false
      harness.channel.flush()
      #expect(!harness.isOpen)
      #expect(try harness.received().hasSuffix("library: GET /a\n"))
    }
  }

  @Test func `A client that takes no answer is left when the grace is over`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.library.answersAtOnce = false
      try harness.send(request("GET /a"))
      harness.quiesce()
      harness.advance(30)
      harness.wire.isFull = true
      harness.library.answer()
      harness.advance(29)
      #expect(harness.isOpen)
      harness.advance(2)
      #expect(!harness.isOpen)
    }
  }

  @Test func `A refused body is read to its end before the connection closes`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 4"]) + "ab")
      harness.quiesce()
      #expect(harness.library.quiesceEvents == 0)
      try harness.send("cd")
      #expect(harness.library.quiesceEvents == 1)
      #expect(try harness.statuses() == [404])
    }
  }

  @Test func `No new upload is taken`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.library.answersAtOnce = false
      try harness.send(request("GET /a") + request("PUT /b", body: "x"))
      harness.quiesce()
      harness.library.answer()
      #expect(try harness.statuses() == [200, 503])
      #expect(harness.store.sinks.isEmpty)
    }
  }
}
