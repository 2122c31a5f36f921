import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

/// Names and records of unfinished uploads, and how they are deleted.
@Suite struct S3UnfinishedUpkeepTests {
  private static let part = S3Fixture.part
  // MARK: Names

  @Test(arguments: DuplicatePolicy.allCases)
  func `a name that another file gets while an upload is unfinished is numbered, rejected or replaced`(
    policy: DuplicatePolicy
  ) async throws {
    try await withS3Store(onDuplicate: policy, leavesNothing: false) { fixture in
      for size in [100, 2 * Self.part] {
        let content = S3Fixture.content(size)
        let upload = try await UnfinishedProbe(fixture, path: "n-\(size)")
        try await upload.append(Array(content[..<50]))
        fixture.bucket.add("n-\(size)", [1])
        let append = try await upload.append()
        try await append.write(Array(content[50...]))
        do {
          let stored = try await append.finalize(FinalizeRequest(path: try FilePath(NameBytes("n-\(size)"))))
          #expect(policy != .error && stored.name == (policy == .replace ? "n-\(size)" : "n-\(size) (2)"))
          #expect(stored.replaced == (policy == .replace))
          #expect(fixture.bucket.objects[stored.name]?.bytes == content)
        } catch {
          let failure = try await append.failure ?? error as? UploadError
          #expect(policy == .error && failure?.code == .nameTaken, "\(error)")
        }
      }
    }
  }

  @Test func `the name of an unfinished upload is not given to another file, however long it takes`() async throws {
    try await withS3Store(conditionalComplete: false, leavesNothing: false) { fixture in
      let content = S3Fixture.content(2 * Self.part)
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append(Array(content[..<(Self.part + 1)]))
      fixture.bucket.advance(by: 100_000)
      #expect(try await fixture.other.sweep() == 0)
      let small = try await fixture.store([1], FinalizeRequest(path: FilePath(NameBytes("a.bin"))))
      #expect(small.name == "a (2).bin")
      let stored = try await upload.finish(Array(content[(Self.part + 1)...]), fixture.other)
      #expect(stored.name == "a.bin" && fixture.bucket.objects["a.bin"]?.bytes == content)
    }
  }

  // MARK: Upkeep

  @Test func `an upload that has expired is deleted with everything, by several servers at once`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      fixture.bucket.add("strange", [1])
      fixture.bucket.begin("a.bin", id: "strange")
      let now = fixture.bucket.engineTime
      let expiring = try await UnfinishedProbe(fixture, path: "old", expires: now + 10)
      try await expiring.append(S3Fixture.content(2 * Self.part + 100))
      let other = try await UnfinishedProbe(fixture, path: "new")
      try await other.append([1])
      #expect(try await fixture.store.sweep() == 0)
      fixture.bucket.advance(by: 100)
      async let first = fixture.store.sweep()
      async let second = fixture.other.sweep()
      #expect(try await first + second >= 1)
      #expect(expiring.objects == [] && fixture.bucket.multiparts.keys.sorted() == ["strange"])
      #expect(fixture.bucket.files == ["strange"] && fixture.bucket.own.allSatisfy { !$0.contains("claims") })
      #expect(try await expiring.find() == nil)
      #expect(try await other.offset() == 1)
    }
  }

  @Test func `objects that belong to no upload are deleted after an hour`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append(S3Fixture.content(Self.part + 100))
      fixture.bucket.drop(".sluice/uploads/\(upload.id).json")
      #expect(try await fixture.other.sweep() == 0)
      fixture.bucket.advance(by: ObjectClaims.expiry + 1)
      #expect(try await fixture.other.sweep() > 0)
      #expect(fixture.bucket.own.isEmpty && fixture.bucket.multiparts.isEmpty)
    }
  }

  @Test func `an upload whose parts another program has deleted is gone`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append(S3Fixture.content(2 * Self.part))
      fixture.bucket.abortAll()
      let request = try await upload.append()
      try await request.write([1])
      try await eventually("it has failed") { try await request.failure?.code == .uploadGone }
    }
  }

  @Test func `an upload that is gone has no bytes, and stays gone`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append(S3Fixture.content(2 * Self.part + 1))
      try await upload.update { $0.state = .gone }
      try await upload.expectObjects([".json"])
      #expect(fixture.bucket.multiparts.isEmpty && fixture.bucket.own.count == 1)
      #expect(try await upload.find(fixture.other)?.state == .gone)
      try await upload.update { $0.state = .unfinished }
      #expect(try await upload.find()?.state == .gone)
    }
  }

  @Test func `a change of the record keeps the offset`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append([1, 2, 3])
      for store in [fixture.store, fixture.other] {
        let changed = try await upload.update(store) { record in
          record.properties["a"] = "b"
          record.offset = 99
        }
        #expect(changed?.offset == 3 && changed?.properties == ["a": "b"])
      }
    }
  }

  @Test func `a server that starts finds the uploads that no other one receives`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let (idle, active) = (try await UnfinishedProbe(fixture), try await UnfinishedProbe(fixture, path: "b"))
      try await idle.append([1, 2, 3])
      let expired = try await UnfinishedProbe(fixture, path: "c", expires: 5)
      let request = try await active.append()
      try await request.write([1])
      try await eventually("it has its lease") { active.objects.contains(".lease.1") }
      let store = try #require(fixture.other.unfinished)
      let records = await Task.detached { store.recover() }.value
      #expect(records.map(\.id) == [idle.id] && records.first?.offset == 3)
      _ = try await request.suspend()
      try await expired.remove()
    }
  }

  @Test func `an engine that fails fails the request, and what was stored remains`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(3 * Self.part)
      let upload = try await UnfinishedProbe(fixture)
      fixture.bucket.on { $0.operation == .uploadPart && $0.number == 2 ? .fails(.server) : .fine }
      let request = try await upload.append()
      try await request.write(Array(content[..<(2 * Self.part + 50)]))
      try await eventually("it has failed") { try await request.failure?.code == .storeUnavailable }
      fixture.bucket.release()
      let offset = Int(try await upload.offset())
      #expect(offset == 0 || offset == Self.part)
      try await upload.finish(Array(content[offset...]), fixture.other)
      #expect(fixture.bucket.objects["a.bin"]?.bytes == content)
    }
  }

  // MARK: Engines

  @Test(arguments: [.ignored, .rejected] as [FakeBucket.Condition])
  func `where the engine does not support conditions uploads are continued by other servers all the same`(
    unsupported: FakeBucket.Condition
  ) async throws {
    try await withS3Store(
      conditionalPut: false,
      conditionalComplete: false,
      unsupported: unsupported,
      leavesNothing: false
    ) { fixture in
      let content = S3Fixture.content(2 * Self.part + 5)
      let upload = try await UnfinishedProbe(fixture)
      let first = try await upload.append()
      try await first.write(Array(content[..<100]))
      try await eventually("it has its lease") { upload.objects.contains(".lease.1") }
      let early = try await upload.append(fixture.other)
      try await early.write([1])
      try await eventually("the lease is another server's") { try await early.failure?.code == .tooManyUploads }
      #expect(try await first.suspend() == 100)
      #expect(try await upload.append(Array(content[100..<(Self.part + 7)]), fixture.other) == UInt64(Self.part + 7))
      try await upload.finish(Array(content[(Self.part + 7)...]))
      #expect(fixture.bucket.objects["a.bin"]?.bytes == content)
    }
  }

  @Test func `a list that lags behind does not hide an upload`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append([1, 2, 3])
      fixture.bucket.hide(".sluice/uploads/\(upload.id).json")
      #expect(try await upload.offset(fixture.other) == 3)
      fixture.bucket.hide(nil)
    }
  }

  @Test func `an upload whose lease cannot be found is not gone, but unavailable for now`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append([1, 2, 3])
      let (bucket, key) = (fixture.bucket, ".sluice/uploads/\(upload.id).lease.1")
      let lease = try #require(bucket.objects[key]).bytes
      bucket.on { request in
        // The list has it, and it is not there.
        if request.operation == .listObjects { bucket.add(key, lease) }
        if request.operation == .getObject, request.key == key { bucket.drop(key) }
        return .fine
      }
      await #expect { try await upload.find() } throws: { ($0 as? UploadError)?.code == .storeUnavailable }
      bucket.on { _ in .fine }
      bucket.add(key, lease)
      #expect(try await upload.offset() == 3)
    }
  }

  @Test func `a failure while nothing is being sent is reported to the request`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append([1, 2, 3])
      fixture.bucket.on { $0.operation == .getObject && $0.key.contains(".tail.") ? .fails(.server) : .fine }
      let request = try await upload.append()
      try await request.write([4])
      try await eventually("it has failed") { try await request.failure?.code == .storeUnavailable }
      fixture.bucket.on { _ in .fine }
      try await eventually("the lease is released") { try await upload.offset() == 3 }
    }
  }

  @Test(arguments: [".tail.", ".lease.", ".json"])
  func `a conflict about an object of the store's own does not end the upload`(name: String) async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      let request = try await upload.append()
      try await request.write([1, 2, 3])
      try await eventually("it has its lease") { upload.objects.contains(".lease.1") }
      fixture.bucket.on { $0.operation == .putObject && $0.key.contains(name) ? .fails(.conflict) : .fine }
      await #expect {
        _ = try await request.suspend()
        try await upload.update { $0.properties["a"] = "b" }
      } throws: { ($0 as? UploadError)?.code == .storeUnavailable }
      fixture.bucket.on { _ in .fine }
      fixture.bucket.advance(by: 15)
      let offset = try await upload.offset()
      #expect(offset == (name == ".json" ? 3 : 0))
      try await upload.finish(Array([1, 2, 3][Int(offset)...]), fixture.other)
      #expect(fixture.bucket.objects["a.bin"]?.bytes == [1, 2, 3])
    }
  }
}
