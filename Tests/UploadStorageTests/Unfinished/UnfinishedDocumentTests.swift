import Testing
import UploadCore

@testable import UploadStorage

/// Records of unfinished uploads, as bytes.
@Suite struct UnfinishedDocumentTests {
  private static func entry(_ state: UnfinishedRecord.State = .unfinished) -> UnfinishedEntry {
    var record = UnfinishedFixture.record(length: .max)
    (record.offset, record.owner, record.declaredType) = (4097, "hash", "image/png")
    record.properties = ["metadata": "name \u{0}\"ä", "": ""]
    let name = FileName(NameBytes([0x61, 0xE9]), isFlattened: true)
    let directory = try? DirectoryPath(NameBytes("sub/".utf8 + [0xFF]))
    record.path = name.map { FilePath(directory: directory ?? .root, name: $0) }
    record.modified = -2
    record.expected = ContentDigests(sha256: Array(0..<32), sha512: Array(0..<64))
    record.state = state
    return UnfinishedEntry(record: record, bootID: "boot")
  }

  private static var entries: [UnfinishedEntry] {
    get throws {
      var file = StoredFile(name: NameBytes([0xFF]), size: 4097, type: nil, modified: -1, replaced: true)
      file.digests = ContentDigests(sha256: Array(0..<32))
      var publishing = entry(.publishing)
      let name = try #require(FileName(NameBytes("a b"), isFlattened: true))
      let path = FilePath(directory: try DirectoryPath("c/d"), name: name)
      publishing.publication = .init(inode: .max, path: path, modified: 3, type: "a/b", digests: file.digests)
      return [entry(), entry(.gone), entry(.finished(file)), publishing]
    }
  }

  @Test func `a record of every state is read as it was written`() throws {
    for entry in try Self.entries {
      let bytes = try UnfinishedDocument.bytes(of: entry)
      #expect(UnfinishedDocument.entry(of: entry.record.id, in: bytes) == entry)
    }
  }

  @Test func `a truncated record is rejected at every length`() throws {
    for entry in try Self.entries {
      let bytes = try UnfinishedDocument.bytes(of: entry)
      for count in 0..<bytes.count {
        #expect(UnfinishedDocument.entry(of: entry.record.id, in: Array(bytes[..<count])) == nil)
      }
    }
  }

  @Test func `a record of another upload is rejected`() throws {
    let bytes = try UnfinishedDocument.bytes(of: Self.entry())
    #expect(UnfinishedDocument.entry(of: UnfinishedID(), in: bytes) == nil)
  }

  private func text(_ entry: UnfinishedEntry) throws -> String {
    String(decoding: try UnfinishedDocument.bytes(of: entry), as: UTF8.self)
  }

  /// The record with a part of its text replaced, as it is read.
  private func read(_ entry: UnfinishedEntry, replacing old: String, with new: String) throws -> UnfinishedEntry? {
    try read(entry, replacing: old, in: text(entry), with: new)
  }

  private func read(
    _ entry: UnfinishedEntry,
    replacing old: String,
    in text: String,
    with new: String
  ) throws -> UnfinishedEntry? {
    var text = text
    text.replaceSubrange(try #require(text.firstRange(of: old)), with: new)
    return UnfinishedDocument.entry(of: entry.record.id, in: Array(text.utf8))
  }

  @Test func `a record of a version without directories and times is read`() throws {
    var entry = Self.entry()
    entry.record.path = try FilePath("a b")
    let bytes = try UnfinishedDocument.bytes(of: entry)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains(#""requestedName":"a b""#) && text.contains(#""isFlattened":false"#))
    entry.record.modified = nil
    let old = try read(entry, replacing: #""modificationTime""#, in: text, with: #""unknown""#)
    #expect(old == entry)
  }

  @Test(arguments: ["", "..", "a/", "../a", "a/../b", #"\u0000"#])
  func `a record with an impossible path is rejected`(path: String) throws {
    var entry = Self.entry()
    entry.record.path = try FilePath("NAME")
    #expect(try read(entry, replacing: "\"NAME\"", with: "\"\(path)\"") == nil)
    #expect(try read(entry, replacing: "\"NAME\"", with: "\"a/b\"")?.record.path == FilePath("a/b"))
  }

  @Test func `a record of another version is rejected`() throws {
    #expect(try read(Self.entry(), replacing: #""version":1"#, with: #""version":2"#) == nil)
    #expect(try read(Self.entry(), replacing: #""version":1"#, with: #""version":"1""#) == nil)
  }

  @Test(arguments: ["-1", "9223372036854775808", "18446744073709551616", "1.5", "null", "\"1\""])
  func `a record with an impossible offset is rejected`(offset: String) throws {
    let entry = Self.entry()
    #expect(try read(entry, replacing: #""durableOffset":4097"#, with: #""durableOffset":"# + offset) == nil)
  }

  @Test func `a record with an offset beyond its length is rejected`() throws {
    var entry = Self.entry()
    entry.record.length = 4096
    let bytes = try UnfinishedDocument.bytes(of: entry)
    #expect(UnfinishedDocument.entry(of: entry.record.id, in: bytes) == nil)
  }

  @Test func `a record with a malformed digest is rejected`() throws {
    #expect(try read(Self.entry(), replacing: "000102", with: "0001") == nil)
    #expect(try read(Self.entry(), replacing: "000102", with: "00010g") == nil)
  }

  @Test func `a record that is publishing without saying what is rejected`() throws {
    let entry = Self.entry(.publishing)
    let bytes = try UnfinishedDocument.bytes(of: entry)
    #expect(UnfinishedDocument.entry(of: entry.record.id, in: bytes) == nil)
  }

  @Test func `an upload from the future is kept as long from now on as it would have been`() {
    /// The times after a correction at `now`; nil where they are not changed.
    func corrected(_ created: Int64, _ expires: Int64, at now: Int64) -> [Int64]? {
      var entry = Self.entry()
      (entry.record.created, entry.record.expires) = (created, expires)
      return entry.correctTimes(at: now) ? [entry.record.created, entry.record.expires] : nil
    }
    #expect(corrected(1000, 1600, at: 1000) == nil)
    #expect(corrected(1000, 1600, at: 100) == [100, 700])
    #expect(corrected(.max, .min, at: 100) == [100, 100])
    #expect(corrected(101, .max, at: 100) == [100, .max - 1])
    #expect(corrected(1, .max, at: .min) == [.min, -2])
    #expect(corrected(.max, 0, at: .max - 1) == [.max - 1, .max - 1])
  }
}
