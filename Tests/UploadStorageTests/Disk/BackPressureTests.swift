import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct BackPressureTests {
  @Test func `while the disk is busy there is no room, and the delegate is notified once there is`() async throws {
    try await withStore(threads: 1) { fixture in
      let gate = await WorkerGate(blocking: fixture.workers, threads: 1)
      let probe = try await fixture.probe()
      // One small slab is handed to the worker, a large one filled; the first write goes alone.
      let bytes = SplitMix64.bytes(Slab.small + Slab.large + 1)
      try await probe.write(Array(bytes[..<(Slab.small + Slab.large)]))
      #expect(try await probe.hasRoom)
      try await probe.write([bytes[Slab.small + Slab.large]])
      #expect(try await !probe.hasRoom)
      #expect(probe.meter.phase == .disk)
      #expect(probe.meter.stored == 0)
      #expect(probe.meter.residentBytes == Slab.small + Slab.large)
      #expect(try await probe.notified.rooms == 0)
      gate.open()
      try await eventually("room") { try await probe.hasRoom }
      #expect(try await probe.notified.rooms == 1)
      #expect(probe.meter.phase == .peer)
      _ = try await fixture.publish([probe.stage()])
      #expect(try fixture.place.read("file") == bytes)
      #expect(try await probe.notified.rooms == 1)
    }
  }

  @Test func `bytes that arrive without room are queued in order`() async throws {
    try await withStore(threads: 1) { fixture in
      let gate = await WorkerGate(blocking: fixture.workers, threads: 1)
      let probe = try await fixture.probe()
      let bytes = SplitMix64.bytes(4 * Slab.large)
      for start in stride(from: 0, to: bytes.count, by: 100_000) {
        try await probe.write(Array(bytes[start..<min(bytes.count, start + 100_000)]))
      }
      let staged = try await probe.beginStaging()
      #expect(probe.meter.phase == .finishing)
      #expect(probe.meter.residentBytes == Slab.small + Slab.large)
      gate.open()
      _ = try await fixture.publish([staged.get()])
      #expect(try fixture.place.read("file") == bytes)
      #expect(try await probe.notified.rooms == 0, "the sink asks for no bytes after the end")
    }
  }

  /// The least that an upload waits for memory with; it keeps less without a slab.
  private let block = SplitMix64.bytes(WritePlan.alignment)

  /// Spends a whole budget with slabs that no upload fills.
  private func spend(_ budget: MemoryBudget) -> [Slab] {
    var spent: [Slab] = []
    while let slab = budget.take(upTo: Slab.small) { spent.append(slab) }
    return spent
  }

  @Test func `with the budget spent an upload waits for memory, and continues when a slab is released`() async throws {
    try await withStore(budget: MemoryBudget.minimum) { fixture in
      var spent = spend(fixture.budget)
      #expect(fixture.budget.use.used == MemoryBudget.minimum)
      let probe = try await fixture.probe()
      let bytes = SplitMix64.bytes(WritePlan.alignment + 1)
      try await probe.write(Array(bytes.dropLast()))
      #expect(try await !probe.hasRoom)
      #expect(probe.meter.phase == .memory)
      #expect(probe.meter.residentBytes == 0)
      try await probe.write(Array(bytes.suffix(1)))
      fixture.budget.release(spent.removeLast())
      try await eventually("room") { try await probe.hasRoom }
      #expect(try await probe.notified.rooms == 1)
      #expect(probe.meter.phase == .peer)
      _ = try await fixture.publish([probe.stage()])
      #expect(try fixture.place.read("file") == bytes)
      spent.forEach(fixture.budget.release)
    }
  }

  @Test func `an empty file is stored although the budget is spent`() async throws {
    try await withStore(budget: MemoryBudget.minimum) { fixture in
      let spent = spend(fixture.budget)
      let probe = try await fixture.probe()
      try await probe.write([])
      _ = try await fixture.publish([probe.stage()])
      #expect(try fixture.place.read("file") == [])
      spent.forEach(fixture.budget.release)
    }
  }

  @Test func `when an upload that waits for memory is aborted the next one is granted the slab`() async throws {
    try await withStore(budget: MemoryBudget.minimum) { fixture in
      var spent = spend(fixture.budget)
      let (first, second) = (try await fixture.probe(), try await fixture.probe())
      try await first.write(block)
      try await second.write(block)
      try await first.abort()
      fixture.budget.release(spent.removeLast())
      try await eventually("room for the second") { try await second.hasRoom }
      #expect(first.meter.residentBytes == 0)
      _ = try await fixture.publish([second.stage()])
      #expect(try fixture.place.read("file") == block)
      spent.forEach(fixture.budget.release)
    }
  }

  @Test func `a slab that is granted as its upload is aborted is released`() async throws {
    try await withStore(budget: MemoryBudget.minimum) { fixture in
      var spent = spend(fixture.budget)
      let probe = try await fixture.probe()
      try await probe.write(block)
      let (budget, slab) = (fixture.budget, spent.removeLast())
      // On the loop, so that the grant has been sent but has not arrived when the upload ends.
      let sent = fixture.eventLoop.submit { budget.release(slab) }
      async let aborted: Void = probe.abort()
      try await sent.get()
      try await aborted
      spent.forEach(fixture.budget.release)
      try await eventually("all released") { budget.use.used == 0 }
      #expect(probe.meter.residentBytes == 0)
    }
  }

  @Test func `staging waits for memory when the budget is spent`() async throws {
    try await withStore(budget: MemoryBudget.minimum) { fixture in
      let spent = spend(fixture.budget)
      let probe = try await fixture.probe()
      try await probe.write(block)
      let staged = try await probe.beginStaging()
      spent.forEach(fixture.budget.release)
      _ = try await fixture.publish([staged.get()])
      #expect(try fixture.place.read("file") == block)
    }
  }

  @Test func `many uploads at once share the smallest budget, and all are stored`() async throws {
    try await withStore(budget: MemoryBudget.minimum) { fixture in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<24 {
          group.addTask {
            let probe = try await fixture.probe()
            let bytes = SplitMix64.bytes(Slab.large + 100_000, seed: UInt64(number))
            try await probe.feed(bytes, chunks: Array(repeating: 70_000, count: 20))
            _ = try await fixture.publish([probe.stage("\(number)")])
          }
        }
        try await group.waitForAll()
      }
      for number in 0..<24 {
        #expect(try fixture.place.read("\(number)") == SplitMix64.bytes(Slab.large + 100_000, seed: UInt64(number)))
      }
    }
  }
}
