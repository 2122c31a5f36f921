import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Bytes of unfinished uploads that become durable while data flows.
@Suite struct CheckpointTests {
  /// Runs `body` on an event loop whose time only the test moves.
  private func withTimedUploads(
    durability: Durability = .full,
    _ body: (UnfinishedFixture, NIOAsyncTestingEventLoop) async throws -> Void
  ) async throws {
    let loop = NIOAsyncTestingEventLoop()
    try await withUnfinished(durability: durability, on: loop) { try await body($0, loop) }
    await loop.shutdownGracefully()
  }

  @Test func `written bytes are promised after 5 s, and others are written meanwhile`() async throws {
    try await withTimedUploads { fixture, loop in
      let id = try await fixture.create().id
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      let bytes = SplitMix64.bytes(400_000)
      try await probe.write(Array(bytes[..<100_000]))
      try await eventually("the first slab on the disk") { probe.meter.stored >= 65_536 }
      #expect(probe.meter.durable == 0)
      await loop.advanceTime(by: .seconds(5))
      try await eventually("a checkpoint") { probe.meter.durable >= 65_536 }
      let offset = try #require(try await fixture.find(id)).offset
      #expect((65_536...100_000).contains(offset))
      try await probe.write(Array(bytes[100_000...]))
      #expect(try await probe.beginSuspending().get() == 400_000)
      _ = try await fixture.finish(id)
      #expect(try Digest.ofFile(fixture.place.file("file")) == Digest.of(bytes))
    }
  }

  @Test func `without syncs an offset is announced as soon as the bytes are written`() async throws {
    try await withTimedUploads(durability: .none) { fixture, _ in
      let id = try await fixture.create().id
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      try await probe.write(SplitMix64.bytes(70_000))
      try await eventually("the first slab on the disk") { probe.meter.stored >= 65_536 }
      let offset = try #require(try await fixture.find(id)).offset
      #expect((65_536...70_000).contains(offset))
      #expect(probe.meter.durable == 0)
      try await probe.abort()
      #expect(try #require(try await fixture.find(id)).offset >= offset)
    }
  }
}
