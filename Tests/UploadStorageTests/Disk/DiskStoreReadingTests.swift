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

  @Test func `a listing is read in another order, and skips what has been removed there too`() async throws {
    try await withStore { fixture in
      for name in ["a", "b", "c", "d"] { try setTime(fixture.place.write([1], to: name), 1000) }
      let found = try await fixture.store.list("")
      let listing = try #require(found)
      try #require(unlink(fixture.place.file("c")) == 0)
      let all = try await listing.read(from: 1, in: [1, 3, 2, 0], into: [String]()) { names, entry in
        if case .file(let file) = entry { names.append(file.file.name) }
        return true
      }
      #expect(all.value == ["d", "a"] && all.next == 4)
    }
  }

  @Test func `the space for further uploads is that of the disk without --min-free`() async throws {
    var calls = FileCalls()
    calls.freeSpace = { _ in 1 << 30 }
    try await withStore(minFree: SizeSetting(1 << 20), calls: calls) { fixture in
      let available = try await fixture.store.availableSpace()
      #expect(available == (1 << 30) - (1 << 20))
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

  @Test func `a directory is listed with its directories first, and files have their whole paths`() async throws {
    try await withStore { fixture in
      for path in ["sub/b/x", "sub/a/x", "sub/one", "sub/two", "other"] {
        let upload = try fixture.directory.stage([1], FinalizeRequest(path: FilePath(NameBytes(path))))
        _ = try await fixture.publish([upload])
      }
      for (name, time) in [("sub/one", 2), ("sub/two", 3), ("sub/a", 5), ("sub/b", 9)] {
        try setTime(fixture.place.file(name), time)
      }
      let found = try await fixture.store.list("sub")
      let listing = try #require(found)
      #expect(listing.count == 4)
      let first = try await names(listing, from: 0, count: 3)
      #expect(first.value == ["a/", "b/", "sub/two"] && first.next == 3)
      let rest = try await names(listing, from: 3, count: 9)
      #expect(rest.value == ["sub/one"])
      let times = try await listing.read(from: 0, into: [Int64]()) { times, entry in
        switch entry {
        case .directory(_, let modified): times.append(modified)
        case .file(let file): times.append(file.file.modified)
        }
        return true
      }
      #expect(times.value == [5, 9, 3, 2])
      let root = try await fixture.store.list("")
      #expect(root?.count == 2)
    }
  }

  @Test(arguments: [
    "nothing", "file", "link", "dir/link", "dir/nothing", "..", ".", "/", "dir/", "dir/..", "/dir", "dir//sub", "dir\0",
    ".sluice-uploads", ".SLUICE-UPLOADS", ".sluice-uploads/x", "dir/.sluice-uploads",
  ])
  func `listing anything but a directory by its exact path fails as not found`(path: String) async throws {
    try await withStore { fixture in
      for name in ["dir", "dir/sub", "dir/.sluice-uploads", ".sluice-uploads", ".sluice-uploads/x"] {
        try #require(mkdir(fixture.place.file(name), 0o755) == 0)
      }
      try fixture.place.write([1], to: "file")
      try #require(symlink("dir", fixture.place.file("link")) == 0)
      try #require(symlink("sub", fixture.place.file("dir/link")) == 0)
      let error = await #expect(throws: UploadError.self) { try await fixture.store.list(NameBytes(path)) }
      #expect(error?.code == .notFound)
      let found = try await fixture.store.list("dir/sub")
      #expect(found?.count == 0)
    }
  }

  @Test func `a directory that is removed after a listing is not found, and its listing has no files`() async throws {
    try await withStore { fixture in
      try #require(mkdir(fixture.place.file("dir"), 0o755) == 0)
      try fixture.place.write([1], to: "dir/a")
      try setTime(fixture.place.file("dir"), 1000)
      let found = try await fixture.store.list("dir")
      let listing = try #require(found)
      try #require(unlink(fixture.place.file("dir/a")) == 0 && rmdir(fixture.place.file("dir")) == 0)
      let rest = try await names(listing, from: 0, count: 9)
      #expect(rest.value == [] && rest.next == 1)
      let error = await #expect(throws: UploadError.self) { try await fixture.store.list("dir") }
      #expect(error?.code == .notFound)
    }
  }

  @Test func `directories are made with their parents, and found to exist afterwards`() async throws {
    try await withStore(durability: .full) { fixture in
      var created: [Bool] = []
      for path in ["a/b", "a/b", "a", "", "c"] as [NameBytes] {
        created.append(try await fixture.store.makeDirectory(DirectoryPath(path)))
      }
      #expect(created == [true, false, false, false, true])
      try fixture.place.write([1], to: "a/file")
      for path in ["a/file", "a/file/b"] as [NameBytes] {
        let error = await #expect(throws: UploadError.self) {
          try await fixture.store.makeDirectory(DirectoryPath(path))
        }
        #expect(error?.code == .nameTaken)
      }
      #expect(DirectoryNames.read(fixture.place.file("a")).sorted() == ["b", "file"])
    }
  }

  @Test(arguments: 0..<3)
  func `a directory whose name cannot be synced is removed`(failing: Int) async throws {
    let syncs = Counter()
    let disk = FaultyDisk(sparesOpening: true) { call in
      call == .syncDirectory && syncs.next() == failing ? .fails(EIO) : .fine
    }
    try await withStore(durability: .full, calls: disk.calls) { fixture in
      disk.clear()
      let error = await #expect(throws: UploadError.self) {
        try await fixture.store.makeDirectory(DirectoryPath("a/b"))
      }
      #expect(error?.code == .storageFailed)
      #expect(try fixture.place.names() == [])
      let isCreated = try await fixture.store.makeDirectory(DirectoryPath("a/b"))
      #expect(isCreated)
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
