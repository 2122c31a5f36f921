import CLinux
import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct DirectoryReadingTests {
  private func setTime(_ path: String, _ seconds: Int, nanoseconds: Int = 0) throws {
    let times = [timespec(tv_sec: 0, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: nanoseconds)]
    try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
  }

  @Test func `the listing has directories by name, then finished files, newest first and then by name`() async throws {
    try await withTemporaryDirectory { place in
      for (name, time) in [("b", 100), ("a", 100), ("old", 1), ("new", 200), (".hidden", 50)] {
        try setTime(place.write([1, 2], to: name), time)
      }
      try place.write([1], to: FileName.partialPrefix + "1" + FileName.partialSuffix)
      for (name, time) in [("sub", 300), ("dir", 1)] {
        try #require(mkdir(place.file(name), 0o755) == 0)
        try setTime(place.file(name), time)
      }
      try #require(mkfifo(place.file("fifo"), 0o600) == 0)
      try #require(symlink("a", place.file("link")) == 0)
      try #require(symlink("nowhere", place.file("dangling")) == 0)
      let directory = try UploadDirectory(path: place.path)
      try place.write([1], to: FileName.partialPrefix + "2" + FileName.partialSuffix)
      let names = try await directory.snapshotNames()
      #expect(names == ["dir", "sub", "new", "a", "b", ".hidden", "old"])
      #expect(directory.reader.open("new")?.file == StoredFile(name: "new", size: 2, type: nil, modified: 200))
    }
  }

  @Test func `reading an open file returns the bytes from an offset to its end, and no bytes at its end`() async throws
  {
    try await withTemporaryDirectory { place in
      try place.write([1, 2, 3], to: "a")
      let file = try #require(try UploadDirectory(path: place.path).reader.open("a"))
      #expect(file.file.size == 3)
      var bytes = [UInt8](repeating: 0, count: 8)
      #expect(try bytes.withUnsafeMutableBytes { try file.region.read(into: $0, at: 1) } == 2)
      #expect(bytes.prefix(2) == [2, 3])
      #expect(try bytes.withUnsafeMutableBytes { try file.region.read(into: $0, at: 3) } == 0)
    }
  }

  @Test func `the version of a file stays the same until its modification time or inode changes`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let version = { try #require(directory.reader.open("a")).version.text }
      var versions: [String] = []
      try setTime(place.write([1], to: "a"), 100)
      versions.append(try version())
      #expect(try version() == versions[0])
      // In place, within the second.
      try setTime(place.file("a"), 100, nanoseconds: 5)
      versions.append(try version())
      // Another file of that very time.
      try setTime(place.write([2], to: "b"), 100)
      try #require(rename(place.file("b"), place.file("a")) == 0)
      versions.append(try version())
      try setTime(place.file("a"), -1)
      versions.append(try version())
      #expect(Set(versions).count == 4)
      #expect(versions.allSatisfy { $0.allSatisfy { $0.isHexDigit || $0 == "-" } })
    }
  }

  @Test func `only a finished regular file with exactly the requested path is opened`() async throws {
    try await withTemporaryDirectory { place in
      let root = place.file("root")
      let directory = try UploadDirectory(path: root)
      try place.write([1], to: "outside")
      try place.write([1], to: "root/file")
      try #require(mkdir(root + "/sub", 0o755) == 0)
      try place.write([1], to: "root/sub/file")
      // A separator with a combining mark behind it is one character, yet a separator all the same.
      try place.write([1], to: "root/sub/\u{301}")
      try place.write([1], to: "root/.sluice-1.part")
      try place.write([1], to: "root/sub/.sluice-1.part")
      for name in ["outer", "root/sub/deep", "root/.sluice-uploads"] {
        try #require(mkdir(place.file(name), 0o755) == 0)
        try place.write([1], to: name + "/file")
      }
      try #require(symlink("sub", root + "/sub-link") == 0)
      try #require(symlink("../outer", root + "/outer-link") == 0)
      try #require(symlink("deep", root + "/sub/deep-link") == 0)
      try #require(symlink("file", root + "/inside-link") == 0)
      try #require(symlink("../outside", root + "/outside-link") == 0)
      try #require(mkfifo(root + "/fifo", 0o600) == 0)
      let rejected = [
        "", ".", "..", "/", "../outside", "..\u{2F}\u{301}", "./file", "sub", "sub/", "file/", "file/file", "sub//file",
        "sub/./file", "sub/../file", "sub/../../outside", "sub/../sub/file", "/sub/file", "sub/file/", "sub/deep",
        "sub-link/file", "outer-link/file", "sub/deep-link/file", "sub/.sluice-1.part", ".sluice-uploads/file",
        ".SLUICE-uploads/file", "sub/file\0", "sub\0/file", String(repeating: "sub/../", count: 700) + "file",
        "/etc/passwd", root + "/file", "file\0", "file\0x", "\0", ".sluice-1.part", "inside-link", "outside-link",
        "fifo",
        "nothing", "FILE", String(repeating: "x", count: 256), String(repeating: "x", count: 5000),
      ]
      for name in rejected {
        #expect(directory.reader.open(NameBytes(name)) == nil, "\(name.debugDescription)")
      }
      for path in ["file", "sub/file", "sub/\u{301}", "sub/deep/file"] as [NameBytes] {
        #expect(directory.reader.open(path)?.file.nameBytes == path)
      }
    }
  }

  @Test func `where a path cannot be opened in one call, it is opened step by step`() async throws {
    try await withTemporaryDirectory { place in
      let root = place.file("root")
      let directory = try UploadDirectory(path: root)
      for name in ["root/a", "root/a/b", "outside"] { try #require(mkdir(place.file(name), 0o755) == 0) }
      for name in ["root/file", "root/a/file", "root/a/b/file", "outside/file"] { try place.write([1], to: name) }
      try #require(symlink("a", root + "/link") == 0 && symlink("file", root + "/a/link") == 0)
      try #require(symlink("../outside", root + "/out") == 0)
      let paths = [
        "file", "a/file", "a/b/file", "a", "a/b", "", "..", "../outside/file", "a/..", "a/../file", "a/../../outside",
        "/file", root + "/file", "link", "link/file", "a/link", "out/file", "file/a", "nothing", "a/nothing",
        "nothing/a",
        String(repeating: "x", count: 256), "a/" + String(repeating: "x", count: 256) + "/a",
      ]
      for path in paths {
        let walked = clinux_walk_beneath(directory.descriptor, path)
        let opened = clinux_open_beneath(directory.descriptor, path)
        defer { for descriptor in [walked, opened] where descriptor >= 0 { close(descriptor) } }
        // Only a path that returns to where it was differs: it is rejected step by step.
        if path == "a/.." || path == "a/../file" {
          #expect(walked < 0)
        } else {
          #expect(FileStatus(descriptor: walked)?.identity == FileStatus(descriptor: opened)?.identity, "\(path)")
          #expect((walked < 0) == !["file", "a/file", "a/b/file", "a", "a/b"].contains(path), "\(path)")
        }
      }
      let open = DirectoryNames.read("/proc/self/fd").filter { linkTarget("/proc/self/fd/" + $0).hasPrefix(root) }
      #expect(open.count == 2, "those of the upload directory")
    }
  }

  @Test func `names that are not UTF-8 are listed and opened`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let name = NameBytes("caf".utf8 + [0xE9])
      let descriptor = name.withCString { openat(directory.descriptor, $0, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600) }
      try #require(descriptor >= 0)
      close(descriptor)
      try place.write([1], to: "caf\u{FFFD}")
      #expect(try await Set(directory.snapshotNames()) == [#"caf\xE9"#, "caf\u{FFFD}"])
      #expect(directory.reader.open(name)?.file.size == 0)
      #expect(directory.reader.open(name)?.file.nameBytes == name)
      #expect(directory.reader.open("caf\u{FFFD}")?.file.size == 1)
      #expect(directory.reader.open(NameBytes([0xE9])) == nil)
    }
  }

  @Test(arguments: [
    ("text/plain", "text/plain"), ("", nil), ("plain", nil), ("a/b\n", nil), ("a/b c", nil), ("a/\u{7F}", nil),
    ("a/ü", nil), (String(repeating: "a", count: 255) + "/", "" as String?), (String(repeating: "/", count: 257), nil),
  ])
  func `a noted type is used only when it has the form of a media type`(noted: String, expected: String?) async throws {
    try await withTemporaryDirectory { place in
      guard Descriptors.takesAttributes(place.file("probe")) else { return }
      let descriptor = Glibc.open(try place.write([1], to: "a"), O_RDWR)
      defer { close(descriptor) }
      let result = Array(noted.utf8).withUnsafeBytes {
        clinux_set_attribute(descriptor, FileAttributes.typeName, $0.baseAddress, $0.count)
      }
      try #require(result == 0)
      let type = try UploadDirectory(path: place.path).reader.open("a")?.file.type
      #expect(type == (expected == "" ? noted : expected))
    }
  }

  @Test func `a noted type that is not UTF-8 is ignored`() async throws {
    try await withTemporaryDirectory { place in
      guard Descriptors.takesAttributes(place.file("probe")) else { return }
      let descriptor = Glibc.open(try place.write([1], to: "a"), O_RDWR)
      defer { close(descriptor) }
      try #require(
        clinux_set_attribute(descriptor, FileAttributes.typeName, [0xFF, 0x2F, 0x61] as [UInt8], 3) == 0
      )
      #expect(try UploadDirectory(path: place.path).reader.open("a")?.file.type == nil)
    }
  }
}
