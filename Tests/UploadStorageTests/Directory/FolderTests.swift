import CLinux
import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Files published into directories beneath the upload directory, which are made for them.
@Suite struct FolderTests {
  private static let numbering = DiskStoreConfiguration(durability: .none, onDuplicate: .rename)

  @discardableResult
  private func publish(
    _ path: String,
    _ content: [UInt8] = [1],
    in directory: UploadDirectory,
    _ configuration: DiskStoreConfiguration = numbering,
    isHidden: Bool = false
  ) throws -> StoredFile {
    let request = FinalizeRequest(path: try FilePath(NameBytes(path)))
    let staged = try directory.stage(content, request, isHidden: isHidden)
    return try #require(directory.publish([staged], configuration).first)
  }

  /// Removes a file and all directories of a path that is too long for the calls that remove a test's directory.
  private func remove(_ path: String, beneath directory: UploadDirectory) {
    var components = path.split(separator: "/").map(String.init)
    var flags: Int32 = 0
    while let name = components.popLast() {
      let parent =
        components.isEmpty
        ? directory.calls.openAgain(directory.descriptor)
        : clinux_walk_beneath(directory.descriptor, components.joined(separator: "/"))
      unlinkat(parent, name, flags)
      close(parent)
      flags = AT_REMOVEDIR
    }
  }

  private func failure(
    _ path: String,
    in directory: UploadDirectory,
    _ configuration: DiskStoreConfiguration = numbering
  ) throws -> UploadError {
    try #require(throws: UploadError.self) { try publish(path, in: directory, configuration) }
  }

  @Test(arguments: [true, false])
  func `missing directories are made, existing ones are used, and the file reports its path`(isHidden: Bool)
    async throws
  {
    try await withTemporaryDirectory { place in
      try #require(mkdir(place.file("a"), 0o755) == 0)
      let directory = try UploadDirectory(path: place.path)
      for path in ["a/b/c/one", "a/b/two", "a/three", "four", "e/five"] {
        let file = try publish(path, Array(path.utf8), in: directory, isHidden: isHidden)
        #expect(file.name == path)
        #expect(try place.read(path) == Array(path.utf8))
        #expect(directory.reader.open(NameBytes(path))?.file == file)
      }
      #expect(try place.names() == ["a", "e", "four"])
      #expect(DirectoryNames.read(place.file("a/b")).sorted() == ["c", "two"])
    }
  }

  @Test func `a directory gets mode 0777 less the umask`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try publish("a/b", in: directory)
      try #require(mkdir(place.file("c"), 0o777) == 0)
      var (own, other) = (stat(), stat())
      try #require(stat(place.file("a"), &own) == 0 && stat(place.file("c"), &other) == 0)
      #expect(own.st_mode == other.st_mode)
    }
  }

  @Test func `a path of 32 directories and long names is stored, listed and read`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let name = String(repeating: "x", count: 120)
      let parent = Array(repeating: name, count: 32).joined(separator: "/")
      // 4,096 bytes with the slash: longer than a path that system calls take.
      let path = parent + "/" + String(repeating: "y", count: DirectoryPath.maximumLength - parent.utf8.count - 1)
      #expect(try publish(path, [7], in: directory).name == path)
      #expect(directory.reader.open(NameBytes(path))?.file.size == 1)
      #expect(try await directory.snapshotNames(NameBytes(parent)).count == 1)
      #expect(throws: UploadError.self) { try FilePath(NameBytes("z/" + path)) }
      remove(path, beneath: directory)
    }
  }

  // MARK: Conflicts

  @Test(arguments: DuplicatePolicy.allCases)
  func `a file or link where a directory should be is left as it is, and the upload rejected`(policy: DuplicatePolicy)
    async throws
  {
    try await withTemporaryDirectory { parent in
      let (root, place) = (parent.file("root"), TemporaryDirectory(inside: parent.file("root")))
      let directory = try UploadDirectory(path: root)
      try #require(mkdir(parent.file("outside"), 0o755) == 0)
      try #require(mkdir(root + "/sub", 0o755) == 0)
      try place.write([9], to: "file")
      try place.write([9], to: "sub/file")
      try #require(mkfifo(root + "/fifo", 0o600) == 0)
      for (target, name) in [("sub", "inner"), ("../outside", "outer"), ("nowhere", "dangling"), ("../..", "sub/up")] {
        try #require(symlink(target, root + "/" + name) == 0)
      }
      let configuration = DiskStoreConfiguration(durability: .none, onDuplicate: policy)
      for (path, conflict) in [
        ("file/a", "file"), ("file/a/b/c", "file"), ("sub/file/a", "sub/file"), ("fifo/a", "fifo"),
        ("inner/a", "inner"), ("outer/a", "outer"), ("dangling/a", "dangling"), ("sub/up/outside/a", "sub/up"),
      ] {
        let error = try failure(path, in: directory, configuration)
        #expect(error.code == .nameTaken)
        #expect(error.message.contains("\"\(conflict)\" exists already, and is not a directory"), "\(error.message)")
      }
      #expect(DirectoryNames.read(parent.file("outside")) == [])
      #expect(DirectoryNames.read(root + "/sub").sorted() == ["file", "up"])
      #expect(try place.read("file") == [9])
      #expect(try place.names().count == 6)
    }
  }

  @Test func `a directory where a file should be is left, and the file numbered or rejected`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try publish("a/b/c", in: directory)
      #expect(try publish("a/b", in: directory).name == "a/b (2)")
      for policy in [DuplicatePolicy.error, .replace] {
        let error = try failure("a/b", in: directory, .init(durability: .none, onDuplicate: policy))
        #expect(error.code == .nameTaken)
        #expect(error.message.contains("\"a/b\""))
      }
      #expect(DirectoryNames.read(place.file("a")).sorted() == ["b", "b (2)"])
      #expect(try place.read("a/b/c") == [1])
    }
  }

  @Test func `a link that replaces a directory in use is not followed`() async throws {
    try await withTemporaryDirectory { parent in
      let directory = try UploadDirectory(path: parent.file("root"))
      try publish("a/b/first", in: directory)
      // To where the directory is now: even that one is not reached by a link.
      try #require(rename(parent.file("root/a"), parent.file("moved")) == 0)
      try #require(symlink("../moved", parent.file("root/a")) == 0)
      #expect(try failure("a/b/second", in: directory).code == .nameTaken)
      #expect(DirectoryNames.read(parent.file("moved/b")) == ["first"])
      #expect(directory.reader.open("a/b/first") == nil)
    }
  }

  // MARK: Changes by other programs

  @Test(arguments: [true, false])
  func `a directory that was removed or renamed since the last file is made again`(isRemoved: Bool) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try publish("a/b/first", in: directory)
      let staged = try directory.stage([2], FinalizeRequest(path: FilePath("a/b/second")))
      if isRemoved {
        try #require(unlink(place.file("a/b/first")) == 0)
        try #require(rmdir(place.file("a/b")) == 0 && rmdir(place.file("a")) == 0)
      } else {
        try #require(rename(place.file("a"), place.file("old")) == 0)
      }
      #expect(try directory.publish([staged], Self.numbering).map(\.name) == ["a/b/second"])
      #expect(DirectoryNames.read(place.file("a/b")) == ["second"])
      if !isRemoved { #expect(DirectoryNames.read(place.file("old/b")) == ["first"]) }
    }
  }

  @Test func `a directory that is removed just before the file gets its name is made again`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let link = calls.link
      let links = Counter()
      calls.link = { file, directory, name in
        // The first names the file with which the directory is probed.
        if links.next() == 1 { rmdir(place.file("a/b")) }
        return link(file, directory, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      #expect(try publish("a/b/c", in: directory).name == "a/b/c")
      #expect(try place.read("a/b/c") == [1])
    }
  }

  @Test func `a directory that is removed again and again makes the upload fail`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let link = calls.link
      calls.link = { file, directory, name in
        rmdir(place.file("a"))
        return link(file, directory, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      let error = try failure("a/b", in: directory)
      #expect(error.code == .directoryUnavailable)
      #expect(error.message.contains("\"a\" was removed"))
      #expect(try place.names() == [])
    }
  }

  @Test func `a parent that is removed while a directory is made in it is made again`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let make = calls.makeDirectory
      let attempts = Counter()
      calls.makeDirectory = { parent, name in
        if attempts.next() == 1 { rmdir(place.file("a")) }
        return make(parent, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      #expect(try publish("a/b/c", in: directory).name == "a/b/c")
    }
  }

  @Test func `a directory that another program makes at the same time is used`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let make = calls.makeDirectory
      calls.makeDirectory = { parent, name in
        mkdir(place.file("a"), 0o755)
        return make(parent, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      var made: [OpenedFolder] = []
      _ = try directory.current().folders.make(DirectoryPath("a"), needsSync: true, &made)
      #expect(made.isEmpty, "it is not removed if the upload fails")
    }
  }

  // MARK: Many directories

  @Test func `few directories stay open however many are used, and each is used again`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      for round in 0..<2 {
        for number in 0..<200 { try publish("tree-\(number % 20)/sub-\(number)/file-\(round)", in: directory) }
      }
      let open = DirectoryNames.read("/proc/self/fd").filter { linkTarget("/proc/self/fd/" + $0).hasPrefix(place.path) }
      #expect(open.count <= DescriptorReserve.foldersAtOnce + 2, "two are those of the upload directory")
      for number in 0..<200 {
        #expect(DirectoryNames.read(place.file("tree-\(number % 20)/sub-\(number)")).count == 2)
      }
    }
  }

  @Test func `the files of one directory do not open it again`() async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk()
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      for number in 0..<100 { try publish("a/b/c/\(number)", in: directory) }
      #expect(disk.made.count { $0 == .makeDirectory } == 3)
      // Each is looked for before it is made.
      #expect(disk.made.count { $0 == .openDirectory } == 6)
    }
  }

  /// Publishes each file as a request of its own, all in one group.
  private func publishGroup(_ requests: [[String]], in directory: UploadDirectory) throws -> [[String]?] {
    let finalizer = Finalizer(
      directory: directory,
      workers: WorkerPool(threads: 1),
      configuration: .init(durability: .none, onDuplicate: .error)
    )
    let files = try requests.map { paths in
      try paths.map { try directory.stage([1], FinalizeRequest(path: FilePath(NameBytes($0)))) }
    }
    return finalizer.publish(files).map { try? $0.get().map(\.name) }
  }

  @Test func `the files of a group look each component of their directory up once`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let status = calls.entryStatus
      let lookups = Counter()
      calls.entryStatus = { directory, name, result in
        _ = lookups.next()
        return status(directory, name, &result)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      try publish("a/b/first", in: directory)
      let before = lookups.next()
      let paths = (0..<50).map { ["a/b/\($0)"] }
      #expect(try publishGroup(paths, in: directory) == paths)
      #expect(lookups.next() - before == 3, "one for each component, and the count itself")
    }
  }

  @Test func `a directory that a failed request of a group has removed is made again for the next one`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try publish("taken", in: directory)
      let stored = try publishGroup([["a/b/one", "taken"], ["a/b/two"], ["a/b/three"]], in: directory)
      #expect(stored == [nil, ["a/b/two"], ["a/b/three"]])
      #expect(DirectoryNames.read(place.file("a/b")).sorted() == ["three", "two"])
    }
  }

  @Test func `a directory that is removed between two files of a group is made again`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let link = calls.link
      let isRemoved = Atomic(false)
      calls.link = { file, directory, name in
        if name == "two", !isRemoved.exchange(true, ordering: .relaxed) {
          unlink(place.file("a/b/one"))
          rmdir(place.file("a/b"))
        }
        return link(file, directory, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      #expect(try publishGroup([["a/b/one"], ["a/b/two"]], in: directory) == [["a/b/one"], ["a/b/two"]])
      #expect(try place.read("a/b/two") == [1])
    }
  }

  @Test func `without descriptors directories that are kept open are closed`() async throws {
    try await withTemporaryDirectory { place in
      let failures = Atomic(0)
      let disk = FaultyDisk { call in
        guard call == .openDirectory, failures.load(ordering: .relaxed) > 0 else { return .fine }
        return failures.subtract(1, ordering: .relaxed).newValue >= 0 ? .fails(EMFILE) : .fine
      }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      try publish("a/b", in: directory)
      failures.store(1, ordering: .relaxed)
      #expect(try publish("c/b", in: directory).name == "c/b")
      failures.store(2, ordering: .relaxed)
      #expect(try failure("d/b", in: directory).code == .tooManyUploads)
      #expect(try place.names() == ["a", "c"])
    }
  }

  // MARK: Names that the file system does not distinguish

  @Test func `directories whose names the file system does not distinguish are one`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path, calls: FoldingDisk.calls)
      let names = try ["Photos/a", "PHOTOS/a", "photos/A", "CAFE\u{301}/a", "caf\u{E9}/a"].map {
        try publish($0, in: directory).name
      }
      #expect(names == ["Photos/a", "PHOTOS/a (2)", "photos/A (3)", "CAFE\u{301}/a", "caf\u{E9}/a (2)"])
      #expect(try place.names() == ["caf\u{E9}", "photos"])
      let uploads = try ["Sub/x", "SUB/x"].map { path in
        try directory.stage([1], FinalizeRequest(path: FilePath(NameBytes(path))))
      }
      let files = try directory.publish(uploads, .init(durability: .none, onDuplicate: .replace))
      #expect(files.map(\.name) == ["Sub/x", "SUB/x (2)"], "a file never replaces another of its request")
    }
  }

  @Test func `a name that the file system takes for that of the hidden directory leads nowhere`() async throws {
    try await withTemporaryDirectory { place in
      let other: NameBytes = ".\u{17F}luice-uploads"
      var calls = FileCalls()
      let (status, open) = (calls.entryStatus, calls.openDirectory)
      let folded = { @Sendable (name: NameBytes) in name == other ? NameBytes(FileName.unfinishedDirectory) : name }
      calls.entryStatus = { status($0, folded($1), &$2) }
      calls.openDirectory = { open($0, folded($1)) }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      try #require(mkdir(place.file(FileName.unfinishedDirectory), 0o700) == 0)
      #expect(try failure(other.description + "/a", in: directory).code == .nameTaken)
      #expect(DirectoryNames.read(place.file(FileName.unfinishedDirectory)) == [])
      let error = await #expect(throws: UploadError.self) { try await directory.snapshotNames(other) }
      #expect(error?.code == .notFound)
    }
  }
}
