import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Small files that are stored together when all of their bytes have arrived.
@Suite struct CompleteFileTests {
  private func file(
    _ path: String,
    _ content: String,
    hash: (any ContentHash)? = nil,
    expected: ContentDigests = ContentDigests()
  ) throws -> CompleteFile {
    let size = UInt64(content.utf8.count)
    let meter = UploadMeter(direction: .incoming, mode: .stream, name: path, size: size, remote: "")
    let request = FinalizeRequest(
      path: try FilePath(NameBytes(path)),
      modified: 5,
      type: "text/plain",
      expected: expected
    )
    return CompleteFile(ByteBuffer(string: content), request, hash: hash, meter: meter)
  }

  private func store(_ files: [CompleteFile], in fixture: StoreFixture) async -> [Result<StoredFile, any Error>] {
    await withCheckedContinuation { continuation in
      fixture.store.store(files, on: fixture.eventLoop) { continuation.resume(returning: $0) }
    }
  }

  @Test func `each file is stored under its path, with time, type and digests`() async throws {
    try await withStore(durability: .full) { fixture in
      let files = try [file("a", "one", hash: TestHash()), file("dir/b", ""), file("dir/c", "three")]
      let results = await store(files, in: fixture)
      let stored = try results.map { try $0.get() }
      #expect(stored.map(\.name) == ["a", "dir/b", "dir/c"])
      #expect(stored.map(\.size) == [3, 0, 5])
      #expect(stored.allSatisfy { $0.modified == 5 && $0.type == "text/plain" && !$0.replaced })
      #expect(stored[0].digests.sha256 != nil)
      #expect(try fixture.place.read("dir/c") == Array("three".utf8))
      #expect(files.map(\.meter.stored) == [3, 0, 5])
      #expect(files.map(\.meter.durable) == [3, 0, 5])
    }
  }

  @Test func `without durability nothing counts as durable`() async throws {
    try await withStore(durability: .none) { fixture in
      let files = try [file("a", "one")]
      _ = await store(files, in: fixture)
      #expect(files[0].meter.stored == 3)
      #expect(files[0].meter.durable == 0)
    }
  }

  @Test func `more files than a group has are all stored, with results in their order`() async throws {
    try await withStore(durability: .full) { fixture in
      let files = try (0..<200).map { try file("f\($0)", "\($0)") }
      let stored = try await store(files, in: fixture).map { try $0.get().name }
      #expect(stored == (0..<200).map { "f\($0)" })
    }
  }

  @Test func `the failure of one leaves the others alone`() async throws {
    try await withStore(durability: .full) { fixture in
      try fixture.place.write([1], to: "taken")
      let wrong = ContentDigests(sha256: Array(repeating: 0, count: 32))
      let files = try [
        file("a", "1"), file("b", "2", hash: TestHash(), expected: wrong), file("taken/c", "3"), file("d", "4"),
      ]
      let results = await store(files, in: fixture)
      let codes = results.map { result -> UploadError.Code? in
        if case .failure(let error) = result { (error as? UploadError)?.code } else { nil }
      }
      #expect(codes == [nil, .contentMismatch, .nameTaken, nil])
      #expect(try fixture.place.names() == ["a", "d", "taken"])
      #expect(files.map(\.meter.stored) == [1, 0, 0, 1])
    }
  }

  @Test func `after a shutdown every file fails`() async throws {
    try await withStore { fixture in
      await fixture.workers.shutDown()
      let results = await store(try [file("a", "1"), file("b", "2")], in: fixture)
      #expect(results.allSatisfy { if case .failure(let error) = $0 { error is CancellationError } else { false } })
      #expect(try fixture.place.names() == [])
    }
  }
}
