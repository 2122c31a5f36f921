import NIOCore
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

@Suite struct S3PublishingTests {
  private static let large = 2 * S3Fixture.part

  private func request(_ path: String, _ policy: DuplicatePolicy? = nil) throws -> FinalizeRequest {
    FinalizeRequest(path: try FilePath(NameBytes(path)), onDuplicate: policy)
  }

  private func code(_ body: () async throws -> Void) async -> UploadError.Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? UploadError)?.code
    }
  }

  // MARK: Names that are taken

  @Test(arguments: [100, large], [true, false])
  func `a file with an existing name gets the next number`(size: Int, conditional: Bool) async throws {
    try await withS3Store(conditionalComplete: conditional) { fixture in
      for (index, name) in ["a.txt", "a (2).txt", "a (3).txt"].enumerated() {
        let stored = try await fixture.store(S3Fixture.content(size + index), request("a.txt"))
        #expect(stored.name == name && !stored.replaced)
      }
      #expect(fixture.bucket.files == ["a (2).txt", "a (3).txt", "a.txt"])
      #expect(fixture.bucket.objects["a.txt"]?.bytes == S3Fixture.content(size))
    }
  }

  @Test func `a file that another server's file replaces at the same instant gets the next number`() async throws {
    try await withS3Store { fixture in
      _ = try await fixture.store(S3Fixture.content(100), request("other"))
      let (bucket, other) = (fixture.bucket, try #require(fixture.bucket.objects["other"]))
      bucket.on { call in
        if call.operation == .headObject, call.key == "a" { bucket.change("a") { $0 = other } }
        return .fine
      }
      #expect(try await fixture.store(S3Fixture.content(101), request("a")).name == "a (2)")
      #expect(bucket.objects["a"]?.bytes == other.bytes)
      #expect(bucket.objects["a (2)"]?.bytes == S3Fixture.content(101))
    }
  }

  @Test(arguments: [100, large])
  func `the next free number is found among many`(size: Int) async throws {
    try await withS3Store { fixture in
      let path = try FilePath("a.txt")
      for number in 1...200 { fixture.bucket.add(path.numbered(number).bytes.description) }
      #expect(try await fixture.store(S3Fixture.content(size), request("a.txt")).name == "a (201).txt")
      #expect(fixture.bucket.log.count { $0.operation == .headObject } < 25)
    }
  }

  @Test(arguments: [100, large], [true, false])
  func `with the policy error an existing name fails the upload`(size: Int, conditional: Bool) async throws {
    try await withS3Store(onDuplicate: .error, conditionalComplete: conditional) { fixture in
      fixture.bucket.add("a", [1])
      #expect(await code { try await fixture.store(S3Fixture.content(size), request("a")) } == .nameTaken)
      #expect(fixture.bucket.objects["a"]?.bytes == [1])
    }
  }

  @Test(arguments: [100, large])
  func `with the policy replace the new file replaces the old one`(size: Int) async throws {
    try await withS3Store(onDuplicate: .replace) { fixture in
      #expect(try await !fixture.store([1], request("a")).replaced)
      #expect(try await fixture.store(S3Fixture.content(size), request("a")).replaced)
      #expect(fixture.bucket.objects["a"]?.bytes == S3Fixture.content(size))
      // A path that the rules have changed never replaces a file.
      let altered = try await fixture.store([2], request("a\u{202E}"))
      #expect(altered.name == "a (2)")
    }
  }

  @Test func `uploads of one name at once all get names of their own`() async throws {
    for conditional in [true, false] {
      try await withS3Store(conditionalComplete: conditional) { fixture in
        let sizes = [10, Self.large, 20, Self.large + 1, 30, Self.large + 2]
        try await withThrowingTaskGroup(of: Void.self) { group in
          for size in sizes { group.addTask { try await fixture.store(S3Fixture.content(size), request("a")) } }
          try await group.waitForAll()
        }
        #expect(fixture.bucket.files.count == sizes.count)
        #expect(Set(fixture.bucket.objects.values.map(\.bytes.count)) == Set(sizes))
      }
    }
  }

  @Test func `a name that another server claims is numbered`() async throws {
    for conditional in [true, false] {
      try await withS3Store(conditionalComplete: conditional, leavesNothing: false) { fixture in
        let naming = ObjectNaming(prefix: "")
        let record = ClaimRecord(holder: UploadID(), key: "a", uploadID: nil)
        fixture.bucket.add(naming.claim(ofKey: "a"), Array(record.text.utf8))
        let large = try await fixture.store(S3Fixture.content(Self.large), request("a"))
        #expect(large.name == "a (2)")
        let small = try await fixture.store([1], request("a"))
        #expect(small.name == "a (3)")
      }
    }
  }

  @Test func `a claim that was not renewed expires, and its upload is aborted`() async throws {
    try await withS3Store { fixture in
      let record = ClaimRecord(holder: UploadID(), key: "a", uploadID: "dead")
      fixture.bucket.begin("a", id: "dead")
      fixture.bucket.begin("a", id: "foreign")
      fixture.bucket.add(ObjectNaming(prefix: "").claim(ofKey: "a"), Array(record.text.utf8))
      fixture.bucket.advance(by: ObjectClaims.expiry + 1)
      #expect(try await fixture.store(S3Fixture.content(Self.large), request("a")).name == "a")
      #expect(Array(fixture.bucket.multiparts.keys) == ["foreign"])
      try await fixture.bucket.abortMultipart("a", uploadID: "foreign")
    }
  }

  @Test func `an upload that has lost its claim is not completed`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      try await upload.write(S3Fixture.content(Self.large))
      try await eventually("a part is sent") { upload.meter.durable > 0 }
      let other = ClaimRecord(holder: UploadID(), key: "a", uploadID: nil)
      fixture.bucket.change(ObjectNaming(prefix: "").claim(ofKey: "a")) { $0.bytes = Array(other.text.utf8) }
      #expect(await code { _ = try await upload.finalize(request("a")) } == .nameTaken)
      try await eventually("the upload is aborted") { fixture.bucket.multiparts.isEmpty }
      #expect(fixture.bucket.files.isEmpty)
    }
  }

  @Test(arguments: [true, false])
  func `a foreign object that appears during a large upload is not replaced`(conditional: Bool) async throws {
    try await withS3Store(conditionalComplete: conditional) { fixture in
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      try await upload.write(S3Fixture.content(Self.large))
      try await eventually("a part is sent") { upload.meter.durable > 0 }
      fixture.bucket.add("a", [1])
      #expect(await code { _ = try await upload.finalize(request("a")) } == .nameTaken)
      #expect(fixture.bucket.objects["a"]?.bytes == [1])
    }
  }

  // MARK: Lost responses and wrong ones

  @Test(arguments: [.conditionFailed, .conflict] as [S3Failure.Kind])
  func `a file that was stored although its request has failed is recognized`(kind: S3Failure.Kind) async throws {
    try await withS3Store { fixture in
      fixture.bucket.on { $0.operation == .putObject && $0.key == "a" ? .isLost(kind) : .fine }
      let stored = try await fixture.store([1, 2], request("a"))
      #expect(stored.name == "a")
      #expect(fixture.bucket.files == ["a"])
    }
  }

  @Test(arguments: [.unreachable, .timeout, .server, .noKey, .conditionFailed] as [S3Failure.Kind])
  func `an upload that was completed although the response was lost is stored`(kind: S3Failure.Kind) async throws {
    try await withS3Store { fixture in
      fixture.bucket.on { $0.operation == .completeMultipartUpload ? .isLost(kind) : .fine }
      let stored = try await fixture.store(S3Fixture.content(Self.large), request("a"))
      #expect(stored.name == "a")
    }
  }

  @Test(arguments: [100, large])
  func `an object of another size is no success, and is deleted`(size: Int) async throws {
    try await withS3Store { fixture in
      fixture.bucket.on { [bucket = fixture.bucket] request in
        if request.operation == .headObject { bucket.change("a") { $0.statedSize = 0 } }
        return .fine
      }
      #expect(await code { try await fixture.store(S3Fixture.content(size), request("a")) } == .storageFailed)
      #expect(fixture.bucket.files.isEmpty)
    }
  }

  // MARK: Engines without conditions

  @Test(
    arguments: [.ignored, .rejected] as [FakeBucket.Condition],
    [(put: false, complete: false), (put: true, complete: false), (put: false, complete: true)]
  )
  func `where the engine does not support conditions none is sent, and names are still given once`(
    unsupported: FakeBucket.Condition,
    supported: (put: Bool, complete: Bool)
  ) async throws {
    try await withS3Store(
      conditionalPut: supported.put,
      conditionalComplete: supported.complete,
      unsupported: unsupported
    ) { fixture in
      for (index, name) in ["a", "a (2)", "a (3)", "a (4)"].enumerated() {
        let content = S3Fixture.content(index.isMultiple(of: 2) ? Self.large + index : 100 + index)
        let stored = try await fixture.store(content, request("a"))
        #expect(stored.name == name && fixture.bucket.objects[name]?.bytes == content)
      }
    }
  }

  // MARK: Conditions

  @Test func `a condition is checked before the first byte, and again at the end`() async throws {
    try await withS3Store { fixture in
      let path = try FilePath("a")
      let condition = PublishCondition(path: path) { version throws(UploadError) in
        if version != nil { throw UploadError(.preconditionFailed, "exists") }
      }
      var request = FinalizeRequest(path: path)
      request.condition = condition
      for size in [100, Self.large] {
        let upload = try await fixture.upload(condition: condition)
        try await upload.announce(request)
        try await upload.write(S3Fixture.content(size))
        fixture.bucket.add("a", [1])
        let end = request
        #expect(await code { _ = try await upload.finalize(end) } == (size > 100 ? .nameTaken : .preconditionFailed))
        let late = try await fixture.upload(condition: condition)
        try await late.waitForRoom()
        #expect(try await late.failure?.code == .preconditionFailed)
        try await fixture.bucket.delete("a")
      }
    }
  }

  // MARK: Small files

  @Test func `small files are stored independently of each other`() async throws {
    try await withS3Store(onDuplicate: .error) { fixture in
      fixture.bucket.add("b")
      let files = try ["a", "b", "c"].map { name in
        CompleteFile(
          ByteBuffer(string: name),
          try request(name),
          hash: nil,
          meter: UploadMeter(direction: .incoming, mode: .stream, name: name, size: 1, remote: "test")
        )
      }
      typealias Results = CheckedContinuation<[Result<StoredFile, any Error>], Never>
      let results = await withCheckedContinuation { (continuation: Results) in
        fixture.store.store(files, on: fixture.eventLoop) { continuation.resume(returning: $0) }
      }
      #expect(results.map { (try? $0.get().name) ?? "-" } == ["a", "-", "c"])
      #expect(files[0].meter.durable == 1 && files[1].meter.durable == 0)
      #expect(fixture.bucket.objects["c"]?.bytes == Array("c".utf8))
    }
  }
}
