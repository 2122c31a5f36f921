import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct UploadDirectoryTests {
  @Test(arguments: ["new", "a/b/c", "a//b///", "spaces and ü", "./x/../y"])
  func `a missing directory is created with its parents`(path: String) async throws {
    try await withTemporaryDirectory { place in
      if path.contains("..") { try #require(mkdir(place.file("x"), 0o755) == 0) }
      let directory = try UploadDirectory(path: place.file(path))
      #expect(directory.path == place.file(path))
      #expect(directory.names() == [])
      var status = stat()
      #expect(stat(place.file(path), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR)
    }
  }

  @Test func `opening a directory keeps its files, also when a second server opens it`() async throws {
    try await withTemporaryDirectory { place in
      try place.write([1], to: "kept")
      let first = try UploadDirectory(path: place.path)
      let second = try UploadDirectory(path: place.path)
      #expect(first.names() == ["kept"])
      #expect(try await second.snapshotNames() == ["kept"])
    }
  }

  @Test(arguments: ["file", "file/below"])
  func `a path to a file, or below one, is rejected, and the file is unchanged`(path: String) async throws {
    try await withTemporaryDirectory { place in
      try place.write([1], to: "file")
      let error = try #require(throws: UploadError.self) { try UploadDirectory(path: place.file(path)) }
      #expect(error.code == .badDirectory)
      #expect(error.message == "\(place.file(path)) is not a directory. Name one with --dir.")
      #expect(try place.read("file") == [1])
    }
  }

  @Test func `an empty path, and a place where nothing can be created, are rejected`() throws {
    for (path, message) in [
      ("", "The path of the directory for uploads is empty."),
      ("/proc/nothing", "The directory /proc/nothing cannot be created:"),
      ("/proc/self", "/proc/self is not writable"), ("/proc", "No file can be created in /proc:"),
    ] {
      let error = try #require(throws: UploadError.self) { try UploadDirectory(path: path) }
      #expect(error.code == .badDirectory)
      #expect(error.message.hasPrefix(message), "\(error.message)")
      #expect(error.message.contains("--dir"))
    }
  }

  @Test func `a path that is a symbolic link to nothing is rejected`() async throws {
    try await withTemporaryDirectory { place in
      symlink("missing", place.file("link"))
      let error = try #require(throws: UploadError.self) { try UploadDirectory(path: place.file("link")) }
      #expect(error.message.hasPrefix("\(place.file("link")) is a symbolic link to nothing."), "\(error.message)")
    }
  }

  @Test(arguments: [true, false])
  func `a directory in which files can be written but not named is rejected at the start`(isUnnamed: Bool) async throws
  {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { call in
        switch call {
        case .openUnnamed: isUnnamed ? .fine : .fails(EOPNOTSUPP)
        case .link, .renameNew: .fails(EPERM)
        default: .fine
        }
      }
      let error = try #require(throws: UploadError.self) { try UploadDirectory(path: place.path, calls: disk.calls) }
      #expect(error.code == .badDirectory)
      #expect(
        error.message == "The file system of \(place.path) cannot finish an upload: link: Operation not permitted. "
          + "Name another directory with --dir."
      )
      #expect(try place.names() == [])
    }
  }

  @Test func `a directory that cannot be synced is rejected at the start where the durability requires it`()
    async throws
  {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { $0 == .syncDirectory ? .fails(EINVAL) : .fine }
      let error = try #require(throws: UploadError.self) {
        try UploadDirectory(path: place.path, calls: disk.calls, durability: .full)
      }
      #expect(error.code == .badDirectory)
      #expect(error.message.contains("\(place.path) cannot finish an upload: fsync of the directory: Invalid argument"))
      #expect(error.message.hasSuffix("Choose --durability file, or name another directory with --dir."))
      for durability in [Durability.file, .none] {
        _ = try UploadDirectory(path: place.path, calls: disk.calls, durability: durability)
      }
      _ = try UploadDirectory(path: place.path, durability: .full)
      #expect(try place.names() == [])
    }
  }

  @Test(arguments: [ENOSPC, EDQUOT]) func `a directory on a full disk is accepted at the start`(number: Int32)
    async throws
  {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { call in
        switch call {
        case .write, .link: .fails(number)
        default: .fine
        }
      }
      _ = try UploadDirectory(path: place.path, calls: disk.calls, durability: .full)
      #expect(try place.names() == [])
    }
  }

  @Test func `a rejected path leaves no descriptor open`() async throws {
    try await withTemporaryDirectory { place in
      try place.write([1], to: "file")
      for _ in 0..<3 {
        #expect(throws: UploadError.self) { try UploadDirectory(path: "/proc/self/fdinfo") }
        #expect(throws: UploadError.self) { try UploadDirectory(path: place.file("file")) }
      }
      do { _ = try UploadDirectory(path: place.path) }
      let open = DirectoryNames.read("/proc/self/fd").map { linkTarget("/proc/self/fd/" + $0) }
      #expect(!open.contains { $0.hasPrefix(place.path) || $0.hasSuffix("/fdinfo") })
    }
  }

  @Test func `opening a directory removes unlocked unfinished files, and nothing else`() async throws {
    try await withTemporaryDirectory { place in
      let foreign = [
        ".hidden", ".sluice-", ".sluice-x.par", ".sluice-x.part.txt", "sluice-x.part", ".other.part", "x.part",
      ]
      for name in foreign { try place.write([1], to: name) }
      for name in [".sluice-1.part", ".sluice-.part", ".sluice-ü.part"] { try place.write([1], to: name) }
      try #require(mkdir(place.file(".sluice-d.part"), 0o755) == 0)
      try #require(symlink(place.file(".hidden"), place.file(".sluice-l.part")) == 0)
      try place.write([1], to: ".sluice-locked.part")
      try Descriptors.whileLocked(place.file(".sluice-locked.part")) {
        _ = try UploadDirectory(path: place.path)
      }
      #expect(
        try place.names() == (foreign + [".sluice-d.part", ".sluice-l.part", ".sluice-locked.part"]).sorted()
      )
      _ = try UploadDirectory(path: place.path)
      #expect(try !place.names().contains(".sluice-locked.part"), "its lock is gone")
    }
  }

  @Test func `another server does not sweep a file that is being written under a hidden name`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let file = try directory.createHidden()
      let name = try #require(file.hiddenName)
      #expect(FileName.isPartial(NameBytes(name)))
      _ = try UploadDirectory(path: place.path)
      #expect(try place.names() == [name])
      #expect(try await directory.snapshotNames() == [])
      file.discard()
      file.discard()
      #expect(try place.names() == [])
    }
  }

  @Test func `a hidden file is deleted with its last reference`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      do {
        let file = try directory.createHidden()
        #expect(try place.names() == [file.hiddenName])
      }
      #expect(try place.names() == [])
    }
  }

  @Test(.timeLimit(.minutes(30)))
  func `where files cannot be locked the creation of a hidden file fails, and leaves no file`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let error = try #require(throws: UploadError.self) {
        try directory.createHidden(in: directory.current()) { _ in
          errno = ENOLCK
          return -1
        }
      }
      #expect(error.code == .storageFailed)
      #expect(try place.names() == [])
    }
  }

  @Test func `when another server sweeps or locks a hidden file before its creator locks it, another one is created`()
    async throws
  {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      var tries = 0
      let current = try directory.current()
      let file = try directory.createHidden(in: current) { descriptor in
        tries += 1
        if tries == 1 {
          // As another server's sweep does between the two steps.
          for name in directory.names() { current.root.remove(name) }
        }
        if tries == 2 {
          errno = EWOULDBLOCK
          return -1
        }
        return flock(descriptor, LOCK_EX | LOCK_NB)
      }
      #expect(tries == 3)
      #expect(try place.names().contains(#require(file.hiddenName)))
    }
  }
}
