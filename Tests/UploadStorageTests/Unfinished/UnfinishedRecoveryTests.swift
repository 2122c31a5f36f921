import Glibc
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// What the next run of a server makes of the files that a crash has left.
@Suite struct UnfinishedRecoveryTests {
  private static let size = 200_000

  /// An upload of which ``size`` bytes are promised.
  private func upload(_ fixture: UnfinishedFixture, _ bytes: [UInt8] = SplitMix64.bytes(size)) async throws
    -> UnfinishedID
  {
    let id = try await fixture.create().id
    try await fixture.append(bytes, to: id)
    return id
  }

  private func setOffset(_ offset: UInt64, _ id: UnfinishedID, _ fixture: UnfinishedFixture) throws {
    try fixture.folder.change(id) { $0.record.offset = offset }
  }

  @Test(arguments: ["one", "two"]) func `the counter is believed only in the boot in which it was written`(
    boot: String
  ) async throws {
    try await withUnfinished { fixture in
      let id = try await upload(fixture)
      try setOffset(100_000, id, fixture)
      let next = try fixture.restarted(bootID: boot)
      let offset: UInt64 = boot == "one" ? 200_000 : 100_000
      #expect(next.store.recover().map(\.offset) == [offset])
      #expect(try fixture.place.read(next.name(id, .data)).count == Int(offset), "the rest is removed")
      #expect(try await next.find(id)?.offset == offset)
    }
  }

  @Test func `bytes are synced before the counter becomes a promise`() async throws {
    let disk = FaultyDisk()
    try await withUnfinished(calls: disk.calls) { fixture in
      let id = try await upload(fixture)
      try setOffset(100_000, id, fixture)
      let next = try fixture.restarted()
      disk.clear()
      #expect(next.store.recover().map(\.offset) == [200_000])
      let sync = try #require(disk.made.firstIndex(of: .sync))
      let rename = try #require(disk.made.firstIndex(of: .rename))
      #expect(sync < rename)
    }
  }

  @Test func `a lost or truncated counter leaves the recorded offset`() async throws {
    try await withUnfinished { fixture in
      let id = try await upload(fixture)
      try fixture.place.write([1, 2, 3], to: fixture.name(id, .counter))
      #expect(try fixture.restarted().store.recover().map(\.offset) == [200_000])
      unlink(fixture.place.file(fixture.name(id, .counter)))
      #expect(try fixture.restarted().store.recover().map(\.offset) == [200_000])
    }
  }

  @Test func `an upload whose file is shorter than its offset is gone`() async throws {
    try await withUnfinished { fixture in
      let id = try await upload(fixture)
      truncate(fixture.place.file(fixture.name(id, .data)), 199_999)
      let next = try fixture.restarted()
      #expect(next.store.recover() == [])
      #expect(try await next.find(id)?.state == .gone)
      #expect(next.hiddenNames == [id.description + ".json"])
    }
  }

  @Test func `an upload whose file is missing is gone`() async throws {
    try await withUnfinished { fixture in
      let id = try await upload(fixture)
      unlink(fixture.place.file(fixture.name(id, .data)))
      // Noticed without a restart, too.
      #expect(try await fixture.find(id)?.state == .gone)
      #expect(try await fixture.failure(ofAppendingTo: UnfinishedFixture.record()) == .uploadGone)
      #expect(fixture.hiddenNames == [id.description + ".json"], "no file is created for an unknown upload")
    }
  }

  @Test func `bytes beyond the offset are cut off`() async throws {
    try await withUnfinished { fixture in
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await upload(fixture, bytes)
      truncate(fixture.place.file(fixture.name(id, .data)), 5_000_000)
      let next = try fixture.restarted()
      #expect(next.store.recover().map(\.offset) == [200_000])
      _ = try await next.finish(id)
      #expect(try Digest.ofFile(fixture.place.file("file")) == Digest.of(bytes))
    }
  }

  @Test func `an upload that claims more than its length is gone`() async throws {
    try await withUnfinished { fixture in
      let id = try await upload(fixture)
      _ = try await fixture.store.update(id, on: fixture.eventLoop) { $0.length = 200_000 }.get()
      truncate(fixture.place.file(fixture.name(id, .data)), 300_000)
      try fixture.writeCounter(300_000, id)
      #expect(try fixture.restarted().store.recover() == [])
    }
  }

  @Test(arguments: ["", "{", "[]", "null", #"{"version":2}"#, String(repeating: "x", count: 600_000)])
  func `an upload with a damaged record is deleted`(text: String) async throws {
    try await withUnfinished { fixture in
      let (damaged, other) = (try await upload(fixture), try await upload(fixture))
      try fixture.place.write(text.utf8, to: fixture.name(damaged, .record))
      #expect(try await fixture.find(damaged) == nil)
      let next = try fixture.restarted()
      #expect(next.store.recover().map(\.id) == [other])
      #expect(next.hiddenNames.allSatisfy { $0.hasPrefix(other.description) })
    }
  }

  @Test func `files without a record, drafts and empty directories are deleted, others stay`() async throws {
    try await withUnfinished { fixture in
      _ = try fixture.folder
      let id = UnfinishedID()
      for kind in [UnfinishedFolder.Kind.data, .counter, .draft] {
        try fixture.place.write([1], to: fixture.name(id, kind))
      }
      try fixture.place.write([1], to: FileName.unfinishedDirectory + "/notes.txt")
      #expect(try fixture.restarted().store.recover() == [])
      #expect(fixture.hiddenNames == ["notes.txt"])
      unlink(fixture.place.file(FileName.unfinishedDirectory + "/notes.txt"))
      #expect(try fixture.restarted().store.recover() == [])
      #expect(try fixture.place.names() == [])
    }
  }

  @Test func `expired uploads are deleted, those with a clock that was set back are not`() async throws {
    try await withUnfinished { fixture in
      let id = try await upload(fixture)
      let past = try fixture.restarted(now: 1000)
      let record = try #require(past.store.recover().first)
      #expect((record.created, record.expires) == (1000, 4600))
      #expect(try fixture.restarted(now: 4599).store.recover().count == 1)
      #expect(try fixture.restarted(now: 4600).store.recover() == [])
      #expect(try await fixture.find(id) == nil)
      #expect(try fixture.place.names() == [])
    }
  }

  @Test func `an upload that another server receives is left alone`() async throws {
    try await withUnfinished { fixture in
      let id = try await upload(fixture)
      try setOffset(100_000, id, fixture)
      let other = try fixture.restarted()
      Descriptors.whileLocked(fixture.place.file(fixture.name(id, .data))) {
        #expect(other.store.recover().map(\.offset) == [100_000])
      }
      #expect(try await other.find(id)?.offset == 200_000)
    }
  }

  // MARK: Publishing

  /// An upload with all its bytes, whose record says that it is being published.
  private func publishing(
    _ fixture: UnfinishedFixture,
    _ bytes: [UInt8],
    as path: NameBytes = "file",
    modified: Int64? = nil
  ) async throws -> UnfinishedID {
    let id = try await upload(fixture, bytes)
    let inode = try #require(try fixture.folder.dataStatus(id)).identity.inode
    let path = try FilePath(path)
    try fixture.folder.change(id) { entry in
      entry.record.state = .publishing
      entry.publication = .init(
        inode: inode,
        path: path,
        modified: modified,
        type: "a/b",
        digests: TestHash.of(bytes)
      )
    }
    return id
  }

  @Test func `a file that was about to be published into a directory gets its path and time once`() async throws {
    try await withUnfinished(durability: .full) { fixture in
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await publishing(fixture, bytes, as: "a/b/file", modified: 1_000_000)
      let records = try fixture.restarted().store.recover()
      let record = try #require(records.first)
      guard case .finished(let file) = record.state else {
        Issue.record("the upload is finished, and not \(record.state)")
        return
      }
      #expect((file.name, file.modified) == ("a/b/file", 1_000_000))
      #expect(try fixture.place.read("a/b/file") == bytes)
      #expect(try fixture.restarted().store.recover().map(\.state) == [record.state])
      #expect(DirectoryNames.read(fixture.place.file("a/b")) == ["file"])
      #expect(try await fixture.find(id)?.state == record.state)
    }
  }

  @Test func `a file that had its path in a directory when the server stopped is found there`() async throws {
    try await withUnfinished { fixture in
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await publishing(fixture, bytes, as: "a/b/file")
      for name in ["a", "a/b"] { try #require(mkdir(fixture.place.file(name), 0o755) == 0) }
      // As a publication under a taken name.
      let (data, path) = (fixture.place.file(fixture.name(id, .data)), fixture.place.file("a/b/file (2)"))
      try #require(rename(data, path) == 0)
      let records = try fixture.restarted().store.recover()
      guard case .finished(let file)? = records.first?.state else {
        Issue.record("the upload is finished, and not \(records)")
        return
      }
      #expect(file.name == "a/b/file (2)")
      #expect(DirectoryNames.read(fixture.place.file("a/b")) == ["file (2)"])
    }
  }

  @Test func `a file that was about to be published is published once`() async throws {
    try await withUnfinished { fixture in
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await publishing(fixture, bytes)
      let next = try fixture.restarted()
      let record = try #require(next.store.recover().first)
      guard case .finished(let file) = record.state else { throw TimeoutError("not finished") }
      #expect((file.name, file.digests) == ("file", TestHash.of(bytes)))
      #expect(try fixture.restarted().store.recover().map(\.state) == [.finished(file)])
      #expect(try fixture.place.names() == [FileName.unfinishedDirectory, "file"])
      #expect(next.hiddenNames == [id.description + ".json"])
    }
  }

  @Test func `a file that had its name when the server died is not published again`() async throws {
    try await withUnfinished { fixture in
      let bytes = SplitMix64.bytes(Self.size)
      let id = try await publishing(fixture, bytes)
      rename(fixture.place.file(fixture.name(id, .data)), fixture.place.file("file (7)"))
      let record = try #require(try fixture.restarted().store.recover().first)
      guard case .finished(let file) = record.state else { throw TimeoutError("not finished") }
      #expect(file.name == "file (7)")
      #expect(try fixture.place.names() == [FileName.unfinishedDirectory, "file (7)"])
    }
  }

  @Test func `a file with both names keeps the final one`() async throws {
    try await withUnfinished { fixture in
      let id = try await publishing(fixture, SplitMix64.bytes(Self.size))
      link(fixture.place.file(fixture.name(id, .data)), fixture.place.file("file"))
      #expect(try fixture.restarted().store.recover().count == 1)
      #expect(try fixture.place.names() == [FileName.unfinishedDirectory, "file"])
      #expect(fixture.hiddenNames == [id.description + ".json"])
    }
  }

  @Test func `publishing after a crash overwrites nothing`() async throws {
    try await withUnfinished(onDuplicate: .replace) { fixture in
      let bytes = SplitMix64.bytes(Self.size)
      _ = try await publishing(fixture, bytes)
      try fixture.place.write([1], to: "file")
      #expect(try fixture.restarted().store.recover().count == 1)
      #expect(try fixture.place.read("file") == [1])
      #expect(try Digest.ofFile(fixture.place.file("file (2)")) == Digest.of(bytes))
    }
  }

  @Test func `a published file that was deleted since is gone`() async throws {
    try await withUnfinished { fixture in
      let id = try await publishing(fixture, SplitMix64.bytes(Self.size))
      unlink(fixture.place.file(fixture.name(id, .data)))
      #expect(try fixture.restarted().store.recover() == [])
      #expect(try await fixture.find(id)?.state == .gone)
    }
  }
}
