import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Slow and stalled uploads use little memory, so that many of them leave room for others.
@Suite struct SlowUploadTests {
  @Test func `a large slab that is not filled in a second is written and released`() async throws {
    try await withTimedStore { fixture, loop in
      let bytes = SplitMix64.bytes(Slab.small + 300_001)
      let probe = try await fixture.probe()
      try await probe.write(Array(bytes[..<(Slab.small + 300_000)]))
      try await eventually("the first write") { probe.meter.stored == UInt64(Slab.small) }
      #expect(fixture.budget.use.used == Slab.large)
      await loop.advanceTime(by: .seconds(2))
      try await eventually("the slab to be released") { fixture.budget.use.used == 0 }
      // Whole blocks are on the disk; the rest waits for more.
      #expect(probe.meter.stored == UInt64(Slab.small + 299_008))
      #expect(try await probe.hasRoom)
      try await probe.write([bytes[Slab.small + 300_000]])
      #expect(fixture.budget.use.used == 0, "less than a block is kept without a slab")
      _ = try await fixture.publish([probe.stage()])
      #expect(try fixture.place.read("file") == bytes)
    }
  }

  @Test func `an upload that ends after its slab was released for stalling is stored completely`() async throws {
    try await withTimedStore { fixture, loop in
      let bytes = SplitMix64.bytes(Slab.small + 1_000)
      let probe = try await fixture.probe()
      try await probe.write(bytes)
      try await eventually("the first write") { probe.meter.stored == UInt64(Slab.small) }
      await loop.advanceTime(by: .seconds(2))
      try await eventually("the slab to be released") { fixture.budget.use.used == 0 }
      _ = try await fixture.publish([probe.stage()])
      #expect(try fixture.place.read("file") == bytes)
    }
  }

  @Test func `a slow upload retains its small slab while no other upload waits`() async throws {
    try await withTimedStore { fixture, loop in
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(20_000))
      for _ in 0..<5 { await loop.advanceTime(by: .seconds(2)) }
      #expect(fixture.budget.use.used == Slab.small)
      #expect(probe.meter.stored == 0)
      try await probe.abort()
    }
  }

  @Test func `a fast upload is granted large slabs beside 400 stalled ones, which are stored completely afterwards`()
    async throws
  {
    try await withTimedStore(budget: MemoryBudget.minimum) { fixture, loop in
      let count = 400
      let bytes = SplitMix64.bytes(Slab.small + 500)
      var slow: [SinkProbe] = []
      for _ in 0..<count {
        let probe = try await fixture.probe()
        try await probe.write(bytes)
        slow.append(probe)
      }
      // The large slabs that uploads ask for after their first stay with them until they are known to be slow.
      for probe in slow {
        try await eventually("the first write") {
          await loop.advanceTime(by: .milliseconds(250))
          return probe.meter.stored == UInt64(Slab.small)
        }
      }
      await loop.advanceTime(by: .milliseconds(500))
      let fast = try await fixture.probe()
      try await fast.write(SplitMix64.bytes(Slab.small))
      try await eventually("the fast upload's first bytes") { fast.meter.stored == UInt64(Slab.small) }
      // All that it takes from here on is the loop and the disk: no time passes.
      let more = SplitMix64.bytes(8 * Slab.large)
      try await fast.feed(more, chunks: [Int](repeating: 256 * 1024, count: 32))
      try await eventually("its other bytes") { fast.meter.stored >= UInt64(7 * Slab.large) }
      // A disk that is fast enough needs no second one.
      #expect(fast.meter.peakResidentBytes >= Slab.large, "it was granted large slabs too")
      try await fast.abort()
      for probe in slow {
        let name = "\(UploadID())"
        _ = try await fixture.publish([probe.stage(name)])
        #expect(try fixture.place.read(name) == bytes)
      }
    }
  }

  @Test func `a slow upload has no slab until it has a block of bytes, and that slab is recalled for a fast one`()
    async throws
  {
    try await withTimedStore(budget: MemoryBudget.minimum) { fixture, loop in
      let bytes = SplitMix64.bytes(Slab.small + 5_000)
      let slow = try await fixture.probe()
      try await slow.write(Array(bytes[..<(Slab.small + 1_000)]))
      try await eventually("the first write") { slow.meter.stored == UInt64(Slab.small) }
      #expect(fixture.budget.use.used == 0, "less than a block is kept without a slab")
      await loop.advanceTime(by: .seconds(1))
      try await slow.write(Array(bytes[(Slab.small + 1_000)...]))
      #expect(fixture.budget.use.used == Slab.small)
      var spent: [Slab] = []
      while let slab = fixture.budget.take(upTo: Slab.small) { spent.append(slab) }
      // No time passes: the slab is on offer as soon as the upload has it.
      let fast = try await fixture.probe()
      try await fast.write(SplitMix64.bytes(Slab.small))
      try await eventually("the fast upload's first bytes") { fast.meter.stored == UInt64(Slab.small) }
      #expect(slow.meter.stored == UInt64(Slab.small + 4_096))
      spent.forEach(fixture.budget.release)
      try await fast.abort()
      _ = try await fixture.publish([slow.stage()])
      #expect(try fixture.place.read("file") == bytes)
    }
  }

  @Test func `all slow uploads are stored completely although they have spent the budget`() async throws {
    try await withTimedStore(budget: MemoryBudget.minimum) { fixture, loop in
      let count = 2 * MemoryBudget.minimum / Slab.small
      var probes: [SinkProbe] = []
      let bytes = SplitMix64.bytes(9_000)
      for _ in 0..<count {
        let probe = try await fixture.probe()
        try await probe.write(bytes)
        probes.append(probe)
      }
      #expect(fixture.budget.use.used == MemoryBudget.minimum)
      #expect(probes.suffix(count / 2).allSatisfy { $0.meter.phase == .memory })
      await loop.advanceTime(by: .seconds(1))
      for probe in probes { try await eventually("room for all") { try await probe.hasRoom } }
      for (index, probe) in probes.enumerated() {
        _ = try await fixture.publish([probe.stage("\(index)")])
        #expect(try fixture.place.read("\(index)") == bytes)
      }
    }
  }

  @Test
  func `with the budget spent, an upload of less than a block does not wait for a slab and is stored without one`()
    async throws
  {
    try await withTimedStore(budget: MemoryBudget.minimum) { fixture, _ in
      var spent: [Slab] = []
      while let slab = fixture.budget.take(upTo: Slab.small) { spent.append(slab) }
      let probe = try await fixture.probe()
      let bytes = SplitMix64.bytes(4_000)
      for byte in bytes.prefix(3) { try await probe.write([byte]) }
      try await probe.write(Array(bytes.dropFirst(3)))
      #expect(try await probe.hasRoom)
      #expect(probe.meter.phase == .peer)
      _ = try await fixture.publish([probe.stage()])
      #expect(try fixture.place.read("file") == bytes)
      spent.forEach(fixture.budget.release)
    }
  }

  @Test func `an upload that is aborted while its slab is being released leaves nothing`() async throws {
    try await withTimedStore { fixture, loop in
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(Slab.small + 100_000))
      try await eventually("the first write") { probe.meter.stored == UInt64(Slab.small) }
      await loop.advanceTime(by: .seconds(2))
      try await probe.abort()
      try await fixture.waitUntilAllIsReleased()
      #expect(try fixture.place.names() == [])
    }
  }
}
