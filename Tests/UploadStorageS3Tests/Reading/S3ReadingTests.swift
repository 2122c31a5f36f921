import NIOCore
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

@Suite struct S3ReadingTests {
  private func bytes(_ content: FileContent) async throws -> [UInt8] {
    guard case .buffers(let buffers) = content else { return [] }
    var bytes: [UInt8] = []
    for try await buffer in buffers { bytes += buffer.readableBytesView }
    return bytes
  }

  @Test func `a file is read whole and in ranges`() async throws {
    try await withS3Store(prefix: "up") { fixture in
      let content = S3Fixture.content(10_500)
      try await fixture.store(content, FinalizeRequest(path: try FilePath("d/a"), modified: 5, type: "a/b"))
      let file = try #require(try await fixture.store.open("d/a"))
      #expect(file.file.name == "d/a" && file.file.size == 10_500 && file.file.type == "a/b" && file.file.modified == 5)
      #expect(file.file.digests.sha256 != nil && file.location == nil)
      #expect(try await bytes(file.content(in: 0..<10_500)) == content)
      #expect(try await bytes(file.content(in: 999..<2001)) == Array(content[999..<2001]))
      #expect(try await bytes(file.content(in: 7..<7)).isEmpty)
      let size = try await fixture.store.open("d/a", on: fixture.eventLoop) { $0.file.size }.get()
      #expect(size == 10_500)
    }
  }

  @Test(arguments: ["b", "d", "d/", "/a", "", ".sluice/claims/x", "a/../a", "\u{0}"])
  func `what is no file is not opened`(path: String) async throws {
    try await withS3Store(leavesNothing: false) { fixture in
      fixture.bucket.add("d/a")
      fixture.bucket.add(".sluice/claims/x")
      let file = try await fixture.store.open(NameBytes(path))
      #expect(file == nil)
    }
  }

  @Test func `a file that is replaced while it is read fails`() async throws {
    try await withS3Store { fixture in
      fixture.bucket.add("a", [1, 2, 3])
      let file = try #require(try await fixture.store.open("a"))
      fixture.bucket.add("a", [4, 5, 6])
      await #expect(throws: UploadError.self) { try await bytes(file.content(in: 0..<3)) }
      let other = try #require(try await fixture.store.open("a"))
      #expect(file.version != other.version)
    }
  }

  @Test func `a reader that stops early ends the request`() async throws {
    try await withS3Store { fixture in
      fixture.bucket.add("a", S3Fixture.content(1_000_000))
      let file = try #require(try await fixture.store.open("a"))
      guard case .buffers(let buffers) = file.content(in: 0..<1_000_000) else { return }
      var count = 0
      for try await buffer in buffers {
        count += buffer.readableBytes
        if count >= 3000 { break }
      }
      #expect(count == 3000)
    }
  }

  @Test func `a download can be redirected`() async throws {
    try await withS3Store(downloads: .redirect) { fixture in
      fixture.bucket.add("a b", [1])
      let file = try await fixture.store.open("a b")
      #expect(file?.location == "http://engine/a b?signed")
    }
  }

  @Test func `a listing has directories by name, then files by age, of all pages`() async throws {
    try await withS3Store(prefix: "up") { fixture in
      for (index, name) in ["z/1", "b/2", "b/3", "m", "k", "c/", "l", "bad\n", "k//x"].enumerated() {
        fixture.bucket.add("up/" + name, [UInt8](repeating: 0, count: index), at: Int64(1000 + index))
      }
      fixture.bucket.add("up/.sluice/claims/x")
      fixture.bucket.add("other/a")
      let listing = try #require(try await fixture.store.list(""))
      let (names, next) = try await listing.read(from: 0, into: [String]()) { names, entry in
        switch entry {
        case .directory(let name, _): names.append(name.description + "/")
        case .file(let file): names.append("\(file.file.name) \(file.file.size)")
        }
        return true
      }
      #expect(names == ["b/", "c/", "k/", "z/", "l 6", "k 4", "m 3"] && next == listing.count)
      let inside = try #require(try await fixture.store.list("b"))
      let (order, _) = try await inside.read(from: 0, in: [1, 0], into: [String]()) { names, entry in
        if case .file(let file) = entry { names.append(file.file.name) }
        return true
      }
      #expect(order == ["b/2", "b/3"])
      await #expect { try await fixture.store.list("missing") } throws: { ($0 as? UploadError)?.code == .notFound }
      await #expect(throws: UploadError.self) { try await fixture.store.list("b/../b") }
      try await fixture.bucket.delete("up/.sluice/claims/x")
    }
  }

  @Test func `an empty bucket has an empty listing, and one that needs too much memory has none`() async throws {
    try await withS3Store(budget: MemoryBudget.minimum) { fixture in
      #expect(try await fixture.store.list("")?.count == 0)
      let name = String(repeating: "n", count: 250)
      for index in 0..<12_000 { fixture.bucket.add("\(index) \(name)") }
      fixture.bucket.setPageSize(1000)
      let listing = try await fixture.store.list("")
      #expect(listing == nil)
    }
  }

  @Test func `a directory is an object that marks it`() async throws {
    try await withS3Store { fixture in
      let path = try DirectoryPath("a/b")
      #expect(try await fixture.store.makeDirectory(path))
      #expect(try await !fixture.store.makeDirectory(path))
      #expect(try await !fixture.store.makeDirectory(DirectoryPath.root))
      #expect(fixture.bucket.files == ["a/b/"])
      #expect(try await fixture.store.list("a/b")?.count == 0)
      #expect(try await fixture.store.list("a")?.count == 1)
      fixture.bucket.add("c/file")
      #expect(try await !fixture.store.makeDirectory(DirectoryPath("c")))
    }
  }

  @Test func `an engine that does not respond is reported as unavailable`() async throws {
    try await withS3Store { fixture in
      fixture.bucket.on { _ in .fails(.unreachable) }
      await #expect { try await fixture.store.check() } throws: { ($0 as? UploadError)?.code == .storeUnavailable }
      await #expect { _ = try await fixture.store.open("a") } throws: {
        ($0 as? UploadError)?.code == .storeUnavailable
      }
      await #expect { _ = try await fixture.store.list("") } throws: { ($0 as? UploadError)?.code == .storeUnavailable }
      #expect(fixture.store.freeSpace() == nil)
    }
  }
}
