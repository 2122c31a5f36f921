import Dispatch
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Digests of content on its way to the disk, and of what is there.
@Suite struct DiskDigestTests {
  private static let sizes = [
    0, 1, 4095, Slab.small, Slab.small + 1, Slab.large, 3 * Slab.large + 5, 20 * Slab.large + 4097,
  ]

  private func probe(_ fixture: StoreFixture, size: UInt64? = nil, hash: (any ContentHash)?) async throws -> SinkProbe {
    try await SinkProbe(fixture.store, size: size, isExact: true, hash: hash, on: fixture.eventLoop)
  }

  @Test(arguments: sizes, [1, 16]) func `a digest computed during the upload is right with one thread and with many`(
    size: Int,
    threads: Int
  ) async throws {
    try await withStore(threads: threads) { fixture in
      let bytes = SplitMix64.bytes(size)
      let probe = try await probe(fixture, size: UInt64(size), hash: TestHash())
      try await probe.feed(bytes, chunks: repeatElement(300_000, count: size / 300_000 + 1))
      let request = FinalizeRequest(path: try FilePath("a"), expected: TestHash.of(bytes))
      let file = try #require(try await fixture.publish([probe.beginStaging(request).get()]).first)
      #expect(file.digests == TestHash.of(bytes))
      #expect(try Digest.ofFile(fixture.place.file("a")) == file.digests.sha256Text)
      #expect(fixture.directory.reader.open("a")?.file.digests == file.digests)
      try await fixture.waitUntilAllIsReleased()
    }
  }

  @Test(arguments: sizes) func `a digest requested only at the end is computed by reading the file again`(
    size: Int
  ) async throws {
    try await withStore { fixture in
      let bytes = SplitMix64.bytes(size)
      let probe = try await probe(fixture, size: UInt64(size), hash: nil)
      try await probe.feed(bytes, chunks: repeatElement(1 << 20, count: size >> 20))
      let request = FinalizeRequest(path: try FilePath("a"), expected: TestHash.of(bytes), late: TestHash())
      let file = try #require(try await fixture.publish([probe.beginStaging(request).get()]).first)
      #expect(file.digests == TestHash.of(bytes))
      try await fixture.waitUntilAllIsReleased()
    }
  }

  @Test(arguments: sizes, [false, true])
  func `an upload with another digest than expected fails, and leaves nothing behind`(
    size: Int,
    isLate: Bool
  ) async throws {
    try await withStore { fixture in
      let probe = try await probe(fixture, hash: isLate ? nil : TestHash())
      try await probe.feed(SplitMix64.bytes(size), chunks: repeatElement(1 << 20, count: size >> 20))
      let request = FinalizeRequest(
        path: try FilePath("a"),
        expected: TestHash.of(SplitMix64.bytes(size) + [1]),
        late: isLate ? TestHash() : nil
      )
      let error = try await #require(throws: UploadError.self) { try await probe.beginStaging(request).get() }
      #expect(error.code == .contentMismatch)
      try await fixture.waitUntilAllIsReleased()
      #expect(try fixture.place.names() == [])
    }
  }

  @Test func `an expected digest that was not computed fails the upload`() async throws {
    try await withStore { fixture in
      let probe = try await probe(fixture, hash: nil)
      let request = FinalizeRequest(path: try FilePath("a"), expected: TestHash.of([]))
      await #expect(throws: UploadError.self) { try await probe.beginStaging(request).get() }
      #expect(try fixture.place.names() == [])
    }
  }

  @Test func `an upload that is aborted while it is hashed releases everything`() async throws {
    try await withStore { fixture in
      let probe = try await probe(fixture, hash: TestHash())
      try await probe.feed(SplitMix64.bytes(9 * Slab.large + 7), chunks: repeatElement(500_000, count: 20))
      try await probe.abort()
      try await fixture.waitUntilAllIsReleased()
      #expect(try fixture.place.names() == [])
    }
  }

  @Test func `while the first slab is being hashed there is no room, and only two slabs are in use`() async throws {
    try await withStore { fixture in
      let gate = DispatchSemaphore(value: 0)
      let probe = try await probe(fixture, hash: GatedHash(gate: gate))
      let bytes = SplitMix64.bytes(Slab.small + 2 * Slab.large)
      try await probe.write(bytes)
      // The first slab is written long before its hash continues; until then no other follows it.
      #expect(try await !probe.hasRoom)
      #expect(probe.meter.stored == 0)
      #expect(probe.meter.residentBytes == Slab.small + Slab.large)
      gate.signal()
      let request = FinalizeRequest(path: try FilePath("a"), expected: TestHash.of(bytes))
      _ = try await fixture.publish([probe.beginStaging(request).get()])
      #expect(try fixture.place.read("a") == bytes)
    }
  }
}

/// A hash that waits until a test lets it continue.
private struct GatedHash: ContentHash {
  let gate: DispatchSemaphore
  private var hash = TestHash()

  init(gate: DispatchSemaphore) {
    self.gate = gate
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    gate.wait()
    gate.signal()
    hash.update(bytes)
  }

  var digests: ContentDigests { hash.digests }
}
