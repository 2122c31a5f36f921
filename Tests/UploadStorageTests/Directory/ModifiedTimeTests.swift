import Glibc
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// The modification time that a client states for its file.
@Suite struct ModifiedTimeTests {
  /// Stores a file with a digest.
  private func store(
    _ bytes: [UInt8],
    _ fixture: StoreFixture,
    modified: Int64?,
    onDuplicate: DuplicatePolicy? = nil
  ) async throws -> StoredFile {
    let probe = try await SinkProbe(
      fixture.store,
      size: UInt64(bytes.count),
      isExact: true,
      hash: TestHash(),
      on: fixture.eventLoop
    )
    try await probe.feed(bytes, chunks: repeatElement(1 << 20, count: bytes.count >> 20))
    var request = FinalizeRequest(path: try FilePath("a/b"), modified: modified)
    request.onDuplicate = onDuplicate
    return try await probe.beginFinalizing(request).get()
  }

  @Test(arguments: [0, 1, 1_000_000_000, 4_000_000_000, -1] as [Int64], [10, 3 << 20])
  func `the stated time is set, and the noted digest remains valid`(modified: Int64, size: Int) async throws {
    try await withStore { fixture in
      let bytes = SplitMix64.bytes(size)
      let file = try await store(bytes, fixture, modified: modified)
      #expect(file.modified == modified)
      let found = try #require(fixture.directory.reader.open("a/b"))
      #expect(found.file.modified == modified)
      guard Descriptors.takesAttributes(fixture.place.file("probe")) else { return }
      #expect(found.file.digests.sha256 == TestHash.of(bytes).sha256)
    }
  }

  @Test func `without a stated time it is that of the last byte`() async throws {
    try await withStore { fixture in
      let file = try await store([1], fixture, modified: nil)
      #expect(abs(file.modified - Int64(time(nil))) < 600)
    }
  }

  @Test(arguments: [Int64.min, .max])
  func `a time beyond what the file system stores does not fail the upload`(modified: Int64) async throws {
    try await withStore { fixture in
      let file = try await store([1], fixture, modified: modified)
      #expect(file.size == 1)
    }
  }

  @Test func `where the time cannot be set the file is stored, and reports the time it has`() async throws {
    let disk = FaultyDisk { if case .setModified = $0 { .fails(EPERM) } else { .fine } }
    try await withStore(calls: disk.calls) { fixture in
      let file = try await store([1], fixture, modified: 1)
      #expect(abs(file.modified - Int64(time(nil))) < 600)
      #expect(disk.made.contains(.setModified(1)))
    }
  }

  @Test func `the time is set after the last byte and before the sync`() async throws {
    let disk = FaultyDisk()
    try await withStore(durability: .full, calls: disk.calls) { fixture in
      disk.clear()
      _ = try await store([1], fixture, modified: 5)
      let calls = disk.made.filter { call in
        switch call {
        case .write, .setModified, .sync: true
        default: false
        }
      }
      #expect(calls == [.write(offset: 0, count: 1), .setModified(5), .sync])
    }
  }

  @Test func `contents of the same size and stated time have different versions`() async throws {
    try await withStore { fixture in
      var versions: Set<String> = []
      for number in 0..<20 {
        _ = try await store([UInt8(number)], fixture, modified: 1000, onDuplicate: .replace)
        versions.insert(try #require(fixture.directory.reader.open("a/b")).version.text)
      }
      #expect(versions.count == 20)
    }
  }
}
