import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

@Suite struct RawUploadHandlerTests {
  private var limits: UploadLimits {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(20)
    limits.grace = .seconds(60)
    limits.maxSize = 10
    return limits
  }

  @Test func `The bytes until FIN are a file, and the response is one line`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("hello")
      try harness.send("world")
      #expect(harness.store.sink?.meter.mode == .raw)
      #expect(harness.store.sink?.meter.remote == "[2001:db8::1]:4711")
      harness.fire(ChannelEvent.inputClosed)
      let response = try harness.received()
      #expect(response.hasPrefix(#"{"status":201,"msg":"file uploaded","ok":true,"files":[{"name":"upload-"#))
      #expect(response.hasSuffix("}\n") && response.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
      #expect(harness.store.sinks.map(\.text) == ["helloworld"])
      #expect(!harness.isOpen)
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }

  @Test func `A connection without a byte stores nothing, and the response says so`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      harness.fire(ChannelEvent.inputClosed)
      let response = try harness.received()
      #expect(response.hasPrefix(#"{"status":400,"#))
      #expect(harness.store.sinks.isEmpty)
      #expect(!harness.isOpen)
    }
  }

  @Test func `A broken connection stores nothing`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      harness.disconnect(IOError(errnoCode: 104, reason: "read"))
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.ledger.totals(.incoming).failed == 1)
      #expect(!harness.isOpen)
    }
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      harness.disconnect()
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
  }

  @Test func `The sender is not read while the store has no room`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      #expect(harness.readsOnTurn() == 1)
      harness.store.sink?.hasRoom = false
      #expect(harness.readsOnTurn() == 0)
      harness.advance(100)
      #expect(harness.isOpen)
      let before = harness.wire.reads
      harness.store.sink?.hasRoom = true
      #expect(harness.wire.reads == before + 1)
    }
  }

  @Test func `A file over the limit is rejected while the sender still sends`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("12345678901")
      #expect(try harness.received().hasPrefix(#"{"status":413,"#))
      #expect(!harness.wire.outputIsClosed && harness.isOpen)
      #expect(harness.readsOnTurn() == 1)
      harness.advance(1)
      #expect(harness.wire.outputIsClosed && harness.isOpen)
      try harness.send("more")
      #expect(harness.store.sinks.count == 1)
      harness.fire(ChannelEvent.inputClosed)
      #expect(!harness.isOpen)
    }
  }

  @Test func `The rest of a rejected body is discarded beyond 64 MiB`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("12345678901")
      let piece = String(repeating: "x", count: 1 << 20)
      for _ in 0..<80 {
        try harness.send(piece)
        harness.advance(1)
      }
      #expect(try harness.received().hasPrefix(#"{"status":413,"#))
      #expect(harness.isOpen)
      #expect(harness.server.lingering.clients == 1)
      harness.fire(ChannelEvent.inputClosed)
      #expect(!harness.isOpen)
      #expect(harness.server.lingering.clients == 0)
    }
  }

  @Test func `Beyond four connections of a client only 64 MiB are discarded`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      let client = ClientAddress(harness.channel.remoteAddress).key
      let places = (0..<4).compactMap { _ in harness.server.lingering.begin(client) }
      #expect(places.count == 4)
      try harness.send("12345678901")
      let piece = String(repeating: "x", count: 1 << 20)
      for _ in 0..<64 { try harness.send(piece) }
      #expect(harness.isOpen)
      try harness.send("x")
      #expect(!harness.isOpen)
      withExtendedLifetime(places) {}
    }
  }

  @Test func `A sender that is too slow after the response is disconnected`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("12345678901")
      for _ in 0..<4 {
        harness.advance(2)
        try harness.send("x")
      }
      #expect(harness.isOpen)
      harness.advance(2)
      #expect(!harness.isOpen, "less than 1 MiB in 10 s")
    }
  }

  @Test func `An idle sender times out`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      harness.advance(19)
      #expect(harness.isOpen)
      harness.advance(2)
      #expect(!harness.isOpen)
    }
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      harness.advance(19)
      try harness.send("d")
      harness.advance(19)
      #expect(try harness.received() == "")
      harness.advance(2)
      #expect(try harness.received().hasPrefix(#"{"status":408,"#))
      #expect(harness.store.sink?.isAborted == true)
    }
  }

  @Test func `The connection of an idle sender closes soon after the response`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      harness.advance(20)
      #expect(try harness.received().hasPrefix(#"{"status":408,"#))
      #expect(harness.isOpen, "the response has to get through")
      harness.advance(1)
      #expect(!harness.isOpen)
    }
  }

  @Test func `Above the upload limit the sender is asked to try again later`() async throws {
    var limits = limits
    limits.maxUploads = 0
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      #expect(try harness.received().hasPrefix(#"{"status":503,"#))
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test func `A server that stops closes connections without an upload, and lets the others finish`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      harness.fire(ChannelShouldQuiesceEvent())
      #expect(!harness.isOpen)
    }
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      harness.fire(ChannelShouldQuiesceEvent())
      try harness.send("def")
      harness.fire(ChannelEvent.inputClosed)
      #expect(try harness.received().hasPrefix(#"{"status":201,"#))
    }
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("a")
      harness.fire(ChannelShouldQuiesceEvent())
      for _ in 0..<5 {
        harness.advance(10)
        try harness.send("x")
      }
      #expect(try harness.received() == "")
      harness.advance(11)
      #expect(try harness.received().hasPrefix(#"{"status":503,"#))
    }
  }

  @Test func `A closed connection leaves no object behind`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      weak var body: (any IncomingBody)?
      try harness.send("abc")
      body = harness.handler?.session.body
      #expect(body != nil)
      harness.fire(ChannelShouldQuiesceEvent())
      harness.disconnect()
      #expect(harness.handler == nil)
      #expect(body == nil, "the timer of the grace would keep it for as long as that is")
    }
  }
}
