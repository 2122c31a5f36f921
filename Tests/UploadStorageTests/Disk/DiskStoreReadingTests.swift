import CLinux
import Glibc
import NIOCore
import NIOPosix
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// What readers of a ``DiskStore`` get.
@Suite struct DiskStoreReadingTests {
  private func setTime(_ path: String, _ seconds: Int) throws {
    let times = [timespec(tv_sec: 0, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
  }

  /// The names of at most `count` files.
  private func names(
    _ listing: any FileListing,
    from start: Int,
    count: Int
  ) async throws -> (value: [String], next: Int) {
    try await listing.read(from: start, into: [String]()) { names, file in
      names.append(file.file.name)
      return names.count < count
    }
  }

  @Test func `a file is opened and read in one step, and one that does not exist is none`() async throws {
    try await withStore { fixture in
      try fixture.place.write(Array("content".utf8), to: "a")
      let loop = MultiThreadedEventLoopGroup.singleton.next()
      let read: @Sendable (any OpenFile) throws -> String = { file in
        guard case .region(let region) = file.content(in: 0..<file.file.size) else { return "" }
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try bytes.withUnsafeMutableBytes { try region.read(into: $0, at: 0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
      }
      #expect(try await fixture.store.open("a", on: loop, read).get() == "content")
      #expect(try await fixture.store.open("b", on: loop, read).get() == nil)
      let error = UploadError(.badRequest, "No.")
      let failed = fixture.store.open("a", on: loop) { _ -> Int in throw error }
      await #expect(throws: UploadError.self) { try await failed.get() }
    }
  }

  @Test func `a region is loaded into the page cache as far as the file has bytes`() async throws {
    try await withStore { fixture in
      let path = try fixture.place.write([UInt8](repeating: 7, count: 100_000), to: "a")
      let found = try await fixture.store.open("a")
      let file = try #require(found)
      guard case .region(let region) = file.content(in: 10..<100_000) else { throw TimeoutError("no region") }
      let all = try await region.reading { $0.load() }
      #expect(all == 99_990)
      try #require(truncate(path, 50_000) == 0)
      let rest = try await region.reading { ($0.load(), $0.isLoaded, $0.fileSize) }
      #expect(rest.0 == 49_990 && !rest.1 && rest.2 == 50_000)
    }
  }

  @Test func `a listing is read in steps, and skips files that have been removed since`() async throws {
    try await withStore { fixture in
      for name in ["a", "b", "c", "d"] { try setTime(fixture.place.write([1], to: name), 1000) }
      let found = try await fixture.store.list()
      let listing = try #require(found)
      #expect(listing.count == 4)
      let first = try await names(listing, from: 0, count: 2)
      #expect(first.value == ["a", "b"] && first.next == 2)
      try #require(unlink(fixture.place.file("c")) == 0)
      let rest = try await names(listing, from: first.next, count: 9)
      #expect(rest.value == ["d"] && rest.next == 4)
    }
  }

  @Test func `listings of an unchanged directory share their memory, and one after a change is new`() async throws {
    try await withStore { fixture in
      try fixture.place.write([1], to: "a")
      try setTime(fixture.place.path, 1000)
      let first = try await fixture.store.list()
      let used = fixture.budget.use.used
      #expect(used > 0)
      let second = try await fixture.store.list()
      #expect(fixture.budget.use.used == used)
      try fixture.place.write([1], to: "b")
      let third = try await fixture.store.list()
      #expect(first?.count == 1 && second?.count == 1 && third?.count == 2)
    }
  }

  @Test func `listing returns nil when reservations have used up their share of the budget`() async throws {
    try await withStore { fixture in
      let reservation = await fixture.budget.reserve(fixture.budget.reservable)
      let listing = try await fixture.store.list()
      #expect(reservation != nil && listing == nil)
    }
  }

  @Test func `a part of an open file is read on the store's threads`() async throws {
    try await withStore { fixture in
      try fixture.place.write(Array("0123456789".utf8), to: "a")
      let found = try await fixture.store.open("a")
      let file = try #require(found)
      guard case .region(let region) = file.content(in: 2..<5) else {
        Issue.record("a local file's content is a region of it")
        return
      }
      let text = try await region.reading { (region: LocalFileRegion) throws -> String in
        var bytes = [UInt8](repeating: 0, count: 8)
        let count = try bytes.withUnsafeMutableBytes { try region.read(into: $0, at: 0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
      }
      #expect(text == "234")
      let missing = try await fixture.store.open("b")
      #expect(missing == nil)
    }
  }
}
