import Crypto
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

/// Requests that append to unfinished uploads, to two servers in front of one bucket.
@Suite struct S3UnfinishedTests {
  private static let part = S3Fixture.part

  private func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

  @Test(arguments: [0, 1, 70_000, part - 1, part, part + 1, 2 * part, 3 * part + 17], [true, false])
  func `a file that is sent in two requests is stored, whichever server gets them`(size: Int, isSame: Bool) async throws
  {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(size)
      for half in Set([0, size / 2, size]) {
        let name = "f-\(half)"
        let upload = try await UnfinishedProbe(fixture, path: name, length: size)
        #expect(try await upload.offset() == 0)
        #expect(try await upload.append(Array(content[..<half])) == UInt64(half))
        #expect(try await upload.offset(fixture.other) == UInt64(half))
        let stored = try await upload.finish(Array(content[half...]), isSame ? nil : fixture.other, path: name)
        #expect(stored.name == name && stored.size == UInt64(size) && stored.digests.sha256 == sha256(content))
        #expect(fixture.bucket.objects[name]?.bytes == content)
        let state = try #require(try await upload.find()).state
        guard case .finished(let known) = state else { Issue.record("\(state)"); return }
        #expect(known == stored)
        try await upload.expectObjects([".json", half == 0 ? ".lease.1" : ".lease.2"])
        try await upload.remove()
        #expect(upload.objects == [])
      }
      #expect(fixture.bucket.multiparts.isEmpty && fixture.bucket.own.isEmpty)
    }
  }

  @Test func `a file of unknown length in many requests of any size, to two servers in turn, is stored`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(4 * Self.part + 504_321)
      let upload = try await UnfinishedProbe(fixture, path: nil)
      var (start, isOther) = (0, false)
      for size in [1, 4095, Self.part - 4096, 10, Self.part - 11, 2, 2 * Self.part, 500_000] {
        let end = start + size
        let store = isOther ? fixture.other : fixture.store
        #expect(try await upload.append(Array(content[start..<end]), store) == UInt64(end))
        #expect(try await upload.offset(isOther ? fixture.store : fixture.other) == UInt64(end))
        (start, isOther) = (end, !isOther)
      }
      let stored = try await upload.finish(Array(content[start...]), path: "generated.bin")
      #expect(stored.digests.sha256 == sha256(content))
      #expect(fixture.bucket.objects[stored.name]?.bytes == content)
      #expect(fixture.bucket.objects[stored.name]?.headers.contentType == "text/plain")
    }
  }

  @Test func `a request without bytes asks nothing of the engine`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append([1, 2, 3])
      let request = try await upload.append()
      let before = fixture.bucket.log.count
      #expect(try await request.suspend() == 3)
      #expect(fixture.bucket.log.count == before)
    }
  }

  @Test func `a small request costs ten requests to the engine, besides finding the upload`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append([1])
      try await upload.expectObjects([".json", ".lease.1", ".tail.1"])
      let request = try await upload.append()
      let before = fixture.bucket.log.count
      try await request.write([2])
      #expect(try await request.suspend() == 2)
      try await upload.expectObjects([".json", ".lease.2", ".tail.2"])
      let operations = fixture.bucket.log.dropFirst(before).map(\.operation)
      // The upload is read, its lease created and read back, the tail read; tail and lease are written, the old ones deleted.
      #expect(operations.count { $0 == .putObject } == 3 && operations.count { $0 == .getObject } == 4)
      #expect(operations.count { $0 == .listObjects } == 1 && operations.count { $0 == .deleteObject } == 2)
      #expect(operations.count == 10)
    }
  }

  // MARK: Crashes

  @Test func `after a crash the offset is what the engine has, and another server continues after 15 s`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(5 * Self.part + 99)
      let upload = try await UnfinishedProbe(fixture)
      let first = try await upload.append()
      // The third part never arrives.
      fixture.bucket.on { $0.operation == .uploadPart && $0.number >= 3 ? .waits : .fine }
      try await first.write(Array(content[..<(3 * Self.part + 1000)]))
      try await eventually("three parts were sent") {
        fixture.bucket.waiting == 1 && first.meter.durable == UInt64(2 * Self.part)
      }
      let offset = try await upload.offset(fixture.other)
      #expect(offset == UInt64(2 * Self.part))
      let early = try await upload.append(fixture.other)
      try await early.write([1])
      try await eventually("the lease is another server's") { try await early.failure?.code == .tooManyUploads }
      // What waits already continues to wait.
      fixture.bucket.on { _ in .fine }
      fixture.bucket.advance(by: 15)
      let stored = try await upload.finish(Array(content[Int(offset)...]), fixture.other)
      #expect(stored.digests.sha256 == sha256(content) && fixture.bucket.objects["a.bin"]?.bytes == content)
      // What is left of the first request ends without harm.
      fixture.bucket.release()
      try await first.abort()
      #expect(fixture.bucket.objects["a.bin"]?.bytes == content)
    }
  }

  @Test func `an offset that was announced never decreases, wherever the next server dies`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(2 * Self.part)
      let upload = try await UnfinishedProbe(fixture)
      let announced = try await upload.append(Array(content[..<(Self.part + 5000)]))
      // Dies before its first part is sent, and after that.
      for (number, expected) in [(2, announced), (3, UInt64(2 * Self.part))] {
        fixture.bucket.on { $0.operation == .uploadPart && $0.number >= number ? .waits : .fine }
        let dying = try await upload.append()
        let start = Int(try await upload.offset())
        try await dying.write(Array(content[start...]) + [7])
        try await eventually("it has come as far as it may") {
          number == 3 ? dying.meter.durable == UInt64(2 * Self.part) : fixture.bucket.waiting == 1
        }
        #expect(try await upload.offset(fixture.other) == expected)
        fixture.bucket.advance(by: 20)
        #expect(try await upload.offset(fixture.other) == expected)
        fixture.bucket.release()
        try await dying.abort()
      }
    }
  }

  @Test func `a server whose lease is another one's fails the request, and the other one's bytes count`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(3 * Self.part)
      let upload = try await UnfinishedProbe(fixture)
      let slow = try await upload.append()
      try await slow.write([UInt8](repeating: 0, count: 100))
      try await eventually("it has its lease") { upload.objects.contains(".lease.1") }
      // However long the test takes, the lease is not renewed.
      let key = ".sluice/uploads/\(upload.id).lease.1"
      fixture.bucket.on { $0.operation == .putObject && $0.key == key ? .fails(.unreachable) : .fine }
      fixture.bucket.advance(by: 15)
      try await upload.append(Array(content[..<(2 * Self.part + 1)]), fixture.other)
      fixture.bucket.on { _ in .fine }
      fixture.bucket.advance(by: LeaseStateMachine.renewal)
      try await slow.write([UInt8](repeating: 0, count: 2 * Self.part))
      try await eventually("it has failed") { try await slow.failure != nil }
      #expect(try await slow.failure?.code == .tooManyUploads)
      #expect(try await upload.offset() == UInt64(2 * Self.part + 1))
      try await upload.finish(Array(content[(2 * Self.part + 1)...]))
      #expect(fixture.bucket.objects["a.bin"]?.bytes == content)
    }
  }

  @Test func `a holder that writes its lease while another server takes it over does not lose what it has noted`()
    async throws
  {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(2 * Self.part)
      let upload = try await UnfinishedProbe(fixture)
      let slow = try await upload.append()
      try await slow.write(Array(content[..<70_000]))
      try await eventually("it has its lease") { upload.objects.contains(".lease.1") }
      fixture.bucket.advance(by: 15)
      // The other server creates its lease when the first one has been released.
      let key = ".sluice/uploads/\(upload.id).lease.2"
      fixture.bucket.on { $0.operation == .putObject && $0.key == key ? .waits : .fine }
      let other = try await upload.append(fixture.other)
      try await other.write([9])
      try await eventually("it creates its lease") { fixture.bucket.waiting == 1 }
      #expect(try await slow.suspend() == 70_000)
      fixture.bucket.release()
      try await eventually("it has failed") { try await other.failure?.code == .tooManyUploads }
      #expect(try await upload.offset(fixture.other) == 70_000)
      try await upload.finish(Array(content[70_000...]), fixture.other)
      #expect(fixture.bucket.objects["a.bin"]?.bytes == content)
    }
  }

  @Test(arguments: [1000, part + 1000])
  func `a file whose server died between publishing it and saying so is finished`(size: Int) async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(size)
      let upload = try await UnfinishedProbe(fixture, length: size)
      fixture.bucket.add("a.bin", [1])
      // Another file has the name, and all requests fail once this one is there.
      let name = "a (2).bin"
      let isPublished = Atomic(false)
      fixture.bucket.on { request in
        if isPublished.load(ordering: .relaxed) { return .fails(.rejected) }
        let publishes = request.key == name && [.putObject, .completeMultipartUpload].contains(request.operation)
        if publishes { isPublished.store(true, ordering: .relaxed) }
        return .fine
      }
      await #expect(throws: UploadError.self) { try await upload.finish(content) }
      fixture.bucket.on { _ in .fine }
      #expect(fixture.bucket.objects[name]?.bytes == content)
      fixture.bucket.advance(by: 15)
      let state = try #require(try await upload.find(fixture.other)).state
      guard case .finished(let file) = state else { Issue.record("\(state)"); return }
      #expect(file.name == name && file.size == UInt64(size) && file.digests.sha256 == sha256(content))
      try await eventually("only the record and the lease are left: \(fixture.bucket.own)") {
        fixture.bucket.own.count == 2
      }
      #expect(fixture.bucket.files == ["a (2).bin", "a.bin"])
    }
  }

  // MARK: Content

  @Test func `bytes of a provisional request count only at its end`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(5 * Self.part + 7)
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append(Array(content[..<100]))
      for isKept in [false, true] {
        let request = try await upload.append(isProvisional: true)
        try await request.write(Array(content[100...]))
        #expect(!fixture.bucket.log.contains { $0.operation == .uploadPart })
        #expect(try await upload.offset(fixture.other) == 100)
        if isKept {
          #expect(try await request.suspend() == UInt64(content.count))
        } else {
          try await request.abort()
          try await eventually("the request is over") { try await upload.find() != nil }
          #expect(try await upload.offset(fixture.other) == 100)
        }
      }
      try await upload.finish([], fixture.other)
      #expect(fixture.bucket.objects["a.bin"]?.bytes == content)
    }
  }

  @Test func `a content with another digest is not stored`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(2 * Self.part + 9)
      let upload = try await UnfinishedProbe(fixture)
      try await upload.append(Array(content[..<Self.part]))
      let wrong = ContentDigests(sha256: sha256([1]))
      await #expect(throws: UploadError.self) {
        try await upload.finish(Array(content[Self.part...]), fixture.other, expected: wrong)
      }
      #expect(fixture.bucket.files == [])
      let right = ContentDigests(sha256: sha256(content))
      let offset = Int(try await upload.offset())
      let stored = try await upload.finish(Array(content[offset...]), expected: right)
      #expect(stored.digests.sha256 == right.sha256)
    }
  }

  @Test func `a SHA-512 is known while one server receives everything, otherwise the end says what to do`() async throws
  {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(2 * Self.part + 9)
      let expected = ContentDigests(sha512: Array(SHA512.hash(data: content)))
      for (store, code) in [(fixture.store, nil), (fixture.other, UploadError.Code.badRequest)] {
        let upload = try await UnfinishedProbe(fixture, path: "f")
        let first = try await upload.append(hash: SHA512Hash())
        try await first.write(Array(content[..<(Self.part + 5)]))
        _ = try await first.suspend()
        let second = try await upload.append(store, hash: SHA512Hash())
        try await second.write(Array(content[(Self.part + 5)...]))
        let request = FinalizeRequest(path: try FilePath(NameBytes("f")), expected: expected)
        do {
          let stored = try await second.finalize(request)
          #expect(code == nil && stored.digests.sha512 == expected.sha512)
        } catch {
          let error = try #require(error as? UploadError)
          #expect(error.code == code && error.message.contains("sha-256"), "\(error)")
        }
      }
    }
  }

  private struct SHA512Hash: ContentHash {
    var hash = SHA512()

    mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    var digests: ContentDigests { ContentDigests(sha512: Array(hash.finalize())) }
  }

  @Test func `the first bytes are read as long as they are no part`() async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      let content = S3Fixture.content(Self.part + 9)
      let upload = try await UnfinishedProbe(fixture)
      let store = try #require(fixture.other.unfinished)
      func first(_ count: Int) async throws -> [UInt8] {
        let record = try #require(try await upload.find())
        return try await Array(store.firstBytes(record, count: count, on: fixture.eventLoop).get().readableBytesView)
      }
      #expect(try await first(10) == [])
      try await upload.append(Array(content[..<5000]))
      #expect(try await first(3000) == Array(content[..<3000]))
      #expect(try await first(9000) == Array(content[..<5000]))
      try await upload.append(Array(content[5000...]))
      #expect(try await first(3000) == [])
    }
  }
}
