import Glibc
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Creating, changing, deleting and concatenating unfinished uploads.
@Suite struct UnfinishedRecordTests {
  @Test func `a new upload is found as it was created, in every run`() async throws {
    try await withUnfinished { fixture in
      let record = try await fixture.create(length: 10)
      #expect(try await fixture.find(record.id) == record)
      #expect(try await fixture.restarted(bootID: "two").find(record.id) == record)
      #expect(try await fixture.find(UnfinishedID()) == nil)
    }
  }

  @Test func `nothing is found where no upload was ever created`() async throws {
    try await withUnfinished { fixture in
      let found = try await fixture.find(UnfinishedID())
      #expect(found == nil)
      #expect(fixture.store.recover() == [])
      let names = try fixture.place.names()
      #expect(names == [])
    }
  }

  @Test func `a change keeps offset, state and identity`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      try await fixture.append([1, 2], to: id)
      let changed = try await fixture.store.update(id, on: fixture.eventLoop) { record in
        (record.length, record.expires) = (100, 5)
        (record.offset, record.id, record.state) = (99, UnfinishedID(), .publishing)
      }.get()
      #expect((changed?.length, changed?.expires, changed?.offset) == (100, 5, 2))
      #expect((changed?.id, changed?.state) == (id, .unfinished))
      #expect(try await fixture.find(id) == changed)
      let unknown = try await fixture.store.update(UnfinishedID(), on: fixture.eventLoop) { $0.expires = 1 }.get()
      #expect(unknown == nil)
    }
  }

  @Test func `an upload that is declared gone loses its bytes, and is remembered`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      try await fixture.append([1, 2], to: id, hash: TestHash())
      let changed = try await fixture.store.update(id, on: fixture.eventLoop) { $0.state = .gone }.get()
      #expect(changed?.state == .gone)
      #expect(fixture.hiddenNames == [id.description + ".json"])
      #expect(fixture.store.hashes.count == 0)
      #expect(try await fixture.failure(ofAppendingTo: #require(changed)) == .uploadGone)
      #expect(fixture.hiddenNames == [id.description + ".json"])
    }
  }

  @Test func `changes during a request are kept by its checkpoints`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      try await probe.write([1])
      _ = try await fixture.store.update(id, on: fixture.eventLoop) { $0.expires = 77 }.get()
      #expect(try await probe.beginSuspending().get() == 1)
      #expect(try await fixture.find(id)?.expires == 77)
    }
  }

  @Test func `a removed upload leaves nothing, but its published file stays`() async throws {
    try await withUnfinished { fixture in
      let (unfinished, finished) = (try await fixture.create().id, try await fixture.create().id)
      try await fixture.append([1, 2], to: unfinished, hash: TestHash())
      _ = try await fixture.finish(finished, with: [3])
      for id in [unfinished, finished, UnfinishedID()] {
        try await fixture.store.remove(id, on: fixture.eventLoop).get()
        #expect(try await fixture.find(id) == nil)
      }
      #expect(fixture.hiddenNames == [])
      #expect(fixture.store.hashes.count == 0)
      #expect(try fixture.place.read("file") == [3])
    }
  }

  @Test func `a request whose upload is removed meanwhile fails`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      try await probe.write(SplitMix64.bytes(70_000))
      try await eventually("an open file") { probe.meter.stored > 0 }
      try await fixture.store.remove(id, on: fixture.eventLoop).get()
      let error = await #expect(throws: UploadError.self) { try await probe.beginSuspending().get() }
      #expect(error?.code == .uploadGone)
      #expect(try await fixture.find(id) == nil)
    }
  }

  // MARK: Names

  @Test func `listings and downloads do not show the hidden directory`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      try await fixture.append([1], to: id)
      #expect(try await fixture.directory.snapshotNames() == [])
      for name in [FileName.unfinishedDirectory, fixture.name(id, .data), fixture.name(id, .record)] {
        #expect(fixture.directory.reader.open(NameBytes(name)) == nil)
      }
    }
  }

  @Test(arguments: [".sluice-uploads", ".SLUICE-Uploads", "a/.sluice-uploads", "\u{202E}.sluice-uploads"])
  func `no upload gets the name of the hidden directory`(name: String) throws {
    let made = try #require(FileName(name))
    #expect(made.bytes.description.lowercased() == "_.sluice-uploads")
    #expect(made.wasAltered)
  }

  @Test(arguments: [".sluice-upload", ".sluice-uploads2", "sluice-uploads", ".sluice_uploads"])
  func `similar names are allowed`(name: String) {
    #expect(FileName(name)?.description == name)
  }

  // MARK: Concatenation

  /// Parts of odd lengths, one of them empty and one repeated.
  @Test(arguments: [0, EXDEV]) func `content is concatenated in order`(error: Int32) async throws {
    let disk = FaultyDisk { call in if error != 0, case .copy = call { .fails(error) } else { .fine } }
    try await withUnfinished(calls: disk.calls) { fixture in
      let contents = [SplitMix64.bytes(1_500_001), [], [7]]
      var parts: [UnfinishedRecord] = []
      for content in contents {
        let id = try await fixture.create().id
        try await fixture.append(content, to: id)
        parts.append(try #require(try await fixture.find(id)))
      }
      parts.append(parts[0])
      let whole = contents.flatMap { $0 } + contents[0]
      let record = try await fixture.create()
      let offset = try await fixture.store.concatenate(parts, into: record, on: fixture.eventLoop).get()
      #expect(offset == UInt64(whole.count))
      #expect(try fixture.restarted(bootID: "two").store.recover().first { $0.id == record.id }?.offset == offset)
      let request = FinalizeRequest(path: try FilePath("whole"), expected: TestHash.of(whole))
      _ = try await fixture.finish(record.id, request, hash: TestHash())
      #expect(try Digest.ofFile(fixture.place.file("whole")) == Digest.of(whole))
      #expect(try await fixture.find(parts[0].id) == parts[0])
    }
  }

  @Test func `a thousand parts are concatenated, more are not`() async throws {
    try await withUnfinished(durability: .none) { fixture in
      let id = try await fixture.create().id
      try await fixture.append([1, 2, 3], to: id)
      let part = try #require(try await fixture.find(id))
      let record = try await fixture.create()
      let many = Array(repeating: part, count: 1001)
      let error = await #expect(throws: UploadError.self) {
        try await fixture.store.concatenate(many, into: record, on: fixture.eventLoop).get()
      }
      #expect(error?.code == .badRequest)
      let offset = try await fixture.store.concatenate(many.dropLast(), into: record, on: fixture.eventLoop).get()
      #expect(offset == 3000)
    }
  }

  @Test func `lengths that overflow are rejected`() async throws {
    try await withUnfinished { fixture in
      var part = UnfinishedFixture.record()
      part.offset = .max
      let record = try await fixture.create()
      await #expect(throws: UploadError.self) {
        try await fixture.store.concatenate([part, part], into: record, on: fixture.eventLoop).get()
      }
    }
  }

  @Test func `a part that was removed fails the concatenation, and the target stays empty`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      try await fixture.append([1], to: id)
      let part = try #require(try await fixture.find(id))
      try await fixture.store.remove(id, on: fixture.eventLoop).get()
      let record = try await fixture.create()
      let error = await #expect(throws: UploadError.self) {
        try await fixture.store.concatenate([part], into: record, on: fixture.eventLoop).get()
      }
      #expect(error?.code == .uploadGone)
      #expect(try await fixture.find(record.id)?.offset == 0)
    }
  }

  @Test func `many creations retain no memory`() async throws {
    try await withUnfinished(durability: .none) { fixture in
      for _ in 0..<1000 { _ = try await fixture.create(length: 1 << 20) }
      #expect(fixture.store.hashes.count == 0)
      #expect(try fixture.restarted().store.recover().count == 1000)
    }
  }
}
