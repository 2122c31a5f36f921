import NIOCore
import Testing
import UploadCore
import UploadStorage

@testable import UploadStorageS3

@Suite struct StoredContentTests {
  private static let part = UInt64(S3Fixture.part)

  /// Hashes of as many whole parts of zeros.
  private static let hashes: [SavableSHA256] = {
    var (hash, hashes) = (SavableSHA256(), [SavableSHA256()])
    let bytes = [UInt8](repeating: 0, count: S3Fixture.part)
    for _ in 1...4 {
      bytes.withUnsafeBytes { hash.update($0) }
      hashes.append(hash)
    }
    return hashes
  }()

  private func content(checkpoints: Int = 0, tail: StoredContent.Tail? = nil) -> StoredContent {
    var content = StoredContent(holder: UploadID(), partSize: Self.part)
    for parts in 0..<checkpoints { content.note(Self.hashes[parts + 1], parts: parts + 1) }
    content.tail = tail
    return content
  }

  private func listed(_ numbers: [Int], size: UInt64 = part) -> [S3Part] {
    numbers.map { S3Part(number: $0, size: size, tag: "") }
  }

  @Test func `the offset is that of the parts without a gap, as far as the engine has them`() {
    let content = content(checkpoints: 4)
    for (numbers, count) in [([], 0), ([1], 1), ([1, 2], 2), ([1, 3], 1), ([2, 3], 0), ([1, 2, 4], 2)] as [([Int], Int)]
    {
      let stored = content.stored(listed(numbers))
      #expect(stored.parts == count && stored.offset == UInt64(count) * Self.part, "\(numbers)")
      #expect(stored.hash.saved == Self.hashes[count].saved)
    }
  }

  @Test func `a part of another size, or one that this upload has not sent, does not count`() {
    let content = content(checkpoints: 2)
    #expect(content.stored(listed([1]) + listed([2], size: Self.part - 1)).parts == 1)
    #expect(content.stored(listed([1], size: 7) + listed([2])).parts == 0)
    #expect(content.stored(listed([1, 2, 3, 4])).parts == 2)
    #expect(content.stored(listed([0, 1, 2])).parts == 0)
  }

  @Test func `a lease that names more parts than an object may have counts for nothing`() throws {
    let parts = UInt64.max / Self.part
    var saved = SavableSHA256().saved
    saved.replaceSubrange(32..<40, with: withUnsafeBytes(of: (parts * Self.part).bigEndian) { Array($0) })
    var content = StoredContent(holder: UploadID(), partSize: Self.part)
    content.note(try #require(SavableSHA256(saved: saved)), parts: Int(parts))
    content.tail = StoredContent.Tail(number: 1, start: parts * Self.part, size: Self.part)
    #expect(content.stored(nil).offset == 0 && content.stored(nil).parts == 0)
  }

  @Test func `a released lease says what the engine has`() {
    var content = content(checkpoints: 3)
    content.keep(parts: 2)
    #expect(content.checkpoints.count == 1 && content.stored(nil).parts == 2)
  }

  @Test func `the tail counts where the last part ends`() {
    for start in 0...3 {
      let tail = StoredContent.Tail(number: 1, start: UInt64(start) * Self.part, size: 99)
      let stored = content(checkpoints: 3, tail: tail).stored(listed([1, 2]))
      #expect(stored.offset == 2 * Self.part + (start == 2 ? 99 : 0))
      #expect((stored.tail == nil) == (start != 2))
    }
    let unaligned = StoredContent.Tail(number: 1, start: 2 * Self.part - 1, size: 99)
    #expect(content(checkpoints: 3, tail: unaligned).stored(listed([1, 2])).tail == nil)
    for size in [0, Self.part + 1] {
      let wrong = StoredContent.Tail(number: 1, start: 0, size: size)
      #expect(content(tail: wrong).stored([]).offset == 0)
    }
  }

  @Test func `only the hashes of parts that may be under way are noted`() {
    var content = content()
    for parts in 1...30 { content.note(Self.hashes[1], parts: parts) }
    content.note(Self.hashes[2], parts: 30)
    #expect(content.checkpoints.map(\.parts) == Array(23...30))
  }

  @Test func `a hash of another length than its parts have is not believed`() {
    var content = content()
    content.note(Self.hashes[1], parts: 1)
    content.note(Self.hashes[1], parts: 2)
    #expect(content.stored(listed([1, 2])).parts == 1)
    content.checkpoints = [StoredContent.Checkpoint(parts: 1, hash: "no hash")]
    #expect(content.stored(listed([1, 2])).parts == 0)
    content.checkpoints = [StoredContent.Checkpoint(parts: .max, hash: content.checkpoints[0].hash)]
    #expect(content.stored(nil).parts == 0)
  }

  @Test func `what was written is read again, and nothing else`() throws {
    var content = content(checkpoints: 2, tail: StoredContent.Tail(number: 3, start: 2 * Self.part, size: 5))
    content.object = StoredContent.Multipart(
      key: "k\"ü",
      path: "a/b",
      uploadID: "u+/=",
      type: "text/plain",
      modified: -5,
      sha256: nil,
      isExclusive: true
    )
    guard case .bytes(let text) = try content.body else {
      Issue.record("no text")
      return
    }
    let bytes = Array(text.readableBytesView)
    #expect(StoredContent(bytes) == content && bytes.count < StoredContent.longest)
    for end in stride(from: 0, to: bytes.count - 1, by: 7) { #expect(StoredContent(Array(bytes[..<end])) == nil) }
    #expect(StoredContent(Array(#"{"version":1}"#.utf8)) == nil)
  }

  @Test func `the names of an upload's objects are read again, and no others`() throws {
    let id = UnfinishedID()
    let naming = ObjectNaming(prefix: "up")
    for kind in [UnfinishedPart.Kind.record, .lease(1), .lease(40), .tail(7)] {
      let part = UnfinishedPart(id: id, kind: kind)
      #expect(naming.key(of: part).hasPrefix("up/.sluice/uploads/\(id)."))
      #expect(naming.part(ofKey: naming.key(of: part)) == part)
    }
    let wrong = ["", "a.json", "\(id)", "\(id).", "\(id).xml", "\(id).lease.0", "\(id).lease.01", "\(id).lease.-1"]
    for name in wrong + ["\(id).json.1", "\(id).tail", "\(id).lease.1.2", "\(id).lease.99999999999999999999"] {
      #expect(UnfinishedPart(name: name) == nil, "\(name)")
    }
    #expect(naming.part(ofKey: "up/\(id).json") == nil)
  }
}
