import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// A connection of a server that stops. The tests drive the clock.
@Suite struct QuiescingTests {
  private var limits: UploadLimits {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(20)
    limits.grace = .seconds(60)
    return limits
  }

  @Test func `During a shutdown a running upload finishes, and its response says Connection: close`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 4"]) + "ab")
      harness.quiesce()
      harness.quiesce()
      #expect(harness.hummingbird.quiesceEvents == 0, "Hummingbird would close the connection under it")
      try harness.send("cd")
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 201 Created\r\n"))
      #expect(response.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(harness.wire.outputIsClosed)
      harness.sendEnd()
      #expect(!harness.isOpen)
    }
  }

  @Test func `An upload that does not end within the grace period gets 503 with Retry-After`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 400"]) + "ab")
      harness.quiesce()
      for _ in 0..<5 {
        harness.advance(10)
        try harness.send("x")
      }
      #expect(try harness.received() == "")
      harness.advance(10)
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(response.contains("\r\nRetry-After: 5\r\n"))
      #expect(harness.store.sink?.isAborted == true)
    }
  }

  @Test func `A complete upload whose file is not staged when the grace period ends gets 503`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.store.stagesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      harness.quiesce()
      harness.advance(61)
      #expect(try harness.statuses() == [503])
    }
  }

  @Test func `A connection that closes within the grace period releases its handler at once`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 4"]) + "ab")
      #expect(harness.handler != nil)
      harness.quiesce()
      harness.disconnect()
      #expect(harness.handler == nil, "the timer of the grace would keep it for as long as that is")
    }
  }

  @Test func `On an idle connection the shutdown is forwarded to Hummingbird at once`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.quiesce()
      #expect(harness.hummingbird.quiesceEvents == 1)
    }
  }

  @Test func `While Hummingbird serves a request, a shutdown is forwarded, and the response says Connection: close`()
    async throws
  {
    try await withHandler(limits: limits) { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /a"))
      harness.quiesce()
      #expect(harness.hummingbird.quiesceEvents == 1)
      harness.hummingbird.respond()
      let response = try harness.received()
      #expect(response.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(harness.hummingbird.quiesceEvents == 1, "closing at once would cut the response that is being sent")
    }
  }

  @Test func `During a shutdown Hummingbird's close waits until its response is sent`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /a"))
      harness.quiesce()
      harness.wire.isFull = true
      harness.hummingbird.respond()
      #expect(harness.isOpen)
      harness.wire.isFull = false
      harness.channel.flush()
      #expect(!harness.isOpen)
      #expect(try harness.received().hasSuffix("hummingbird: GET /a\n"))
    }
  }

  @Test func `A client that does not read its response is disconnected when the grace period is over`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /a"))
      harness.quiesce()
      harness.advance(30)
      harness.wire.isFull = true
      harness.hummingbird.respond()
      harness.advance(29)
      #expect(harness.isOpen)
      harness.advance(2)
      #expect(!harness.isOpen)
    }
  }

  @Test
  func `A shutdown is forwarded to Hummingbird only after the rest of a rejected body has been read`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 4"]) + "ab")
      harness.quiesce()
      #expect(harness.hummingbird.quiesceEvents == 0)
      try harness.send("cd")
      #expect(harness.hummingbird.quiesceEvents == 1)
      #expect(try harness.statuses() == [404])
    }
  }

  @Test func `A queued upload whose turn comes during a shutdown is rejected with 503`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /a") + request("PUT /b", body: "x"))
      harness.quiesce()
      harness.hummingbird.respond()
      #expect(try harness.statuses() == [200, 503])
      #expect(harness.store.sinks.isEmpty)
    }
  }
}
