import NIOCore
import Testing
import UploadCore
import UploadStorage

@testable import UploadStorageS3

@Suite struct UploadLeaseTests {
  private let bucket = FakeBucket()
  private let id = UnfinishedID()

  private var objects: UnfinishedObjects {
    let capabilities = S3Capabilities(conditionalPut: true, conditionalComplete: true)
    return UnfinishedObjects(requests: bucket, naming: ObjectNaming(prefix: ""), capabilities: capabilities)
  }

  private let content = StoredContent(holder: UploadID(), partSize: UInt64(S3Fixture.part))

  private func lease(_ number: Int = 1) async throws -> UploadLease {
    #expect(try await objects.create(content, UnfinishedPart(id: id, kind: .lease(number))))
    return UploadLease(id, number: number, content, in: objects, at: bucket.engineTime)
  }

  private func key(_ number: Int = 1) -> String { ".sluice/uploads/\(id).lease.\(number)" }

  private var written: StoredContent? { bucket.objects[key()].flatMap { StoredContent($0.bytes) } }

  private static func bytes(_ content: StoredContent) throws -> [UInt8] {
    guard case .bytes(let buffer) = try content.body else { return [] }
    return Array(buffer.readableBytesView)
  }

  @Test func `changes that are made at once are all written, with fewer requests`() async throws {
    let lease = try await lease()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for parts in 1...200 { group.addTask { try await lease.change { $0.note(SavableSHA256(), parts: parts) } } }
      try await group.waitForAll()
    }
    #expect(written?.checkpoints.map(\.parts) == Array(193...200))
    #expect(bucket.log.count { $0.operation == .putObject } <= 200)
  }

  @Test func `what cannot be undone is preceded by a look for a newer lease, also when others write`() async throws {
    let lease = try await lease()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for parts in 1...20 {
        group.addTask { try await lease.change(isFinal: parts == 20) { $0.note(SavableSHA256(), parts: parts) } }
      }
      try await group.waitForAll()
    }
    #expect(bucket.log.contains { $0.operation == .headObject })
  }

  @Test func `a holder that was superseded writes nothing more`() async throws {
    let lease = try await lease()
    try await lease.change { $0.keep(parts: 0) }
    bucket.add(key(2))
    let before = bucket.log.count
    await #expect(throws: UploadError.self) { try await lease.change(isFinal: true) { $0.isReleased = true } }
    await #expect(throws: UploadError.self) { try await lease.release { _ in } }
    #expect(bucket.log.dropFirst(before).map(\.operation) == [.headObject] && written?.isReleased == false)
  }

  @Test func `a change that could not be written is written with the next one`() async throws {
    let lease = try await lease()
    bucket.on { _ in .fails(.server) }
    await #expect(throws: UploadError.self) { try await lease.change { $0.note(SavableSHA256(), parts: 3) } }
    bucket.release()
    try await lease.release { _ in }
    #expect(written?.checkpoints.map(\.parts) == [3] && written?.isReleased == true)
  }

  @Test func `a holder that was superseded twice finds that out, although the next lease is deleted`() async throws {
    let lease = try await lease()
    bucket.drop(key())
    bucket.add(key(3))
    await #expect(throws: UploadError.self) { try await lease.change(isFinal: true) { $0.isReleased = true } }
    #expect(written == nil)
  }

  @Test func `a holder that has created its deleted lease again, because it wrote late, finds the newer ones`()
    async throws
  {
    let lease = try await lease()
    bucket.on { [bucket, key = key()] request in
      guard request.operation == .putObject else { return .fine }
      // Two other servers have had the upload meanwhile.
      bucket.advance(by: 40)
      bucket.drop(key)
      bucket.add(String(key.dropLast()) + "3")
      return .fine
    }
    await #expect(throws: UploadError.self) { try await lease.change { $0.keep(parts: 0) } }
    bucket.on { _ in .fine }
    await #expect(throws: UploadError.self) { try await lease.release { _ in } }
    #expect(written?.isReleased == false)
  }

  @Test func `a lease that another writer has replaced is lost`() async throws {
    let lease = try await lease()
    let other = try Self.bytes(StoredContent(holder: UploadID(), partSize: UInt64(S3Fixture.part)))
    bucket.change(key()) { $0.bytes = other }
    await #expect(throws: UploadError.self) { try await lease.change(isFinal: true) { $0.isReleased = true } }
    #expect(bucket.objects[key()]?.bytes == other)
  }

  @Test func `a lease that another writer replaces at the same instant is not created`() async throws {
    let other = try Self.bytes(StoredContent(holder: UploadID(), partSize: UInt64(S3Fixture.part)))
    bucket.on { [bucket] request in
      if request.operation == .getObject { bucket.change(request.key) { $0.bytes = other } }
      return .fine
    }
    #expect(try await !objects.create(content, UnfinishedPart(id: id, kind: .lease(1))))
  }
}
