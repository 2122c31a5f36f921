import HTTPTypes
import Testing
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadServer

/// Directories as tar archives.
@Suite struct ArchiveDownloadTests {
  /// The entries of an archive, read by its headers alone: path, kind and content.
  private func entries(_ bytes: [UInt8]) throws -> [(path: String, kind: String, content: [UInt8])] {
    var found: [(path: String, kind: String, content: [UInt8])] = []
    var rest = bytes[...]
    func text(_ offset: Int, _ length: Int) -> String {
      let start = rest.startIndex + offset
      return String(decoding: rest[start..<start + length].prefix { $0 != 0 }, as: UTF8.self)
    }
    while rest.count >= 512, rest.first != 0 {
      let size = try #require(Int(text(124, 12), radix: 8))
      let prefix = text(345, 155)
      let path = (prefix.isEmpty ? "" : prefix + "/") + text(0, 100)
      let kind = text(156, 1)
      rest = rest.dropFirst(512)
      found.append((path, kind, Array(rest.prefix(size))))
      rest = rest.dropFirst(size + TarWriter.padding(after: UInt64(size)))
    }
    #expect(rest.count == 1024 && rest.allSatisfy { $0 == 0 }, "the archive has its end")
    return found
  }

  @Test func `a directory is archived with all that is in it, under its own name`() async throws {
    let store = BrowsingProbe.store()
    let large = SplitMix64.bytes(200_000)
    store.add("x/photos/a.txt", Array("hello".utf8))
    store.add("x/photos/sub/large", large, bufferSize: 10_000)
    store.add("x/photos/sub/deep/empty", [])
    store.add("x/other", [1])
    let isMade = try await store.makeDirectory(DirectoryPath("x/photos/hollow"))
    #expect(isMade)
    let reply = try await BrowsingProbe(store: store).get("/files/x/photos/?format=tar")
    #expect(reply.status == 200 && reply.failure == nil)
    #expect(reply.fields[.contentType] == "application/x-tar")
    #expect(reply.fields[.contentDisposition]?.contains("filename=\"photos.tar\"") == true)
    let found = try entries(reply.bytes)
    #expect(
      found.map(\.path) == [
        "photos/", "photos/hollow/", "photos/sub/", "photos/sub/deep/", "photos/sub/deep/empty", "photos/sub/large",
        "photos/a.txt",
      ]
    )
    #expect(found.map(\.kind) == ["5", "5", "5", "5", "0", "0", "0"])
    #expect(found[5].content == large && found[6].content == Array("hello".utf8))
  }

  @Test func `the upload directory is archived without a directory of its own, and may be empty`() async throws {
    let store = BrowsingProbe.store()
    let empty = try await BrowsingProbe(store: store).get("/files/?format=tar")
    #expect(empty.bytes == TarWriter.end)
    store.add("a", [1])
    let reply = try await BrowsingProbe(store: store).get("/files?format=tar")
    #expect(try entries(reply.bytes).map(\.path) == ["a"])
    #expect(reply.fields[.contentDisposition]?.contains("filename=\"files.tar\"") == true)
  }

  @Test func `of a file that has grown the announced bytes are archived`() async throws {
    let store = BrowsingProbe.store()
    store.add("a", Array("0123456789".utf8), bufferSize: 4, size: 6)
    store.add("b", [1])
    let reply = try await BrowsingProbe(store: store).get("/files/?format=tar")
    #expect(reply.failure == nil)
    let found = try entries(reply.bytes)
    #expect(found.map(\.path) == ["a", "b"] && found[0].content == Array("012345".utf8))
  }

  @Test func `a file that has shrunk ends the connection instead of a wrong archive`() async throws {
    let store = BrowsingProbe.store()
    store.add("a", Array("0123".utf8), size: 6)
    store.add("b", [1])
    let reply = try await BrowsingProbe(store: store).get("/files/?format=tar")
    #expect((reply.failure as? UploadError)?.code == .storageFailed)
    #expect(!reply.bytes.suffix(1024).allSatisfy { $0 == 0 })
  }

  @Test func `HEAD of an archive has its fields without a body, and a missing directory gets 404`() async throws {
    let store = BrowsingProbe.store()
    store.add("d/a", [1])
    let head = try await BrowsingProbe(store: store).get("/files/d/?format=tar", method: .head)
    #expect(head.status == 200 && head.bytes.isEmpty && head.fields[.contentType] == "application/x-tar")
    #expect(head.fields[.contentLength] == nil, "GET has a body, of a length that is not known")
    let missing = try await BrowsingProbe(store: store).get("/files/e/?format=tar")
    #expect(missing.status == 404)
  }

  @Test func `an archive for which the budget has no memory gets 503`() async throws {
    let store = BrowsingProbe.store()
    store.hasMemoryForListings = false
    let reply = try await BrowsingProbe(store: store).get("/files/?format=tar")
    #expect(reply.status == 503)
  }

  @Test func `an archive counts as a download, from its first byte to its end, and HEAD does not`() async throws {
    let store = BrowsingProbe.store()
    store.add("d/a", [1])
    let probe = BrowsingProbe(store: store)
    _ = try await probe.get("/files/d/?format=tar", method: .head)
    #expect(probe.ledger.downloads.totals == DownloadTotals())
    let reply = try await probe.get("/files/d/?format=tar")
    #expect(probe.ledger.downloads.totals == DownloadTotals(finished: 1, bytes: UInt64(reply.bytes.count)))
    store.add("d/b", Array("0123".utf8), size: 6)
    let cut = try await probe.get("/files/d/?format=tar")
    #expect(cut.failure != nil)
    let totals = probe.ledger.downloads.totals
    #expect(totals.active == 0 && totals.finished == 1 && totals.aborted == 1)
    #expect(totals.bytes == UInt64(reply.bytes.count + cut.bytes.count))
  }
}
