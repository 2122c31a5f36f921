import Testing
import UploadCore
import UploadStorage

@testable import UploadStorageS3

@Suite struct UploadLeaseTests {
  private let bucket = FakeBucket()
  private let id = UnfinishedID()

  private var objects: UnfinishedObjects { UnfinishedObjects(requests: bucket, naming: ObjectNaming(prefix: "")) }

  private func lease() -> UploadLease {
    let content = StoredContent(holder: UploadID(), partSize: UInt64(S3Fixture.part))
    return UploadLease(id, number: 1, content, in: objects)
  }

  private var written: StoredContent? {
    bucket.objects[".sluice/uploads/\(id).lease.1"].flatMap { StoredContent($0.bytes) }
  }

  @Test func `changes that are made at once are all written, with fewer requests`() async throws {
    let lease = lease()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for parts in 1...200 { group.addTask { try await lease.change { $0.note(SavableSHA256(), parts: parts) } } }
      try await group.waitForAll()
    }
    #expect(written?.checkpoints.map(\.parts) == Array(193...200))
    #expect(bucket.log.count { $0.operation == .putObject } <= 200)
  }

  @Test func `what cannot be undone is preceded by a look for a newer lease, also when others write`() async throws {
    let lease = lease()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for parts in 1...20 {
        group.addTask { try await lease.change(isFinal: parts == 20) { $0.note(SavableSHA256(), parts: parts) } }
      }
      try await group.waitForAll()
    }
    #expect(bucket.log.contains { $0.operation == .headObject })
  }

  @Test func `a holder that was superseded writes nothing more`() async throws {
    let lease = lease()
    try await lease.change { $0.keep(parts: 0) }
    bucket.add(".sluice/uploads/\(id).lease.2")
    let before = bucket.log.count
    await #expect(throws: UploadError.self) { try await lease.change(isFinal: true) { $0.isReleased = true } }
    await #expect(throws: UploadError.self) { try await lease.release { _ in } }
    #expect(bucket.log.dropFirst(before).map(\.operation) == [.headObject] && written?.isReleased == false)
  }

  @Test func `a change that could not be written is written with the next one`() async throws {
    let lease = lease()
    bucket.on { _ in .fails(.server) }
    await #expect(throws: UploadError.self) { try await lease.change { $0.note(SavableSHA256(), parts: 3) } }
    bucket.release()
    try await lease.release { _ in }
    #expect(written?.checkpoints.map(\.parts) == [3] && written?.isReleased == true)
  }
}
