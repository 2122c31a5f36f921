import Dashboard
import Foundation
import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import DashboardApp

struct DirectoryReaderTests {
  private func reader(_ home: String, limit: Int = 20_000) -> DirectoryReader {
    DirectoryReader(paths: LocalPath(home: home, workingDirectory: home), limit: limit)
  }

  private func entries(_ listing: DirectoryListing) -> [String: DirectoryEntry] {
    Dictionary(uniqueKeysWithValues: listing.entries.map { ($0.name, $0) })
  }

  @Test(arguments: [
    ("~", "/home/ann"), ("~/a/../b", "/home/ann/b"), ("a//b/./c/", "/place/a/b/c"), ("/../..", "/"), ("", "/place"),
    ("..", "/"), ("~ann", "/place/~ann"),
  ])
  func `a typed path becomes absolute, with the home directory for ~ and no . or ..`(typed: String, path: String) {
    #expect(LocalPath(home: "/home/ann", workingDirectory: "/place").absolute(typed) == path)
  }

  @Test func `a listing has the kind, size, time and problem of files, directories and links`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write(SplitMix64.bytes(1234), to: "file.bin")
      #expect(mkdir(directory.file("folder"), 0o755) == 0)
      #expect(symlink("file.bin", directory.file("link")) == 0)
      #expect(symlink("folder", directory.file("door")) == 0)
      #expect(symlink("nothing", directory.file("broken")) == 0)
      #expect(symlink("circle", directory.file("circle")) == 0)
      var time = timeval(tv_sec: 1_700_000_000, tv_usec: 0)
      #expect([time, time].withUnsafeBufferPointer { utimes(directory.file("file.bin"), $0.baseAddress) } == 0)

      let listing = reader(directory.path).read("~/.")
      #expect(listing.requested == "~/.")
      #expect(listing.path == directory.path)
      #expect(listing.problem == nil)
      #expect(listing.total == 6)
      let found = entries(listing)
      var calendar = tm()
      localtime_r(&time.tv_sec, &calendar)
      let hour = calendar.tm_hour < 10 ? "0\(calendar.tm_hour)" : "\(calendar.tm_hour)"
      #expect(found["file.bin"]?.size == 1234)
      #expect(found["file.bin"]?.modified.hasPrefix("2023-11-1") == true)
      #expect(
        found["file.bin"]?.modified.hasSuffix(" \(hour):\(calendar.tm_min < 10 ? "0" : "")\(calendar.tm_min)") == true
      )
      #expect(found["folder"]?.kind == .directory)
      #expect(found["folder"]?.size == nil)
      #expect(found["link"]?.kind == .file)
      #expect(found["link"]?.size == 1234)
      #expect(found["link"]?.linkTarget == "file.bin")
      #expect(found["door"]?.kind == .directory)
      #expect(found["broken"]?.kind == .other("broken link"))
      #expect(found["broken"]?.problem == "its target does not exist")
      #expect(found["circle"]?.problem?.contains("loop") == true)
      #expect(found.values.count { $0.problem == nil } == 4)
    }
  }

  @Test(.timeLimit(.minutes(30)))
  func `a FIFO blocks neither a listing nor the check of a file, and a device blocks no listing`() async throws {
    try await withTemporaryDirectory { directory in
      #expect(mkfifo(directory.file("pipe"), 0o644) == 0)
      let entry = try #require(reader(directory.path).read(directory.path).entries.first)
      #expect(entry.kind == .other("FIFO"))
      #expect(entry.problem?.contains("FIFO") == true)
      let listing = reader(directory.path).read("pipe")
      #expect(listing.problem == "it is not a directory")
      #expect(checker(directory).check(directory.file("pipe")).problem?.contains("FIFO") == true)
      #expect(entries(reader("/dev").read("/dev"))["null"]?.kind == .other("device"))
    }
  }

  @Test func `files with control characters or bytes that are not UTF-8 in their names are listed`() async throws {
    try await withTemporaryDirectory { directory in
      let odd = ["new\nrow", "\u{1B}[31mred", "-rf", " ", "ü\u{202E}x"]
      for name in odd { try directory.write([1], to: name) }
      let bytes = Array(directory.path.utf8) + [UInt8(ascii: "/"), UInt8(ascii: "a"), 0xFF, 0xFE, 0]
      let descriptor = bytes.withUnsafeBytes { raw in
        raw.baseAddress.map { open($0.assumingMemoryBound(to: CChar.self), O_CREAT | O_WRONLY | O_CLOEXEC, 0o644) }
          ?? -1
      }
      try #require(descriptor >= 0)
      close(descriptor)
      let found = entries(reader(directory.path).read("~"))
      #expect(odd.allSatisfy { found[$0]?.problem == nil && found[$0]?.size == 1 })
      let name = NameBytes([UInt8(ascii: "a"), 0xFF, 0xFE]).losslessText
      #expect(found[name]?.kind == .file && found[name]?.problem == nil)
      // A path from the picker is found again.
      let check = checker(directory).check(directory.file(name))
      #expect(check.problem == nil && check.size == 0)
    }
  }

  @Test func `files and directories without read permission have that as their problem`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.write([1, 2, 3], to: "secret.key")
      #expect(chmod(file, 0) == 0)
      #expect(mkdir(directory.file("closed"), 0) == 0)
      #expect(chmod(directory.path, 0o755) == 0)
      let (reader, checker) = (reader(directory.path), checker(directory))
      let (listing, closed, check) = await asUnprivilegedUser {
        (reader.read("~"), reader.read("~/closed"), checker.check(file))
      }
      let found = entries(listing)
      #expect(found["secret.key"]?.problem == "no permission to read it")
      #expect(found["secret.key"]?.size == 3)
      #expect(found["closed"]?.problem == "no permission to read it")
      #expect(closed.problem == "no permission to read it")
      #expect(check == .init(path: file, size: 3, problem: "no permission to read it"))
    }
  }

  @Test func `the listing of a missing directory has that as its problem`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.file("gone")
      #expect(mkdir(path, 0o755) == 0)
      #expect(reader(path).read(path).problem == nil)
      #expect(rmdir(path) == 0)
      let listing = reader(path).read(path)
      #expect(listing.problem == "it does not exist")
      #expect(listing.path == path)
      #expect(reader(path).read("/a\0b").problem != nil)
    }
  }

  /// Links to one file are the cheapest entries there are.
  @Test func `of 25,000 entries 20,000 are listed and the others only counted`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([], to: "0")
      let descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      defer { close(descriptor) }
      let failures = (1..<25_000).count { symlinkat("0", descriptor, "\($0)") != 0 }
      #expect(failures == 0)
      let listing = reader(directory.path).read("~")
      #expect(listing.entries.count == 20_000)
      #expect(listing.total == 25_000)
      #expect(listing.problem == nil)
    }
  }

  // MARK: Files to be sent

  private func checker(_ directory: TemporaryDirectory) -> FileChecker {
    FileChecker(paths: LocalPath(home: directory.path, workingDirectory: directory.path))
  }

  @Test func `the check of a directory says so, and of the root directory that it cannot be sent`() async throws {
    try await withTemporaryDirectory { directory in
      #expect(mkdir(directory.file("photos"), 0o755) == 0)
      #expect(symlink("photos", directory.file("link")) == 0)
      let checker = checker(directory)
      let checks = ["~/photos", "photos/", "link"].map { checker.check($0) }
      #expect(checks.allSatisfy { $0.isDirectory && $0.problem == nil && $0.size == nil })
      #expect(checker.check("/").problem == "the root directory cannot be sent")
    }
  }

  @Test func `the check of a regular file has its size, and that of anything else a problem`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write(SplitMix64.bytes(77), to: "a.bin")
      #expect(symlink("a.bin", directory.file("link")) == 0)
      let paths = [directory.file("a.bin"), "~/link", "gone", "/", "/dev/null", "a\0b"]
      let files = paths.map { checker(directory).check($0) }
      #expect(files.map(\.path) == paths)
      #expect(files.map(\.size) == [77, 77, nil, nil, nil, nil])
      #expect(files.map { $0.problem == nil } == [true, true, false, false, false, false])
    }
  }

  /// Runs on a thread that has lost the rights of root, where it had them: only file access of that thread changes.
  private func asUnprivilegedUser<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        typealias SetUser = @convention(c) (uid_t) -> CInt
        if let symbol = dlsym(nil, "setfsuid") { _ = unsafeBitCast(symbol, to: SetUser.self)(65_534) }
        continuation.resume(returning: body())
      }
    }
  }
}
