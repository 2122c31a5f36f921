import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Uploads that end early, at every stage: nothing stays in the directory, and all memory goes back.
@Suite struct DiskUploadEndingTests {
  private func expectNothingLeft(_ fixture: StoreFixture, _ probe: SinkProbe) async throws {
    try await fixture.waitUntilAllIsReleased()
    #expect(try fixture.place.names() == [])
    try await eventually("the meter at 0") { probe.meter.residentBytes == 0 }
    #expect(probe.meter.durable == 0)
  }

  @Test func `an abort before the first byte leaves nothing`() async throws {
    try await withStore { fixture in
      let probe = try await fixture.probe()
      try await probe.abort()
      try await probe.abort()
      try await expectNothingLeft(fixture, probe)
      #expect(try await probe.notified.errors.isEmpty)
    }
  }

  @Test func `an abort with a partly filled slab leaves nothing`() async throws {
    try await withStore { fixture in
      let probe = try await fixture.probe()
      try await probe.write([1, 2, 3])
      try await probe.abort()
      #expect(probe.meter.residentBytes == 0)
      try await expectNothingLeft(fixture, probe)
    }
  }

  @Test(arguments: [false, true])
  func `an abort while the first write runs leaves nothing`(hidden: Bool) async throws {
    try await withStore(threads: 1) { fixture in
      fixture.directory.supportsUnnamed.store(!hidden, ordering: .relaxed)
      let gate = await WorkerGate(blocking: fixture.workers, threads: 1)
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(Slab.small + 10))
      try await probe.abort()
      #expect(probe.meter.residentBytes == Slab.small, "the worker still reads from it")
      gate.open()
      try await expectNothingLeft(fixture, probe)
      #expect(try await probe.notified.errors.isEmpty)
      #expect(try await probe.notified.rooms == 0)
    }
  }

  @Test(arguments: [false, true])
  func `an abort while two writes run and more is pending leaves nothing`(hidden: Bool) async throws {
    try await withStore(threads: 1) { fixture in
      fixture.directory.supportsUnnamed.store(!hidden, ordering: .relaxed)
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(Slab.small))
      try await eventually("the first write") { probe.meter.stored == UInt64(Slab.small) }
      let gate = await WorkerGate(blocking: fixture.workers, threads: 1)
      try await probe.write(SplitMix64.bytes(4 * Slab.large))
      #expect(try await !probe.hasRoom)
      #expect(probe.meter.residentBytes == 3 * Slab.large)
      try await probe.abort()
      #expect(probe.meter.residentBytes == 2 * Slab.large)
      gate.open()
      try await expectNothingLeft(fixture, probe)
    }
  }

  @Test(arguments: [0, 10, Slab.small, Slab.small + 10])
  func `an abort while the file is being staged deletes it`(size: Int) async throws {
    try await withStore(durability: .full, threads: 1) { fixture in
      let gate = await WorkerGate(blocking: fixture.workers, threads: 1)
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(size))
      let staged = try await probe.beginStaging()
      try await probe.abort()
      let error = try await #require(throws: UploadError.self) { try await staged.get() }
      #expect(error.code == .cancelled)
      gate.open()
      try await expectNothingLeft(fixture, probe)
      #expect(try await probe.notified.errors.isEmpty, "the caller knows that it aborted")
    }
  }

  @Test func `an abort after staging does nothing, and discarding the staged file deletes it`() async throws {
    try await withStore { fixture in
      let probe = try await fixture.probe()
      try await probe.write([1])
      let staged = try await probe.stage()
      try await probe.abort()
      #expect(fixture.unfinishedFiles.count == 1, "the file belongs to the caller")
      fixture.store.discard([staged])
      try await expectNothingLeft(fixture, probe)
    }
  }

  @Test func `a staged file is deleted with its last reference`() async throws {
    try await withStore { fixture in
      let probe = try await fixture.probe()
      try await probe.write([1])
      do { _ = try await probe.stage() }
      try await expectNothingLeft(fixture, probe)
    }
  }

  @Test func `after an abort further bytes are ignored, and staging fails as cancelled`() async throws {
    try await withStore { fixture in
      let probe = try await fixture.probe()
      try await probe.abort()
      try await probe.write(SplitMix64.bytes(Slab.large))
      #expect(try await probe.hasRoom)
      let error = try await #require(throws: UploadError.self) { try await probe.stage() }
      #expect(error.code == .cancelled)
      try await expectNothingLeft(fixture, probe)
    }
  }

  @Test func `staging twice fails the second time only`() async throws {
    try await withStore { fixture in
      let probe = try await fixture.probe()
      try await probe.write([1])
      let first = try await probe.beginStaging("a")
      await #expect(throws: UploadError.self) { try await probe.stage("b") }
      _ = try await fixture.publish([first.get()])
      #expect(try fixture.place.names() == ["a"])
    }
  }

  @Test func `a sink that is released during a write retains no memory and leaves no file open`() async throws {
    try await withStore(threads: 1) { fixture in
      let gate = await WorkerGate(blocking: fixture.workers, threads: 1)
      try await fixture.probe().write(SplitMix64.bytes(Slab.small))
      gate.open()
      try await fixture.waitUntilAllIsReleased()
    }
  }

  @Test func `when the workers have been shut down uploads and publishing fail at once`() async throws {
    try await withTemporaryDirectory { place in
      let workers = WorkerPool(threads: 1)
      let budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
      let store = DiskStore(directory: try UploadDirectory(path: place.path), budget: budget, workers: workers)
      await workers.shutDown()
      let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
      let probe = try await SinkProbe(store, size: nil, isExact: true, on: eventLoop)
      try await probe.write(SplitMix64.bytes(Slab.small))
      try await eventually("the failure") { try await probe.notified.errors.count == 1 }
      #expect(try await probe.notified.errors.first?.code == .storageFailed)
      #expect(budget.use.used == 0)
      await #expect(throws: (any Error).self) { try await store.publish([], on: eventLoop).get() }
    }
  }
}
