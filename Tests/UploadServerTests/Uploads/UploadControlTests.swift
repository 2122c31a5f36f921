import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Uploads that the server's user limits or pauses while they run. Tests drive the time.
@Suite struct UploadControlTests {
  private func begin(_ harness: HandlerHarness, size: Int = 100_000) throws -> UploadMeter {
    harness.advance(1)
    try harness.send(request("PUT /a", ["Content-Length: \(size)"]) + "begin")
    return try #require(harness.store.sink?.meter)
  }

  private func pause(_ harness: HandlerHarness, _ meter: UploadMeter, _ isPaused: Bool = true) {
    #expect(harness.ledger.setPaused(meter.id, isPaused))
    harness.channel.embeddedEventLoop.run()
  }

  // MARK: Limits

  @Test
  func `a limit that is set while an upload runs delays its next reads, and one that is raised permits them at once`()
    async throws
  {
    try await withHandler { harness in
      let meter = try begin(harness)
      #expect(harness.readsOnTurn() == 1)
      #expect(harness.ledger.setLimit(meter.id, 1000))
      harness.channel.embeddedEventLoop.run()
      try harness.send(String(repeating: "x", count: 60_000))
      #expect(meter.phase == .limit && meter.limit == 1000)
      harness.advance(50)
      #expect(harness.readsOnTurn() == 0)
      let reads = harness.wire.reads
      #expect(harness.ledger.setLimit(meter.id, 1_000_000))
      harness.channel.embeddedEventLoop.run()
      #expect(harness.wire.reads == reads + 1)
      #expect(meter.phase == .peer && harness.readsOnTurn() == 1)
      try harness.send(String(repeating: "x", count: 10_000))
      #expect(harness.readsOnTurn() == 1, "10 kB at 1 MB/s are within the slack")
      #expect(harness.ledger.setLimit(meter.id, 1))
      harness.channel.embeddedEventLoop.run()
      try harness.send("x")
      #expect(meter.phase == .limit)
      #expect(harness.ledger.setLimit(meter.id, nil))
      harness.channel.embeddedEventLoop.run()
      #expect(meter.limit == nil && harness.readsOnTurn() == 1)
    }
  }

  @Test func `removing the limit of one upload does not end the wait for the server's own`() async throws {
    var limits = UploadLimits()
    limits.rate = 1000
    try await withHandler(limits: limits) { harness in
      let meter = try begin(harness)
      #expect(harness.ledger.setLimit(meter.id, 100))
      harness.channel.embeddedEventLoop.run()
      try harness.send(String(repeating: "x", count: 5000))
      #expect(harness.ledger.setLimit(meter.id, nil))
      harness.channel.embeddedEventLoop.run()
      #expect(harness.readsOnTurn() == 0)
      harness.advance(4)
      #expect(harness.readsOnTurn() == 0)
      harness.advance(2)
      #expect(harness.readsOnTurn() == 1)
    }
  }

  @Test func `reads are as small as a limit requires, and large again without it`() throws {
    let context = try HandlerHarness.context(MemoryStore(eventLoop: EmbeddedEventLoop()), limits: UploadLimits())
    let buffer = ReceiveBuffer(context)
    let usual = buffer.readSize
    buffer.limitReads(to: 2048)
    #expect(buffer.readSize == 2048 && buffer.nextBufferSize() == nil)
    buffer.limitReads(to: 0)
    #expect(buffer.readSize == 1)
    buffer.limitReads(to: nil)
    #expect(buffer.readSize == usual)
  }

  @Test func `the files of an incoming tree share its limit, also small ones that begin later`() async throws {
    try await withHandler { harness in
      let tree = #"Sluice-Tree: id="t1", name="p", files=100"#
      let body = String(repeating: "x", count: 1000)
      try harness.send(request("PUT /a", [tree], body: body) + request("PUT /b", [tree], body: body))
      #expect(try harness.statuses() == [201, 201])
      let group = try #require(harness.store.sink?.meter.group ?? harness.ledger.drain().ended.last?.group)
      #expect(harness.ledger.setLimit(group.id, .incoming, 1000))
      harness.advance(10)
      try harness.send(request("PUT /c", [tree, "Content-Length: 2000"]) + body)
      let meter = try #require(harness.store.sink?.meter)
      #expect(meter.group?.id == group.id && meter.phase == .limit && harness.readsOnTurn() == 0)
      harness.advance(2)
      #expect(harness.readsOnTurn() == 1)
      try harness.send(body)
      #expect(try harness.statuses() == [201])
    }
  }

  // MARK: Pauses

  @Test func `a paused upload trickles, times out neither as idle nor as slow, and continues at once`() async throws {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(5)
    limits.minRate = 1000
    try await withHandler(limits: limits) { harness in
      let trickle = ReadThrottle.trickleSize
      let meter = try begin(harness, size: 10 * trickle + 106)
      #expect(meter.canPause)
      pause(harness, meter)
      #expect(meter.phase == .userPause && meter.isResting && harness.readsOnTurn() == 0)
      for round in 1...10 {
        let reads = harness.wire.reads
        harness.advance(2)
        #expect(harness.wire.reads == reads + 1, "round \(round)")
        try harness.send(String(repeating: "x", count: trickle - 10))
        #expect(harness.readsOnTurn() == 1, "one more read")
        try harness.send("0123456789")
        #expect(meter.phase == .userPause && harness.readsOnTurn() == 0)
        #expect(meter.received == UInt64(5 + trickle * round))
      }
      // A client that sends nothing at all meanwhile.
      harness.advance(60)
      #expect(try harness.received() == "" && harness.isOpen)
      try harness.send("x")
      pause(harness, meter, false)
      #expect(meter.phase == .peer && harness.readsOnTurn() == 1)
      try harness.send(String(repeating: "x", count: 100))
      #expect(try harness.statuses() == [201])
      #expect(!meter.canPause && !meter.isPaused)
    }
  }

  @Test func `the idle timeout of a paused upload begins when it continues`() async throws {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(5)
    try await withHandler(limits: limits) { harness in
      let meter = try begin(harness)
      pause(harness, meter)
      harness.advance(100)
      pause(harness, meter, false)
      harness.advance(4)
      #expect(try harness.received() == "")
      harness.advance(10)
      #expect(try harness.statuses() == [408])
    }
  }

  @Test func `a paused upload can be cancelled, completed and interrupted`() async throws {
    try await withHandler { harness in
      let meter = try begin(harness)
      pause(harness, meter)
      #expect(harness.ledger.cancel(meter.id))
      harness.channel.embeddedEventLoop.run()
      #expect(try harness.statuses() == [403])
    }
    try await withHandler { harness in
      let meter = try begin(harness, size: 10)
      pause(harness, meter)
      harness.store.publishesAtOnce = false
      try harness.send("01234")
      #expect(meter.phase != .userPause && !meter.canPause, "all of it has arrived")
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201])
    }
    try await withHandler { harness in
      let meter = try begin(harness)
      pause(harness, meter)
      harness.disconnect()
      #expect(harness.ledger.totals(.incoming).failed == 1 && meter.ended != nil)
    }
  }

  @Test func `the next upload on the connection of one that was paused is not`() async throws {
    try await withHandler { harness in
      let meter = try begin(harness, size: 10)
      pause(harness, meter)
      try harness.send("01234")
      #expect(try harness.statuses() == [201])
      let next = try begin(harness)
      #expect(next !== meter && next.phase != .userPause && harness.readsOnTurn() == 1)
    }
  }

  @Test func `the rest of a form remains paused and limited when its next file begins`() async throws {
    try await withHandler { harness in
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 100000"]))
      try harness.send("--b\r\nContent-Disposition: form-data; filename=a\r\n\r\nfirst")
      let first = try #require(harness.store.sink?.meter)
      pause(harness, first)
      #expect(first.phase == .userPause && harness.ledger.setLimit(first.id, 1 << 20))
      try harness.send("\r\n--b\r\nContent-Disposition: form-data; filename=b\r\n\r\nsecond")
      harness.channel.embeddedEventLoop.run()
      let second = try #require(harness.store.sink?.meter)
      #expect(second !== first && second.phase == .userPause && second.limit == 1 << 20)
      #expect(first.phase != .userPause && !first.canPause)
      #expect(harness.readsOnTurn() == 0)
      pause(harness, second, false)
      // The limit still counts what has arrived.
      harness.advance(1)
      #expect(harness.readsOnTurn() == 1)
      try harness.send("\r\n--b--\r\n" + String(repeating: " ", count: 100))
    }
  }

  @Test func `a raw upload is paused as any other`() async throws {
    try await RawHarness.with { harness in
      try harness.send("hello")
      let meter = try #require(harness.store.sink?.meter)
      #expect(harness.ledger.setPaused(meter.id, true))
      harness.channel.embeddedEventLoop.run()
      #expect(meter.phase == .userPause && harness.readsOnTurn() == 0)
      let reads = harness.wire.reads
      harness.advance(2)
      #expect(harness.wire.reads == reads + 1)
      try harness.send(String(repeating: "x", count: ReadThrottle.trickleSize))
      harness.advance(1)
      #expect(harness.readsOnTurn() == 0)
      #expect(harness.ledger.setPaused(meter.id, false))
      harness.channel.embeddedEventLoop.run()
      #expect(harness.readsOnTurn() == 1)
      harness.fire(ChannelEvent.inputClosed)
      #expect(try harness.received().contains(#""status":201"#))
    }
  }

  @Test func `a resumable upload remains paused in its next request`() async throws {
    try await withResumable { harness in
      let path = try harness.create(length: 100)
      try harness.first.send(request("PATCH \(path)", append(at: 0, complete: false, ["Content-Length: 10"])) + "01234")
      let meter = try #require(harness.ledger.active().first)
      #expect(meter.canPause && harness.ledger.setPaused(meter.id, true))
      harness.loop.run()
      #expect(meter.phase == .userPause && harness.first.readsOnTurn() == 0)
      harness.first.advance(2)
      #expect(try harness.first.reply(to: "56789").status == 204)
      #expect(meter.phase == .interrupted && meter.isPaused)
      try harness.first.send(request("PATCH \(path)", append(at: 10, complete: true, ["Content-Length: 90"])) + "0")
      harness.loop.run()
      #expect(meter.phase == .userPause && harness.first.readsOnTurn() == 0)
      #expect(harness.ledger.setPaused(meter.id, false))
      harness.loop.run()
      #expect(meter.phase == .peer && harness.first.readsOnTurn() == 1)
      #expect(try harness.first.reply(to: String(repeating: "x", count: 89)).status == 201)
    }
  }

  @Test func `a pause that is ended while no client is connected does not slow the next request down`() async throws {
    try await withResumable { harness in
      let path = try harness.create(length: 100)
      try harness.first.send(request("PATCH \(path)", append(at: 0, complete: false, ["Content-Length: 10"])) + "01234")
      let meter = try #require(harness.ledger.active().first)
      #expect(harness.ledger.setPaused(meter.id, true))
      harness.first.disconnect()
      #expect(meter.phase == .interrupted && meter.isPaused)
      #expect(harness.ledger.setPaused(meter.id, false) && meter.phase == .interrupted)
      let second = try harness.connect()
      try second.send(request("PATCH \(path)", append(at: 5, complete: true, ["Content-Length: 95"])) + "5")
      harness.loop.run()
      #expect(!meter.isResting && second.readsOnTurn() == 1, "\(meter.phase)")
      #expect(try second.reply(to: String(repeating: "x", count: 94)).status == 201)
    }
  }

  @Test func `files of a paused incoming tree that begin later are paused, also small ones`() async throws {
    try await withHandler { harness in
      let tree = #"Sluice-Tree: id="t2", name="p", files=100"#
      try harness.send(request("PUT /a", [tree], body: "x") + request("PUT /b", [tree, "Content-Length: 10"]) + "01")
      let meter = try #require(harness.ledger.active().first)
      #expect(harness.ledger.setPaused(try #require(meter.group).id, .incoming, true))
      harness.channel.embeddedEventLoop.run()
      #expect(meter.phase == .userPause)
      try harness.send("23456789" + request("PUT /c", [tree, "Content-Length: 10"]) + "0")
      harness.channel.embeddedEventLoop.run()
      let next = try #require(harness.ledger.active().first)
      #expect(next !== meter && next.phase == .userPause && harness.readsOnTurn() == 0)
    }
  }
}
