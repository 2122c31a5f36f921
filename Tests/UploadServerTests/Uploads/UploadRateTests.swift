import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Uploads under rate limits. Tests drive the time.
@Suite struct UploadRateTests {
  private func limits(rate: UInt64? = nil, perUpload: UInt64? = nil) -> UploadLimits {
    var limits = UploadLimits()
    (limits.rate, limits.ratePerUpload) = (rate, perUpload)
    return limits
  }

  @Test(arguments: [(1000, nil), (nil, 1000), (1000, 50_000), (50_000, 1000)] as [(UInt64?, UInt64?)])
  func `reads pause until the average rate is within the limit`(rate: UInt64?, perUpload: UInt64?) async throws {
    try await withHandler(limits: limits(rate: rate, perUpload: perUpload)) { harness in
      harness.advance(10)
      try harness.send(request("PUT /a", ["Content-Length: 4000"]) + String(repeating: "x", count: 2000))
      let meter = try #require(harness.store.sink?.meter)
      #expect(meter.phase == .limit)
      #expect(harness.readsOnTurn() == 0)
      harness.advance(milliseconds: 1960)
      #expect(harness.readsOnTurn() == 0)
      let reads = harness.wire.reads
      harness.advance(milliseconds: 20)
      #expect(harness.wire.reads == reads + 1, "1 kB/s, with 30 ms of slack")
      #expect(meter.phase == .peer)
      try harness.send(String(repeating: "x", count: 2000))
      #expect(try harness.statuses() == [201])
    }
  }

  @Test func `while a rate limit blocks its reads an upload neither times out nor counts as slow`() async throws {
    var limits = limits(rate: 100)
    limits.minRate = 1000
    limits.idleTimeout = .seconds(5)
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 20000"]) + String(repeating: "x", count: 15_000))
      harness.advance(140)
      #expect(try harness.received() == "")
      #expect(harness.store.sink?.meter.phase == .limit)
      harness.advance(16)
      #expect(try harness.statuses() == [408], "from here on it could have sent")
    }
  }

  @Test func `reads stay paused while the store has no room, even when the rate limit permits them`() async throws {
    try await withHandler(limits: limits(rate: 1000)) { harness in
      harness.advance(10)
      try harness.send(request("PUT /a", ["Content-Length: 4000"]) + String(repeating: "x", count: 1000))
      harness.store.sink?.hasRoom = false
      harness.advance(5)
      #expect(harness.readsOnTurn() == 0)
      harness.store.sink?.hasRoom = true
      #expect(harness.readsOnTurn() == 1)
    }
  }

  @Test func `the rate limit of an upload does not delay the next request`() async throws {
    try await withHandler(limits: limits(perUpload: 1000)) { harness in
      try harness.send(request("PUT /a", body: String(repeating: "x", count: 5000)))
      #expect(try harness.statuses() == [201])
      #expect(harness.readsOnTurn() == 1)
      try harness.send(request("GET /b"))
      #expect(try harness.statuses() == [200])
    }
  }
}
