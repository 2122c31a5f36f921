import CLinux
import Glibc
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

  /// The names of at most `count` entries, those of directories with a slash.
  private func names(
    _ listing: any FileListing,
    from start: Int,
    count: Int
  ) async throws -> (value: [String], next: Int) {
    try await listing.read(from: start, into: [String]()) { names, entry in
      switch entry {
      case .directory(let name, _): names.append(name.description + "/")
      case .file(let file): names.append(file.file.name)
      }
      return names.count < count
    }
  }

  @Test func `a listing is read in steps, and skips files that have been removed since`() async throws {
    try await withStore { fixture in
      for name in ["a", "b", "c", "d"] { try setTime(fixture.place.write([1], to: name), 1000) }
      let found = try await fixture.store.list("")
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
      let first = try await fixture.store.list("")
      let used = fixture.budget.use.used
      #expect(used > 0)
      let second = try await fixture.store.list("")
      #expect(fixture.budget.use.used == used)
      try fixture.place.write([1], to: "b")
      let third = try await fixture.store.list("")
      #expect(first?.count == 1 && second?.count == 1 && third?.count == 2)
    }
  }

  @Test func `listing returns nil when reservations have used up their share of the budget`() async throws {
    try await withStore { fixture in
      let reservation = await fixture.budget.reserve(fixture.budget.reservable)
      let listing = try await fixture.store.list("")
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
