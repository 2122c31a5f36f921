import Crypto
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct DiskUploadTests {
  private static let kibi = 1024
  private static let mebi = 1024 * 1024

  /// Sizes around those at which pages, first slabs and large slabs end.
  private static let sizes = [
    0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, mebi - 1, mebi, mebi + 1, mebi + 64 * kibi - 1, mebi + 64 * kibi,
    mebi + 64 * kibi + 1, 3 * mebi - 1, 3 * mebi, 3 * mebi + 1,
  ]

  /// How the network may cut bytes into reads.
  private enum Pattern: CaseIterable {
    case one, pages, whole, mixed

    func chunks(_ count: Int, seed: UInt64) -> [Int] {
      switch self {
      case .one: return [1, count]
      case .pages: return Array(repeating: 4096, count: count / 4096 + 1)
      case .whole: return [count]
      case .mixed:
        var generator = SplitMix64(seed: seed)
        var left = count
        var chunks: [Int] = []
        while left > 0 {
          chunks.append(Int.random(in: 1...(256 * kibi), using: &generator))
          left -= chunks.last ?? left
        }
        return chunks
      }
    }
  }

  @Test(arguments: sizes)
  func `a file of any size, sent in chunks of any size, is stored as it was sent`(size: Int) async throws {
    try await withStore { fixture in
      let bytes = SplitMix64.bytes(size, seed: UInt64(size))
      for pattern in Pattern.allCases {
        let probe = try await fixture.probe()
        try await probe.feed(bytes, chunks: pattern.chunks(size, seed: UInt64(size)))
        let staged = try await probe.stage("\(pattern)")
        #expect(probe.meter.stored == UInt64(size))
        #expect(probe.meter.durable == 0)
        #expect(probe.meter.residentBytes == 0)
        #expect(probe.meter.phase == .finishing)
        let files = try await fixture.publish([staged])
        #expect(files.map(\.size) == [UInt64(size)])
        #expect(
          try SHA256.hexadecimal(ofFile: fixture.place.file("\(pattern)")) == SHA256.hexadecimal(of: bytes),
          "\(pattern)"
        )
        #expect(try await probe.notified.errors.isEmpty)
      }
    }
  }

  @Test(arguments: [Durability.none, .file, .full])
  func `bytes count as durable once the file is published, but never with durability none`(durability: Durability)
    async throws
  {
    try await withStore(durability: durability) { fixture in
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(100_000))
      let staged = try await probe.stage()
      #expect(probe.meter.durable == 0, "it has no name yet")
      _ = try await fixture.publish([staged])
      #expect(probe.meter.durable == (durability == .none ? 0 : 100_000))
      #expect(probe.meter.stored == 100_000)
      #expect(try fixture.place.read("file").count == 100_000)
    }
  }

  @Test func `the first slab is small, and an upload that fills it at once gets a large one next`() async throws {
    try await withTimedStore { fixture, _ in
      let (slow, fast) = (try await fixture.probe(), try await fixture.probe())
      try await slow.write([1])
      #expect(slow.meter.peakResidentBytes == Slab.small)
      #expect(slow.meter.residentBytes == 4096, "one page of it was touched")
      #expect(fixture.budget.use.used == Slab.small)
      try await slow.abort()
      try await fast.write(SplitMix64.bytes(Slab.small + 2 * WritePlan.alignment))
      try await eventually("the first slab's write") { fast.meter.stored == UInt64(Slab.small) }
      #expect(fast.meter.peakResidentBytes == Slab.small + Slab.large)
      #expect(fixture.budget.use.used == Slab.large)
      try await fast.abort()
    }
  }

  @Test func `an upload that writes without waiting uses at most three large slabs`() async throws {
    try await withStore { fixture in
      let probe = try await fixture.probe()
      for _ in 0..<8 { try await probe.write(SplitMix64.bytes(Slab.large)) }
      _ = try await fixture.publish([probe.stage()])
      #expect(probe.meter.peakResidentBytes <= 3 * Slab.large)
      #expect(probe.meter.peakResidentBytes > Slab.large)
      #expect(try fixture.place.read("file").count == 8 * Slab.large)
    }
  }

  @Test func `the type of a stored file is read back where the file system supports attributes`() async throws {
    try await withStore { fixture in
      let stored = try await fixture.store([1], as: "a", type: "image/x-test")
      #expect(stored.type == "image/x-test")
      let takes = Descriptors.takesAttributes(fixture.place.file("probe"))
      let types = fixture.directory.names().map { fixture.directory.reader.open($0)?.file.type }
      #expect(types == [takes ? "image/x-test" : nil])
      let untyped = try await fixture.store([1], as: "b")
      #expect(untyped.type == nil)
      #expect(fixture.directory.reader.open("b")?.file.type == nil)
    }
  }

  @Test func `many simultaneous uploads of one name are numbered without gaps under rename`() async throws {
    try await withStore(threads: WorkerPool.diskThreads) { fixture in
      let stored = try await withThrowingTaskGroup(of: (Int, StoredFile).self) { group in
        for number in 0..<64 {
          group.addTask {
            let bytes = SplitMix64.bytes(10_000 + number, seed: UInt64(number))
            return (number, try await fixture.store(bytes, as: "same.bin"))
          }
        }
        return try await group.reduce(into: [:]) { $0[$1.1.name] = $1.0 }
      }
      #expect(Set(stored.keys) == Set(["same.bin"] + (2...64).map { "same (\($0)).bin" }))
      for (name, number) in stored {
        #expect(try fixture.place.read(name) == SplitMix64.bytes(10_000 + number, seed: UInt64(number)))
      }
      #expect(try fixture.place.names().count == 64)
    }
  }

  @Test func `of many simultaneous uploads of one name exactly one is stored under error`() async throws {
    try await withStore(onDuplicate: .error, threads: WorkerPool.diskThreads) { fixture in
      let outcomes = await withTaskGroup(of: UploadError.Code?.self) { group in
        for number in 0..<16 {
          group.addTask {
            do {
              _ = try await fixture.store([UInt8(number)], as: "same")
              return nil
            } catch {
              return (error as? UploadError)?.code ?? .internalFailure
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(outcomes.count == 16)
      let rejections = outcomes.compactMap(\.self)
      #expect(rejections == Array(repeating: .nameTaken, count: 15))
      let names = try fixture.place.names()
      #expect(names == ["same"])
    }
  }

  /// A staged file of no store.
  private struct ForeignFile: StagedFile {
    let meter: UploadMeter
  }

  @Test func `a staged file of another store is not published, nor are those beside it`() async throws {
    try await withStore { fixture in
      let probe = try await fixture.probe()
      let own = try await probe.stage("own")
      let foreign = ForeignFile(meter: probe.meter)
      let error = try await #require(throws: UploadError.self) { try await fixture.publish([own, foreign]) }
      #expect(error.code == .internalFailure)
      fixture.store.discard([own, foreign])
      try await fixture.waitUntilAllIsReleased()
      #expect(try fixture.place.names() == [])
    }
  }

  @Test func `when the name of one file of a form is rejected, none of its files is published`() async throws {
    try await withStore(durability: .full, onDuplicate: .error) { fixture in
      _ = try await fixture.store([9], as: "c")
      let (first, second) = (try await fixture.probe(), try await fixture.probe())
      try await first.write([1])
      try await second.write([2])
      let staged = try await [first.stage("a"), second.stage("c")]
      let error = try await #require(throws: UploadError.self) { try await fixture.publish(staged) }
      #expect(error.code == .nameTaken)
      #expect(try fixture.place.names() == ["c"])
      #expect(first.meter.durable == 0)
    }
  }

  @Test func `on a file system without unnamed files hidden ones are used, and none is left`() async throws {
    try await withStore { fixture in
      fixture.directory.supportsUnnamed.store(false, ordering: .relaxed)
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(2 * Slab.small))
      try await eventually("the first write") { probe.meter.stored > 0 }
      let hidden = try #require(fixture.place.names().first)
      #expect(FileName.isPartial(NameBytes(hidden)))
      #expect(try fixture.place.names().count == 1)
      _ = try await fixture.publish([probe.stage("a")])
      #expect(try fixture.place.names() == ["a"])
      let other = try await fixture.probe()
      try await other.write(SplitMix64.bytes(2 * Slab.small))
      try await eventually("the first write") { other.meter.stored > 0 }
      try await other.abort()
      try await eventually("the hidden file gone") { try fixture.place.names() == ["a"] }
    }
  }
}
