import Crypto
import NIOCore
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

@Suite struct S3UploadTests {
  private static let part = S3Fixture.part

  private func request(_ path: String, type: String? = "text/plain", modified: Int64? = nil) throws -> FinalizeRequest {
    FinalizeRequest(path: try FilePath(NameBytes(path)), modified: modified, type: type)
  }

  @Test(arguments: [0, 1, 4096, 100_000, part - 1, part])
  func `a file of at most one part is stored with a single request`(size: Int) async throws {
    try await withS3Store(prefix: "up") { fixture in
      let content = S3Fixture.content(size)
      let stored = try await fixture.store(content, request("a b/ü.txt", modified: 1234))
      #expect(stored.name == "a b/ü.txt" && stored.size == UInt64(size) && stored.modified == 1234)
      #expect(stored.digests.sha256 == Array(SHA256.hash(data: content)) && !stored.replaced)
      let object = try #require(fixture.bucket.objects["up/a b/ü.txt"])
      #expect(object.bytes == content && object.headers.contentType == "text/plain")
      #expect(object.headers.metadata["mtime"] == "1234")
      #expect(object.headers.metadata["sha256"] == stored.digests.sha256Text)
      // Whether another upload claims the name, the object, and whether it is there.
      #expect(fixture.bucket.log.map(\.operation) == [.headObject, .putObject, .headObject])
    }
  }

  @Test(arguments: [part + 1, 2 * part, 3 * part + 17, 5 * part])
  func `a larger file is stored in equal parts, two at once`(size: Int) async throws {
    try await withS3Store { fixture in
      let content = S3Fixture.content(size)
      let stored = try await fixture.store(content, request("large.bin"))
      #expect(stored.size == UInt64(size) && stored.digests.sha256 == Array(SHA256.hash(data: content)))
      #expect(fixture.bucket.objects["large.bin"]?.bytes == content)
      let parts = fixture.bucket.log.filter { $0.operation == .uploadPart }
      #expect(parts.map(\.number).sorted() == Array(1...((size + Self.part - 1) / Self.part)))
      #expect(fixture.bucket.mostRunning <= 2)
    }
  }

  @Test func `the files of parts that the engine has are used again`() async throws {
    try await withS3Store { fixture in
      let content = S3Fixture.content(12 * Self.part + 17)
      try await fixture.store(content, request("large.bin"))
      #expect(fixture.bucket.objects["large.bin"]?.bytes == content)
      #expect((1...PartsStateMachine.partsAtOnce).contains(fixture.bucket.partFiles))
    }
  }

  @Test func `an upload that is aborted while files wait for further parts leaves none open`() async throws {
    try await withS3Store { fixture in
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      try await upload.write(S3Fixture.content(6 * Self.part + 100_000))
      try await eventually("all full parts are sent") { upload.meter.durable == UInt64(6 * Self.part) }
      try await upload.abort()
    }
  }

  @Test func `all is counted: received bytes as stored when they are spooled, as durable when the engine has them`()
    async throws
  {
    try await withS3Store { fixture in
      fixture.bucket.on { $0.operation == .uploadPart ? .waits : .fine }
      let content = S3Fixture.content(2 * Self.part + 5)
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      try await upload.write(content)
      try await eventually("two parts under way") { fixture.bucket.waiting == 2 }
      #expect(upload.meter.durable == 0 && upload.meter.stored >= UInt64(2 * Self.part))
      fixture.bucket.release()
      try await eventually("two parts durable") { upload.meter.durable == UInt64(2 * Self.part) }
      _ = try await upload.finalize(request("a"))
      #expect(upload.meter.durable == UInt64(content.count) && upload.meter.stored == UInt64(content.count))
    }
  }

  @Test func `a slow engine is what the upload waits for, with at most three parts spooled and no more memory`()
    async throws
  {
    try await withS3Store { fixture in
      fixture.bucket.on { $0.operation == .uploadPart ? .waits : .fine }
      let content = S3Fixture.content(6 * Self.part)
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      let written = try await upload.writeWhileRoom(content)
      // A slab that may not fit into the third part waits for the fourth.
      #expect(upload.meter.phase == .store && written < 4 * Self.part && written >= 3 * Self.part - Slab.large)
      #expect(fixture.budget.use.used <= 3 << 20)
      fixture.bucket.release()
      try await upload.write(Array(content[written...]))
      _ = try await upload.finalize(request("a"))
      #expect(fixture.bucket.objects["a"]?.bytes == content)
    }
  }

  @Test func `an upload whose name is not known yet waits for it with its second part`() async throws {
    try await withS3Store { fixture in
      let content = S3Fixture.content(2 * Self.part)
      let upload = try await fixture.upload()
      try await upload.write(content)
      #expect(!fixture.bucket.log.contains { $0.operation == .createMultipartUpload })
      _ = try await upload.finalize(request("late"))
      #expect(fixture.bucket.objects["late"]?.bytes == content)
    }
  }

  // MARK: Failures

  @Test func `an aborted upload leaves nothing, however far it has come`() async throws {
    for size in [0, 1000, Self.part, Self.part + 1, 4 * Self.part] {
      try await withS3Store { fixture in
        let upload = try await fixture.upload()
        try await upload.announce(request("a"))
        try await upload.write(S3Fixture.content(size))
        try await upload.abort()
        #expect(try await upload.failure == nil)
        await #expect(throws: UploadError.self) { try await upload.finalize(request("a")) }
        #expect(fixture.bucket.files.isEmpty)
      }
    }
  }

  @Test func `an upload is aborted at the engine only when no part is under way any more`() async throws {
    try await withS3Store { fixture in
      fixture.bucket.on { $0.operation == .uploadPart ? .waits : .fine }
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      _ = try await upload.writeWhileRoom(S3Fixture.content(4 * Self.part))
      try await upload.abort()
      #expect(!fixture.bucket.log.contains { $0.operation == .abortMultipartUpload })
      fixture.bucket.release()
      try await eventually("aborted") { fixture.bucket.log.contains { $0.operation == .abortMultipartUpload } }
    }
  }

  @Test func `while an upload is being begun an abort waits for that`() async throws {
    try await withS3Store { fixture in
      fixture.bucket.on { $0.operation == .createMultipartUpload ? .waits : .fine }
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      try await upload.write(S3Fixture.content(Self.part + 100_000))
      try await eventually("it is being begun") { fixture.bucket.waiting == 1 }
      try await upload.abort()
      fixture.bucket.release()
    }
  }

  @Test(
    arguments: [
      (.uploadPart, .storageFailed), (.createMultipartUpload, .storageFailed),
      (.completeMultipartUpload, .storageFailed),
    ] as [(S3Operation, UploadError.Code)]
  )
  func `a request that the engine rejects fails the upload, and nothing is left`(
    operation: S3Operation,
    code: UploadError.Code
  ) async throws {
    try await withS3Store { fixture in
      fixture.bucket.on { $0.operation == operation ? .fails(.rejected) : .fine }
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      try await upload.write(S3Fixture.content(3 * Self.part))
      await #expect {
        _ = try await upload.finalize(request("a"))
      } throws: { error in
        let code = (error as? UploadError)?.code
        return code == .storageFailed || code == .cancelled
      }
      #expect(fixture.bucket.files.isEmpty)
    }
  }

  @Test func `an upload fails while it is received when the engine becomes unreachable`() async throws {
    try await withS3Store { fixture in
      fixture.bucket.on { $0.operation == .uploadPart ? .fails(.unreachable) : .fine }
      let upload = try await fixture.upload()
      try await upload.announce(request("a"))
      try await upload.write(S3Fixture.content(5 * Self.part))
      #expect(try await upload.failure?.code == .storeUnavailable)
    }
  }

  @Test func `a digest that differs fails the upload before it is completed`() async throws {
    for size in [1000, Self.part, 2 * Self.part] {
      try await withS3Store { fixture in
        var request = try request("a")
        request.expected.sha256 = [UInt8](repeating: 1, count: 32)
        await #expect {
          try await fixture.store(S3Fixture.content(size), request)
        } throws: { ($0 as? UploadError)?.code == .contentMismatch }
        #expect(fixture.bucket.files.isEmpty)
        #expect(
          !fixture.bucket.log.contains {
            [.completeMultipartUpload, .putObject].contains($0.operation) && $0.key == "a"
          }
        )
      }
    }
  }

  @Test func `a digest that matches is stored with a file of several parts`() async throws {
    try await withS3Store { fixture in
      let content = S3Fixture.content(2 * Self.part + 1)
      var request = try request("a")
      request.expected.sha256 = Array(SHA256.hash(data: content))
      try await fixture.store(content, request)
      let object = try #require(fixture.bucket.objects["a"])
      #expect(object.headers.metadata["sha256"] == request.expected.sha256Text)
    }
  }

  @Test func `a disk that is full fails the upload, and nothing is left`() async throws {
    try await withS3Store(minFree: SizeSetting(1 << 60)) { fixture in
      let upload = try await fixture.upload()
      try await upload.write(S3Fixture.content(3 << 20))
      await #expect { try await upload.finalize(request("a")) } throws: { error in
        [.diskFull, .cancelled].contains((error as? UploadError)?.code)
      }
    }
  }

  @Test func `a file with more bytes than the largest number of parts has is rejected`() async throws {
    try await withS3Store { fixture in
      let upload = try await fixture.upload(size: PartPlan.largestObject + 1)
      #expect(try await upload.failure?.code == .tooLarge)
      try await upload.write([1])
      await #expect(throws: UploadError.self) { try await upload.finalize(request("a")) }
      try await upload.abort()
    }
  }

  @Test func `an upload that needs memory waits for it, and goes on`() async throws {
    try await withS3Store(budget: MemoryBudget.minimum) { fixture in
      let contents = (0..<6).map { S3Fixture.content(2 * Self.part + $0) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, content) in contents.enumerated() {
          group.addTask { try await fixture.store(content, request("file \(index)")) }
        }
        try await group.waitForAll()
      }
      for (index, content) in contents.enumerated() {
        #expect(fixture.bucket.objects["file \(index)"]?.bytes == content)
      }
    }
  }
}
