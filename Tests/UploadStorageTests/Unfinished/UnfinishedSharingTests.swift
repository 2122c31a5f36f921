import Glibc
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Two servers on one directory: one asks for an upload while the other publishes it.
@Suite struct UnfinishedSharingTests {
  /// What another server makes of a record that it has read some time ago.
  private func refreshed(_ entry: UnfinishedEntry, _ fixture: UnfinishedFixture) throws -> UnfinishedRecord {
    let other = try fixture.restarted()
    let clock = UnfinishedClock(bootID: "one") { UnfinishedFixture.now }
    return UnfinishedRecovery(finalizer: other.finalizer, clock: clock).refreshed(entry, in: try other.folder).record
  }

  /// An upload with some bytes, and its record.
  private func upload(_ fixture: UnfinishedFixture) async throws -> UnfinishedEntry {
    let id = try await fixture.create().id
    try await fixture.append(SplitMix64.bytes(10_000), to: id)
    return try #require(try fixture.folder.entry(id))
  }

  @Test func `an upload that was published after its record was read is finished`() async throws {
    try await withUnfinished { fixture in
      let seen = try await upload(fixture)
      let file = try await fixture.finish(seen.record.id, with: [1])
      #expect(try refreshed(seen, fixture).state == .finished(file))
      #expect(try await fixture.find(seen.record.id)?.state == .finished(file))
    }
  }

  @Test func `an upload that was published, and its file deleted, after its record was read is finished`()
    async throws
  {
    try await withUnfinished { fixture in
      let seen = try await upload(fixture)
      let inode = try #require(try fixture.folder.dataStatus(seen.record.id)).identity.inode
      let file = try await fixture.finish(seen.record.id)
      unlink(fixture.place.file("file"))
      var publishing = seen
      publishing.record.state = .publishing
      let path = try FilePath("file")
      publishing.publication = .init(inode: inode, path: path, type: nil, digests: ContentDigests())
      #expect(try refreshed(publishing, fixture).state == .finished(file))
      #expect(try await fixture.find(seen.record.id)?.state == .finished(file))
    }
  }

  @Test func `an upload whose file has moved but is still being published is at its full offset`() async throws {
    try await withUnfinished { fixture in
      let seen = try await upload(fixture)
      let id = seen.record.id
      let inode = try #require(try fixture.folder.dataStatus(id)).identity.inode
      let path = try FilePath("file")
      try fixture.folder.change(id) { entry in
        (entry.record.state, entry.record.length) = (.publishing, entry.record.offset)
        entry.publication = .init(inode: inode, path: path, type: nil, digests: ContentDigests())
      }
      rename(fixture.place.file(fixture.name(id, .data)), fixture.place.file("file"))
      let record = try refreshed(seen, fixture)
      #expect((record.state, record.offset) == (.publishing, 10_000))
      #expect(try fixture.folder.entry(id)?.record.state == .publishing)
      #expect(try await fixture.failure(ofAppendingTo: seen.record) == .tooManyUploads)
    }
  }

  @Test func `a request that appends to an upload which was published meanwhile has the wrong offset`() async throws {
    try await withUnfinished { fixture in
      let seen = try await upload(fixture)
      let file = try await fixture.finish(seen.record.id, with: [1])
      let other = try fixture.restarted()
      #expect(try await other.failure(ofAppendingTo: seen.record) == .offsetMismatch)
      #expect(try await other.find(seen.record.id)?.state == .finished(file))
    }
  }

  @Test func `a server that asks all the time never finds that an upload is gone`() async throws {
    try await withUnfinished(durability: .none) { fixture in
      let other = try fixture.restarted()
      for _ in 0..<40 {
        let id = try await upload(fixture).record.id
        async let finished = fixture.finish(id, with: [1])
        var record: UnfinishedRecord?
        repeat {
          record = try await other.find(id)
          #expect(record?.state != .gone)
        } while record.map { $0.state == .unfinished || $0.state == .publishing } ?? false
        let file = try await finished
        #expect(try await fixture.find(id)?.state == .finished(file))
      }
    }
  }
}
