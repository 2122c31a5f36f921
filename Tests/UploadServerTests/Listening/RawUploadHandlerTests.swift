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

  @Test
  func `The bytes until FIN are stored as one file, and the response is one line of JSON with 201`() async throws {
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

  @Test func `FIN without a byte before it gets 400, and nothing is stored`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      harness.fire(ChannelEvent.inputClosed)
      let response = try harness.received()
      #expect(response.hasPrefix(#"{"status":400,"#))
      #expect(harness.store.sinks.isEmpty)
      #expect(!harness.isOpen)
    }
  }

  @Test func `A connection that breaks or closes without FIN aborts the upload`() async throws {
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

  @Test func `Nothing is read from the socket while the store has no room`() async throws {
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

  @Test func `A file over the size limit gets 413 at once; the connection closes at the sender's FIN`() async throws {
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

  @Test func `The rest of a rejected body is discarded even beyond 64 MiB while it arrives fast enough`() async throws {
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

  @Test
  func `With four lingering connections at most 64 MiB of a client's next rejected body are discarded`() async throws {
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

  @Test func `A sender of less than 1 MiB in the 10 s after a rejection is disconnected`() async throws {
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

  @Test func `An idle sender is disconnected if no byte has arrived, and otherwise gets 408`() async throws {
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

  @Test func `The connection of an idle sender closes within a second after the 408`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      harness.advance(20)
      #expect(try harness.received().hasPrefix(#"{"status":408,"#))
      #expect(harness.isOpen, "the response has to get through")
      harness.advance(1)
      #expect(!harness.isOpen)
    }
  }

  @Test func `Above the limit on uploads a sender gets 503, and nothing is stored`() async throws {
    var limits = limits
    limits.maxUploads = 0
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      #expect(try harness.received().hasPrefix(#"{"status":503,"#))
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test func `A shutdown closes connections without an upload, and gives others the grace period`() async throws {
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

  @Test func `A connection that closes within the grace period releases its handler and its upload`() async throws {
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
