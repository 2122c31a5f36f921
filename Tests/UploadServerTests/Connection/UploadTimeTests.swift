import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Idle and slow clients. The tests drive the clock.
@Suite struct UploadTimeTests {
  private var limits: UploadLimits {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(20)
    return limits
  }

  @Test func `An upload of which no byte arrives for the idle timeout is aborted with 408`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 10"]) + "abc")
      harness.advance(19)
      try harness.send("d")
      harness.advance(19)
      #expect(try harness.received() == "")
      harness.advance(2)
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      #expect(response.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(harness.store.sink?.isAborted == true)
      harness.advance(31)
      #expect(!harness.isOpen)
    }
  }

  @Test func `The connection of a client that timed out closes half a second after the 408`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 10"]) + "abc")
      harness.advance(milliseconds: 20_400)
      #expect(try harness.statuses() == [408])
      #expect(harness.isOpen, "the response has to get through")
      harness.advance(milliseconds: 200)
      #expect(!harness.isOpen)
    }
  }

  @Test
  func `A client does not time out while the disk is slow, and has the whole idle timeout afterwards`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 10"]) + "abc")
      harness.store.sink?.hasRoom = false
      harness.advance(300)
      #expect(try harness.received() == "")
      harness.store.sink?.hasRoom = true
      harness.advance(19)
      #expect(try harness.received() == "", "the client's time begins anew")
      harness.advance(2)
      #expect(try harness.statuses() == [408])
    }
  }

  @Test func `An upload whose file takes minutes to be stored gets 201`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      harness.advance(300)
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201])
    }
  }

  @Test(arguments: [nil, request("PUT /a", body: "x"), request("GET /")])
  func `A connection without a request is closed after the idle timeout`(before: String?) async throws {
    try await withHandler(limits: limits) { harness in
      if let before {
        harness.advance(15)
        try harness.send(before)
      }
      harness.advance(19)
      #expect(harness.isOpen)
      harness.advance(2)
      #expect(!harness.isOpen)
    }
  }

  @Test func `A client that sends a byte of its headers every 5 s is disconnected`() async throws {
    try await withHandler(limits: limits) { harness in
      for letter in "GET / HTTP/1.1" where harness.isOpen {
        try harness.send(String(letter))
        harness.advance(5)
      }
      #expect(!harness.isOpen)
    }
  }

  @Test func `A request whose headers are incomplete twenty seconds after their first byte gets 408`() async throws {
    try await withHandler { harness in
      harness.advance(25)
      for letter in "GET " {
        try harness.send(String(letter))
        harness.advance(4)
      }
      try harness.send("/")
      harness.advance(3)
      #expect(try harness.received() == "")
      harness.advance(2)
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      #expect(response.contains("{\"status\":408,"))
      #expect(harness.wire.outputIsClosed)
      try harness.send("a")
      harness.advance(31)
      #expect(!harness.isOpen)
    }
  }

  @Test
  func `The time limit of pipelined headers does not run while the upload before them is being stored`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x") + "GET /")
      harness.advance(300)
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201])
      harness.advance(19)
      try harness.send("b HTTP/1.1\r\nHost: localhost\r\n")
      harness.advance(19)
      try harness.send("\r\n")
      #expect(try harness.statuses() == [200])
      harness.advance(29)
      #expect(harness.isOpen)
    }
  }

  @Test func `A client slower than the minimum rate gets 408 after ten seconds`() async throws {
    var limits = limits
    limits.minRate = 10
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 1000"]))
      for _ in 0..<4 {
        harness.advance(2)
        try harness.send("0123456789")
      }
      harness.advance(1)
      #expect(try harness.received() == "", "the first ten seconds do not count")
      harness.advance(1)
      #expect(try harness.statuses() == [408])
      #expect(harness.store.sink?.isAborted == true)
    }
  }

  @Test func `A client faster than the minimum rate is accepted`() async throws {
    var limits = limits
    limits.minRate = 9
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 20000"]))
      for _ in 0..<1000 {
        try harness.send("01234567890123456789")
        harness.advance(2)
      }
      #expect(try harness.statuses() == [201])
    }
  }

  @Test func `A connection is not closed while Hummingbird takes minutes to respond`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /a"))
      harness.advance(300)
      #expect(harness.isOpen)
      harness.hummingbird.respond()
      #expect(try harness.statuses() == [200])
    }
  }

  @Test func `The idle timeout begins when the socket has accepted Hummingbird's response`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.wire.isFull = true
      try harness.send(request("GET /a"))
      harness.advance(300)
      #expect(harness.isOpen, "closing would drop what the socket has not taken")
      harness.wire.isFull = false
      harness.channel.flush()
      #expect(try harness.statuses() == [200])
      harness.advance(19)
      #expect(harness.isOpen)
      harness.advance(2)
      #expect(!harness.isOpen)
    }
  }

  @Test func `A connection whose rejected body stops arriving is closed after the idle timeout`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 10"]))
      #expect(try harness.statuses() == [404])
      harness.advance(9)
      try harness.send("x")
      harness.advance(19)
      #expect(harness.isOpen)
      harness.advance(2)
      #expect(!harness.isOpen)
    }
  }

  @Test func `A connection whose small rejected body arrives too slowly is closed after 30 s`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 1000"]))
      #expect(try harness.statuses() == [404])
      for _ in 0..<5 {
        harness.advance(5)
        try harness.send("x")
      }
      #expect(harness.isOpen)
      harness.advance(6)
      #expect(!harness.isOpen)
    }
  }
}
