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

  @Test func `A running upload finishes, and then the connection closes`() async throws {
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

  @Test func `An upload that does not end within the grace period is asked to try again later`() async throws {
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

  @Test func `The grace period also ends while a file is being stored`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.store.stagesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      harness.quiesce()
      harness.advance(61)
      #expect(try harness.statuses() == [503])
    }
  }

  @Test func `A closed connection leaves no object behind`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 4"]) + "ab")
      #expect(harness.handler != nil)
      harness.quiesce()
      harness.disconnect()
      #expect(harness.handler == nil, "the timer of the grace would keep it for as long as that is")
    }
  }

  @Test func `An idle connection closes when the server stops`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.quiesce()
      #expect(harness.hummingbird.quiesceEvents == 1)
    }
  }

  @Test func `Hummingbird gets the shutdown once, and closes after its response`() async throws {
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

  @Test func `Hummingbird's close waits until its response is sent`() async throws {
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

  @Test func `A rejected body is read to its end before the connection closes`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 4"]) + "ab")
      harness.quiesce()
      #expect(harness.hummingbird.quiesceEvents == 0)
      try harness.send("cd")
      #expect(harness.hummingbird.quiesceEvents == 1)
      #expect(try harness.statuses() == [404])
    }
  }

  @Test func `No new upload is accepted`() async throws {
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
