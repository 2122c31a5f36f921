import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// What an incoming upload waited for, as the server finds it out. Tests drive the time of the loop.
@Suite struct ReceiveMonitorTests {
  @Test func `the time of an upload counts for what blocked its reads`() async throws {
    var limits = UploadLimits()
    limits.rate = 1000
    try await withHandler(limits: limits) { harness in
      harness.advance(10)
      try harness.send(request("PUT /a", ["Content-Length: 4000"]) + String(repeating: "x", count: 2000))
      let meter = try #require(harness.store.sink?.meter)
      let now = ContinuousClock.now + .seconds(1000)
      #expect(try #require(meter.time(at: now))[.limit] > 999)
    }
  }

  @Test func `without a socket bytes are awaited from the client`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: 4"]) + "ab")
      harness.advance(1)
      let meter = try #require(harness.store.sink?.meter)
      meter.phase = .peer
      try harness.send("c")
      try harness.send("d")
      #expect(try harness.statuses() == [201])
      let time = try #require(meter.time(at: .now))
      #expect(time[.network] == 0 && time[.server] == 0 && time[.client] > 0)
      #expect(meter.link == nil)
    }
  }

  @Test func `reads that fill the buffer are counted`() async throws {
    try await withHandler { harness in
      let buffer = harness.receiveBuffer
      for count in [16 << 10, 32 << 10, 100] { _ = buffer.record(actualReadBytes: count) }
      #expect(buffer.reads == ReceiveBuffer.Reads(all: 3, full: 2))
    }
  }
}
