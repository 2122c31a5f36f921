import Glibc
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Uploads that arrive in several requests, in one run of the server or in several.
@Suite struct ResumingTests {
  private static let size = 3 * 1_048_576 + 77
  /// Where the first request ends.
  private static let cuts = [
    0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577, size - 1, size,
  ]

  private func request(_ bytes: [UInt8]) throws -> FinalizeRequest {
    FinalizeRequest(path: try FilePath("file"), expected: TestHash.of(bytes))
  }

  @Test(arguments: DuplicatePolicy.allCases)
  func `an upload is published into a directory with the stated time, and records its path`(policy: DuplicatePolicy)
    async throws
  {
    try await withUnfinished(onDuplicate: policy) { fixture in
      if policy == .replace {
        for name in ["a", "a/b"] { try #require(mkdir(fixture.place.file(name), 0o755) == 0) }
        try fixture.place.write([9], to: "a/b/file")
      }
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await fixture.create(length: UInt64(Self.size)).id
      try await fixture.append(Array(bytes[..<100_000]), to: id)
      var request = try request(bytes)
      (request.path, request.modified) = (try FilePath("a/b/file"), 1_234_567)
      let file = try await fixture.finish(id, with: Array(bytes[100_000...]), request, hash: TestHash())
      #expect((file.name, file.modified, file.replaced) == ("a/b/file", 1_234_567, policy == .replace))
      #expect(try Digest.ofFile(fixture.place.file("a/b/file")) == Digest.of(bytes))
      #expect(try await fixture.find(id)?.state == .finished(file))
    }
  }

  @Test func `an upload that is rejected for a file in place of a directory can be published elsewhere`() async throws {
    try await withUnfinished(onDuplicate: .replace) { fixture in
      try fixture.place.write([9], to: "a")
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await fixture.create(length: UInt64(Self.size)).id
      var request = try request(bytes)
      for path in ["a/b", "new/a/b"] as [NameBytes] {
        request.path = try FilePath(path)
        // The second is rejected when it replaces nothing: its condition fails.
        request.condition = PublishCondition(path: request.path) { _ throws(UploadError) in
          throw UploadError(.preconditionFailed, "rejected")
        }
        let rest = try await fixture.find(id)?.offset == 0 ? bytes : []
        let rejected = request
        let error = await #expect(throws: UploadError.self) {
          try await fixture.finish(id, with: rest, rejected, hash: TestHash())
        }
        #expect(error?.code == (path == "a/b" ? .nameTaken : .preconditionFailed))
        #expect(try fixture.place.names() == [FileName.unfinishedDirectory, "a"])
      }
      (request.path, request.condition) = (try FilePath("c/b"), nil)
      #expect(try await fixture.finish(id, request, hash: TestHash()).name == "c/b")
      #expect(try Digest.ofFile(fixture.place.file("c/b")) == Digest.of(bytes))
    }
  }

  @Test(arguments: cuts, [true, false]) func `an upload that is cut anywhere completes in the same run`(
    cut: Int,
    isSizeKnown: Bool
  ) async throws {
    try await withUnfinished { fixture in
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await fixture.create(length: isSizeKnown ? UInt64(Self.size) : nil).id
      #expect(try await fixture.append(Array(bytes[..<cut]), to: id, hash: TestHash()) == UInt64(cut))
      #expect(try await fixture.find(id)?.offset == UInt64(cut))
      let file = try await fixture.finish(id, with: Array(bytes[cut...]), try request(bytes), hash: TestHash())
      #expect(file.digests == TestHash.of(bytes))
      #expect(try Digest.ofFile(fixture.place.file("file")) == Digest.of(bytes))
      #expect(fixture.store.hashes.count == 0)
    }
  }

  @Test(arguments: cuts, ["one", "two"]) func `an upload that is cut anywhere completes after a restart`(
    cut: Int,
    boot: String
  ) async throws {
    try await withUnfinished { first in
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await first.create(length: UInt64(Self.size)).id
      try await first.append(Array(bytes[..<cut]), to: id, hash: TestHash())
      let second = try first.restarted(bootID: boot)
      #expect(second.store.recover().map(\.offset) == [UInt64(cut)])
      let file = try await second.finish(id, with: Array(bytes[cut...]), try request(bytes), hash: TestHash())
      #expect(file.digests == TestHash.of(bytes))
      #expect(try Digest.ofFile(first.place.file("file")) == Digest.of(bytes))
      #expect(second.hiddenNames == [id.description + ".json"])
      #expect(try await second.find(id)?.state == .finished(file))
    }
  }

  @Test func `the first bytes of an upload are read again after a restart, but none beyond its offset`() async throws {
    try await withUnfinished { first in
      let id = try await first.create().id
      try await first.append(Array("GIF89a".utf8), to: id)
      let second = try first.restarted()
      let record = try #require(second.store.recover().first)
      for (count, text) in [(3, "GIF"), (100, "GIF89a"), (0, "")] {
        let bytes = try await second.store.firstBytes(record, count: count, on: second.eventLoop).get()
        #expect(String(buffer: bytes) == text)
      }
      let unknown = UnfinishedFixture.record()
      #expect(try await second.store.firstBytes(unknown, count: 3, on: second.eventLoop).get().readableBytes == 0)
    }
  }

  @Test func `an upload arrives in many requests of odd sizes`() async throws {
    try await withUnfinished(durability: .none) { fixture in
      let bytes = SplitMix64.bytes(700_000)
      let id = try await fixture.create().id
      var start = 0
      for count in [1, 1, 4094, 4096, 1, 8191, 0, 70_001, 131_072, 5, 300_000] {
        let chunk = Array(bytes[start..<start + count])
        start += count
        #expect(try await fixture.append(chunk, to: id, hash: TestHash()) == UInt64(start))
      }
      let file = try await fixture.finish(id, with: Array(bytes[start...]), try request(bytes), hash: TestHash())
      #expect(file.size == 700_000)
      #expect(try Digest.ofFile(fixture.place.file("file")) == Digest.of(bytes))
    }
  }

  @Test func `the meter counts no byte twice`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create(length: 10_000).id
      try await fixture.append(SplitMix64.bytes(5000), to: id)
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      #expect((probe.meter.stored, probe.meter.durable) == (5000, 5000))
      try await probe.write(SplitMix64.bytes(5000))
      _ = try await probe.beginFinalizing(FinalizeRequest(path: FilePath("file"))).get()
      #expect((probe.meter.stored, probe.meter.durable) == (10_000, 10_000))
    }
  }

  @Test func `provisional bytes are dropped when the request is aborted`() async throws {
    try await withUnfinished { fixture in
      let bytes = SplitMix64.bytes(3_000_000)
      let id = try await fixture.create().id
      try await fixture.append(Array(bytes[..<5000]), to: id, hash: TestHash())
      let record = try #require(try await fixture.find(id))
      let probe = try await fixture.append(to: record, isProvisional: true, hash: TestHash())
      try await probe.feed(SplitMix64.bytes(2_000_000), chunks: [300_000, 300_000, 300_000])
      try await eventually("bytes on the disk") { probe.meter.stored > 5000 }
      #expect(try await fixture.find(id)?.offset == 5000)
      try await probe.abort()
      #expect(try await fixture.find(id)?.offset == 5000)
      #expect(try fixture.restarted().store.recover().map(\.offset) == [5000])
      let file = try await fixture.finish(id, with: Array(bytes[5000...]), try request(bytes), hash: TestHash())
      #expect(file.digests == TestHash.of(bytes))
    }
  }

  @Test func `provisional bytes count once the request is suspended`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      let probe = try await fixture.append(to: #require(try await fixture.find(id)), isProvisional: true)
      try await probe.write(SplitMix64.bytes(100_000))
      #expect(try await probe.beginSuspending().get() == 100_000)
      #expect(try fixture.restarted(bootID: "two").store.recover().map(\.offset) == [100_000])
    }
  }

  @Test func `what was written before an abort is kept`() async throws {
    try await withUnfinished { fixture in
      let bytes = SplitMix64.bytes(500_000)
      let id = try await fixture.create().id
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      try await probe.write(bytes)
      try await eventually("bytes on the disk") { probe.meter.stored > 0 }
      try await probe.abort()
      let record = try #require(try await fixture.find(id))
      #expect(record.offset >= 65_536)
      let rest = Array(bytes[Int(record.offset)...])
      _ = try await fixture.finish(id, with: rest, try request(bytes), hash: TestHash())
      #expect(try Digest.ofFile(fixture.place.file("file")) == Digest.of(bytes))
    }
  }

  @Test func `a request that begins while the one before ends waits for it`() async throws {
    try await withUnfinished(threads: 1) { fixture in
      let bytes = SplitMix64.bytes(200_000)
      let id = try await fixture.create().id
      let record = try #require(try await fixture.find(id))
      let first = try await fixture.append(to: record)
      try await first.write(bytes)
      try await first.abort()
      let second = try await fixture.append(to: record)
      try await second.write(bytes)
      // What the first has written is no obstacle: it has not been promised.
      #expect(try await second.beginSuspending().get() == 200_000)
    }
  }

  @Test func `of two writes that end in the wrong order only the first makes a promise`() async throws {
    let isBlocked = Atomic(true)
    var calls = FileCalls()
    let write = calls.write
    calls.write = { descriptor, bytes, offset in
      // The second slab is on the disk while the first is still being written.
      if offset == 0, bytes.count == Slab.small {
        while isBlocked.load(ordering: .acquiring) { usleep(1000) }
      }
      return write(descriptor, bytes, offset)
    }
    try await withUnfinished(calls: calls) { fixture in
      let id = try await fixture.create().id
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      let bytes = SplitMix64.bytes(2_000_000)
      try await probe.write(bytes)
      try await eventually("the second slab on the disk") { probe.meter.stored > 0 }
      // As a process that is killed now would find it.
      #expect(try fixture.folder.counter(id) == 0)
      #expect(try fixture.folder.entry(id)?.record.offset == 0)
      isBlocked.store(false, ordering: .releasing)
      #expect(try await probe.beginSuspending().get() == 2_000_000)
      #expect(try fixture.folder.counter(id) == 2_000_000)
    }
  }

  @Test func `small uploads finish in the same way, empty ones too`() async throws {
    try await withUnfinished { fixture in
      for bytes in [[], [7], SplitMix64.bytes(4096)] {
        let id = try await fixture.create(length: UInt64(bytes.count)).id
        let file = try await fixture.finish(id, with: bytes, try request(bytes), hash: TestHash())
        #expect(try fixture.place.read(file.name) == bytes)
      }
    }
  }
}
