import Dispatch
import Glibc
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Space that stays free, on a simulated disk whose free space the test sets.
@Suite struct FreeSpaceTests {
  /// A disk with `free` bytes, from which the blocks that files reserve are subtracted.
  private final class SmallDisk: Sendable {
    let free: Mutex<UInt64>
    let supportsReserve: Bool

    init(free: UInt64, supportsReserve: Bool = true) {
      self.free = Mutex(free)
      self.supportsReserve = supportsReserve
    }

    var calls: FileCalls {
      var calls = FileCalls()
      calls.freeSpace = { _ in self.free.withLock { $0 } }
      calls.reserve = { _, range in
        guard self.supportsReserve else {
          errno = EOPNOTSUPP
          return -1
        }
        return self.free.withLock { free in
          guard range.upperBound - range.lowerBound <= free else {
            errno = ENOSPC
            return -1
          }
          free -= range.upperBound - range.lowerBound
          return 0
        }
      }
      return calls
    }
  }

  private static let mebibyte: UInt64 = 1 << 20

  private func failure(_ probe: SinkProbe) async throws -> UploadError {
    try await eventually("a failure") { try await !probe.notified.errors.isEmpty }
    return try #require(try await probe.notified.errors.first)
  }

  @Test func `no upload is rejected for space that counts twice while it is reserved`() async throws {
    let free = Atomic<UInt64>(100)
    let checks = Atomic(0)
    let space = FreeSpace(keeping: 0) {
      checks.add(1, ordering: .relaxed)
      return free.load(ordering: .relaxed)
    }
    try space.promise(60)
    let isReserving = DispatchSemaphore(value: 0)
    async let settled: Void = onThread {
      try space.settle { () throws(UploadError) in
        // The blocks are taken, and promised as well, until another upload has checked.
        free.store(40, ordering: .relaxed)
        isReserving.signal()
        while checks.load(ordering: .relaxed) < 2 { usleep(1000) }
        space.release(60)
      }
    }
    try await onThread {
      isReserving.wait()
      try space.promise(30)
    }
    try await settled
    #expect(throws: UploadError.self) { try space.promise(20) }
  }

  @Test func `further uploads may have what is free, without what stays free and what is promised`() throws {
    let space = FreeSpace(keeping: 10) { 100 }
    #expect(space.available == 90)
    try space.promise(60)
    #expect(space.available == 30)
    space.release(60)
    #expect(space.available == 90)
    #expect(FreeSpace(keeping: 200) { 100 }.available == 0)
    #expect(FreeSpace(keeping: 10) { nil }.available == nil)
  }

  @Test(arguments: [true, false]) func `of two uploads that find space for one, only the first is accepted`(
    supportsReserve: Bool
  )
    async throws
  {
    let disk = SmallDisk(free: 10 * Self.mebibyte, supportsReserve: supportsReserve)
    try await withStore(minFree: SizeSetting(2 * Self.mebibyte), calls: disk.calls) { fixture in
      let first = try await fixture.probe(size: 6 * Self.mebibyte)
      try await eventually("the first is let in") { try await first.hasRoom }
      let second = try await fixture.probe(size: 6 * Self.mebibyte)
      let error = try await failure(second)
      #expect(error.code == .diskFull)
      #expect(error.message.contains("6.0 MiB more are needed"))
      #expect(error.message.contains(supportsReserve ? "4.0 MiB are free" : "10.0 MiB are free"))
      #expect(error.message.contains("2 MiB are kept free (--min-free)"))
      #expect(error.message.contains("promised") == !supportsReserve)
      let third = try await fixture.probe(size: 2 * Self.mebibyte)
      try await eventually("two are enough for the third") { try await third.hasRoom }
      #expect(try await third.notified.errors.isEmpty)
      try await first.abort()
      try await third.abort()
    }
  }

  @Test
  func `the space promised to an upload shrinks as its bytes are written, and no space is promised after its end`()
    async throws
  {
    let disk = SmallDisk(free: 10 * Self.mebibyte, supportsReserve: false)
    try await withStore(calls: disk.calls) { fixture in
      let first = try await fixture.probe(size: 6 * Self.mebibyte)
      try await eventually("room") { try await first.hasRoom }
      #expect(!fixture.directory.space.hasRoom(for: 4 * Self.mebibyte + 1))
      try await first.feed(SplitMix64.bytes(Int(3 * Self.mebibyte)), chunks: repeatElement(300_000, count: 20))
      try await eventually("some is written") { first.meter.stored >= 2 * Self.mebibyte }
      let stored = first.meter.stored
      #expect(fixture.directory.space.hasRoom(for: 4 * Self.mebibyte + stored))
      try await first.abort()
      try await eventually("all is free again") { fixture.directory.space.hasRoom(for: 10 * Self.mebibyte) }

      let second = try await fixture.probe(size: Self.mebibyte)
      try await second.write(SplitMix64.bytes(Int(Self.mebibyte)))
      _ = try await fixture.publish([second.stage()])
      #expect(fixture.directory.space.hasRoom(for: 10 * Self.mebibyte))
      #expect(!fixture.directory.space.hasRoom(for: 10 * Self.mebibyte + 1))
    }
  }

  @Test(arguments: [true, false])
  func `uploads of unknown size that grow at the same time leave the space that is to stay free`(
    supportsReserve: Bool
  )
    async throws
  {
    // Enough for half of the body, and for one reserve ahead but not for two.
    let disk = SmallDisk(free: 100 * Self.mebibyte, supportsReserve: supportsReserve)
    let least = Mutex(UInt64.max)
    var calls = disk.calls
    let realSpace = calls.freeSpace
    // A worker that has checked is slow to act, so that another checks meanwhile.
    calls.freeSpace = { directory in
      defer { usleep(2000) }
      return realSpace(directory)
    }
    let reserve = calls.reserve
    calls.reserve = { descriptor, range in
      defer { least.withLock { $0 = min($0, disk.free.withLock { $0 }) } }
      return reserve(descriptor, range)
    }
    let write = calls.write
    calls.write = { descriptor, bytes, offset in
      let written = write(descriptor, bytes, offset)
      if !supportsReserve {
        let left = disk.free.withLock { free in
          free -= min(free, UInt64(max(0, written)))
          return free
        }
        least.withLock { $0 = min($0, left) }
      }
      return written
    }
    try await withStore(minFree: SizeSetting(20 * Self.mebibyte), calls: calls) { fixture in
      var probes: [SinkProbe] = []
      for _ in 0..<4 { probes.append(try await fixture.probe(size: nil)) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for probe in probes {
          group.addTask {
            for _ in 0..<40 where try await probe.notified.errors.isEmpty {
              try await probe.write([UInt8](repeating: 7, count: 1 << 20))
              try await eventually("room, or a failure") {
                let hasFailed = try await !probe.notified.errors.isEmpty
                return if hasFailed { true } else { try await probe.hasRoom }
              }
            }
          }
        }
        try await group.waitForAll()
      }
      for probe in probes { try await probe.abort() }
      #expect(least.withLock { $0 } >= 20 * Self.mebibyte)
    }
  }

  @Test(arguments: [true, false]) func `an upload of unknown size fails when it would use the space to keep free`(
    supportsReserve: Bool
  )
    async throws
  {
    let disk = SmallDisk(free: 5 * Self.mebibyte, supportsReserve: supportsReserve)
    try await withStore(minFree: SizeSetting(2 * Self.mebibyte), calls: disk.calls) { fixture in
      let probe = try await fixture.probe()
      let chunk = SplitMix64.bytes(500_000)
      for _ in 0..<4 {
        try await probe.write(chunk)
        try await eventually("room") { try await probe.hasRoom }
      }
      #expect(try await probe.notified.errors.isEmpty, "2 of 3 MiB")
      // Others take what there was.
      disk.free.withLock { $0 = 2 * Self.mebibyte + 1000 }
      for _ in 0..<4 { try await probe.write(chunk) }
      #expect(try await failure(probe).code == .diskFull)
    }
  }

  @Test func `an upload continues in blocks reserved ahead although the disk has become full`() async throws {
    let disk = SmallDisk(free: 100 * Self.mebibyte)
    try await withStore(minFree: SizeSetting(2 * Self.mebibyte), calls: disk.calls) { fixture in
      let probe = try await fixture.probe()
      let bytes = SplitMix64.bytes(Int(6 * Self.mebibyte))
      try await probe.feed(Array(bytes[..<2_000_000]), chunks: repeatElement(500_000, count: 4))
      try await eventually("blocks ahead") { disk.free.withLock { $0 } < 100 * Self.mebibyte }
      disk.free.withLock { $0 = 0 }
      try await probe.feed(Array(bytes[2_000_000...]), chunks: repeatElement(500_000, count: 20))
      let files = try await fixture.publish([probe.stage()])
      #expect(files.first?.size == 6 * Self.mebibyte)
      #expect(try fixture.place.read("file") == bytes)
    }
  }

  @Test func `small files and forms of limited size are rejected when they would use the space to keep free`()
    async throws
  {
    let disk = SmallDisk(free: 3 * Self.mebibyte)
    try await withStore(minFree: SizeSetting(2 * Self.mebibyte), calls: disk.calls) { fixture in
      let form = try await fixture.probe(size: 2 * Self.mebibyte, isExact: false)
      #expect(try await failure(form).code == .diskFull)
      disk.free.withLock { $0 = 2 * Self.mebibyte + 5 }
      let small = try await fixture.probe(size: 6)
      try await small.write([1, 2, 3, 4, 5, 6])
      let error = try await #require(throws: UploadError.self) { try await small.stage() }
      #expect(error.code == .cancelled || error.code == .diskFull)
      #expect(try await failure(small).code == .diskFull)
      let fits = try await fixture.probe(size: 5)
      try await fits.write([1, 2, 3, 4, 5])
      #expect(try await fixture.publish([fits.stage()]).first?.size == 5)
      let empty = try await fixture.probe(size: 0)
      #expect(try await fixture.publish([empty.stage("empty")]).first?.size == 0, "an empty file needs none")
    }
  }

  @Test func `while blocks of one upload are being reserved others are accepted, as far as space is left`() async throws
  {
    let disk = SmallDisk(free: 10 * Self.mebibyte)
    let isReserving = Atomic(false)
    let gate = DispatchSemaphore(value: 0)
    var calls = disk.calls
    let reserve = calls.reserve
    calls.reserve = { descriptor, range in
      isReserving.store(true, ordering: .relaxed)
      gate.wait()
      return reserve(descriptor, range)
    }
    try await withStore(minFree: SizeSetting(2 * Self.mebibyte), calls: calls) { fixture in
      defer { for _ in 0..<4 { gate.signal() } }
      let large = try await fixture.probe(size: 6 * Self.mebibyte)
      try await eventually("the reserve has begun") { isReserving.load(ordering: .relaxed) }
      let small = try await fixture.probe(size: 3)
      try await small.write([1, 2, 3])
      let isStaged = Atomic(false)
      let staged = try await small.beginStaging("small")
      staged.whenComplete { _ in isStaged.store(true, ordering: .relaxed) }
      try await eventually("the small one's end") { isStaged.load(ordering: .relaxed) }
      #expect(try await fixture.publish([staged.get()]).first?.size == 3)
      #expect(!fixture.directory.space.hasRoom(for: 2 * Self.mebibyte + 1), "the rest is promised")
      gate.signal()
      try await eventually("room for the large one") { try await large.hasRoom }
      #expect(fixture.directory.space.hasRoom(for: 2 * Self.mebibyte), "nothing is counted twice any more")
      try await large.abort()
    }
  }

  @Test func `all blocks of a large file of known size are reserved at the start, in adjacent steps`() async throws {
    let size: UInt64 = 200 * Self.mebibyte + 5
    let disk = SmallDisk(free: size)
    let steps = Mutex<[Range<UInt64>]>([])
    var calls = disk.calls
    let reserve = calls.reserve
    calls.reserve = { descriptor, range in
      steps.withLock { $0.append(range) }
      return reserve(descriptor, range)
    }
    try await withStore(calls: calls) { fixture in
      let probe = try await fixture.probe(size: size)
      try await eventually("room") { try await probe.hasRoom }
      #expect(disk.free.withLock { $0 } == 0)
      let taken = steps.withLock { $0 }
      #expect(taken.count == 4 && taken.first?.lowerBound == 0 && taken.last?.upperBound == size)
      #expect(zip(taken, taken.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
      try await probe.abort()
    }
  }

  @Test func `every upload is accepted where the free space is not known`() async throws {
    var calls = FileCalls()
    calls.freeSpace = { _ in nil }
    try await withStore(minFree: SizeSetting(.max), calls: calls) { fixture in
      let file = try await fixture.store([1, 2, 3], as: "a")
      #expect(file.size == 3)
    }
  }

  @Test func `the free space of an open directory is known, that of an invalid descriptor is not`() throws {
    let root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(root) }
    #expect(FileCalls().freeSpace(root) ?? 0 > 0)
    #expect(FileCalls().freeSpace(-1) == nil)
  }

  @Test(arguments: [DuplicatePolicy.replace, .error, .rename])
  func `an interrupted upload whose name is taken is kept under a numbered name, whatever the policy of the store`(
    policy: DuplicatePolicy
  ) async throws {
    try await withStore(durability: .full, onDuplicate: policy) { fixture in
      try fixture.place.write([9], to: "a.partial")
      let probe = try await fixture.probe(size: 3 * Self.mebibyte)
      let bytes = SplitMix64.bytes(1_500_001)
      try await probe.feed(bytes, chunks: repeatElement(400_000, count: 4))
      let file = try await probe.keep("a.partial")
      #expect(file.name == "a (2).partial")
      #expect(try fixture.place.read("a (2).partial") == bytes, "without the blocks that were reserved for the rest")
      #expect(try fixture.place.read("a.partial") == [9])
      #expect(probe.meter.durable == UInt64(bytes.count))
    }
  }

  @Test func `promises whose sum exceeds 64 bits are accepted where the free space is not known`() throws {
    let space = FreeSpace(keeping: 0) { nil }
    for _ in 0..<3 { try space.promise(.max) }
    for _ in 0..<3 { space.release(.max) }
    #expect(space.hasRoom(for: .max))
  }

  @Test func `a promise by which the sum exceeds 64 bits is rejected where the free space is known`() throws {
    let space = FreeSpace(keeping: 0) { UInt64.max }
    try space.promise(.max - 1)
    let error = try #require(throws: UploadError.self) { try space.promise(2) }
    #expect(error.code == .diskFull)
    space.release(.max - 1)
    try space.promise(.max)
  }
}
