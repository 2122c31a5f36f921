import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Several files in several directories: all or none, replacing, faults and syncs.
@Suite struct FolderPublishingTests {
  private static let mounts = Comment(rawValue: MountedFileSystem.reason)
  private static let full = DiskStoreConfiguration(durability: .full, onDuplicate: .rename)
  private static let replace = DiskStoreConfiguration(durability: .none, onDuplicate: .replace)

  private func staged(
    _ path: String,
    _ content: [UInt8] = [1],
    in directory: UploadDirectory,
    isHidden: Bool = false,
    if condition: (@Sendable (FileVersion?) throws(UploadError) -> Void)? = nil
  ) throws -> StagedDiskFile {
    let path = try FilePath(NameBytes(path))
    let request = FinalizeRequest(path: path, condition: condition.map { PublishCondition(path: path, check: $0) })
    return try directory.stage(content, request, isHidden: isHidden)
  }

  private func make(_ names: String..., in place: TemporaryDirectory) throws {
    for name in names { try #require(mkdir(place.file(name), 0o755) == 0) }
  }

  // MARK: Names

  @Test func `files are numbered within their directory`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let paths = ["a/x.txt", "b/x.txt", "a/x.txt", "x.txt", "a/x.txt", "b/x.txt"]
      let files = try directory.publish(paths.map { try staged($0, in: directory) }, Self.full)
      #expect(
        files.map(\.name) == ["a/x.txt", "b/x.txt", "a/x (2).txt", "x.txt", "a/x (3).txt", "b/x (2).txt"]
      )
    }
  }

  @Test(arguments: [true, false])
  func `a file in a directory is replaced, and no hidden name is left`(isHidden: Bool) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try make("a", in: place)
      try place.write([9], to: "a/b")
      let paths = ["a/b", "a/c", "b"]
      let files = try directory.publish(
        paths.map { try staged($0, in: directory, isHidden: isHidden) },
        Self.replace
      )
      #expect(files.map(\.name) == paths)
      #expect(files.map(\.replaced) == [true, false, false])
      #expect(try place.read("a/b") == [1])
      #expect(try place.names() == ["a", "b"])
      #expect(DirectoryNames.read(place.file("a")).sorted() == ["b", "c"])
    }
  }

  @Test func `while a file in a directory is replaced, its hidden name is where the next start looks for leftovers`()
    async throws
  {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let rename = calls.rename
      let seen = Mutex<[String]>([])
      calls.rename = { from, name, to, newName in
        seen.withLock { $0 += DirectoryNames.read(place.path) }
        return rename(from, name, to, newName)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      try make("a", in: place)
      try place.write([9], to: "a/b")
      _ = try directory.publish([staged("a/b", in: directory)], Self.replace)
      #expect(seen.withLock { $0 }.count { FileName.isPartial(NameBytes($0)) } == 1)
    }
  }

  @Test func `a condition is checked against the file at the path`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try make("a", in: place)
      try place.write([8], to: "b")
      try place.write([9], to: "a/b")
      let version = try #require(directory.reader.open("a/b")).version
      let matches: @Sendable (FileVersion?) throws(UploadError) -> Void = { found throws(UploadError) in
        if found != version { throw UploadError(.preconditionFailed, "another version") }
      }
      for path in ["b", "a/c", "c/b", "b/b"] {
        let condition = PublishCondition(path: try FilePath(NameBytes(path)), check: matches)
        let error = #expect(throws: UploadError.self) {
          try directory.current().check(condition, onDuplicate: .replace)
        }
        #expect(error?.code == .preconditionFailed)
      }
      try directory.current().check(PublishCondition(path: FilePath("a/b"), check: matches), onDuplicate: .replace)
      let files = try directory.publish([staged("a/b", in: directory, if: matches)], Self.replace)
      #expect(files.map(\.replaced) == [true])
      let error = try #require(throws: UploadError.self) {
        try directory.publish([staged("a/b", [2], in: directory, if: matches)], Self.replace)
      }
      #expect(error.code == .preconditionFailed)
      #expect(try place.read("a/b") == [1])
      #expect(try place.names() == ["a", "b"], "no directory is made for a condition")
    }
  }

  // MARK: All or none

  @Test func `when one file of a request is rejected none has a name, and no new directory is left`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try make("empty", "full", in: place)
      try place.write([9], to: "full/taken")
      let paths = ["new/one", "new/deep/er/two", "empty/three", "empty/sub/four", "five", "full/taken"]
      let error = try #require(throws: UploadError.self) {
        try directory.publish(
          paths.map { try staged($0, in: directory) },
          .init(durability: .full, onDuplicate: .error)
        )
      }
      #expect(error.code == .nameTaken)
      #expect(error.message.contains("\"full/taken\""))
      #expect(try place.names() == ["empty", "full"])
      #expect(DirectoryNames.read(place.file("empty")) == [])
      #expect(try place.read("full/taken") == [9])
    }
  }

  @Test func `a new directory stays when another program has put something into it`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let link = calls.link
      calls.link = { file, directory, name in
        if name == "two" {
          _ = try? place.write([5], to: "new/foreign")
          errno = EIO
          return -1
        }
        return link(file, directory, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      #expect(throws: UploadError.self) {
        try directory.publish(["new/one", "other/two"].map { try staged($0, in: directory) }, Self.full)
      }
      #expect(try place.names() == ["new"])
      #expect(DirectoryNames.read(place.file("new")) == ["foreign"])
    }
  }

  @Test(arguments: [EIO, ENOSPC, EACCES, EROFS, ENAMETOOLONG])
  func `when a directory cannot be made the upload fails, and its new parents are removed`(number: Int32) async throws {
    try await withTemporaryDirectory { place in
      let attempts = Counter()
      let disk = FaultyDisk { call in
        call == .makeDirectory && attempts.next() == 2 ? .fails(number) : .fine
      }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      let error = try #require(throws: UploadError.self) {
        try directory.publish([staged("a/b/c/d", in: directory)], Self.full)
      }
      let expected: UploadError.Code =
        switch number {
        case ENOSPC: .diskFull
        case ENAMETOOLONG: .badRequest
        default: .storageFailed
        }
      #expect(error.code == expected)
      #expect(!error.message.contains(place.path))
      #expect(try place.names() == [])
    }
  }

  // MARK: Other file systems

  @Test func `a directory to which no file can be linked is reported as on another file system`() async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk(sparesOpening: true) { $0 == .link ? .fails(EXDEV) : .fine }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      disk.clear()
      let error = try #require(throws: UploadError.self) {
        try directory.publish([staged("a/b", in: directory)], Self.full)
      }
      #expect(error.code == .nameTaken)
      #expect(error.message.contains("\"a\" is on another file system"))
      #expect(try place.names() == [])
    }
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, mounts))
  func `nothing is stored in a directory on which another file system is mounted`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try make("disk", in: place)
      try #require(mount("tmpfs", place.file("disk"), "tmpfs", 0, "size=1m") == 0)
      defer { umount2(place.file("disk"), CInt(MNT_DETACH)) }
      for path in ["disk/a", "disk/new/a"] {
        let error = try #require(throws: UploadError.self) {
          try directory.publish([staged(path, in: directory)], Self.full)
        }
        #expect(error.code == .nameTaken)
        #expect(error.message.contains("another file system"))
      }
      #expect(DirectoryNames.read(place.file("disk")) == [])
    }
  }

  // MARK: Syncs

  private func count(_ call: FaultyDisk.Call, _ disk: FaultyDisk) -> Int { disk.made.count { $0 == call } }

  @Test func `a new directory and those that lead to it are synced once, and an old one alone`() async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk()
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      for (paths, syncs) in [(["a/1", "a/2"], 2), (["a/3"], 1), (["a/b/c/4"], 3), (["a/b/5", "a/6", "7"], 3)] {
        disk.clear()
        _ = try directory.publish(paths.map { try staged($0, in: directory) }, Self.full)
        #expect(count(.syncDirectory, disk) == syncs, "\(paths)")
      }
      for durability in [Durability.none, .file] {
        disk.clear()
        let uploads = [try staged("\(durability)/1", in: directory)]
        _ = try directory.publish(uploads, .init(durability: durability, onDuplicate: .rename))
        #expect(count(.syncDirectory, disk) == 0)
      }
    }
  }

  @Test(arguments: [true, false])
  func `many directories are synced together where that can be relied on`(isReliable: Bool) async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { $0 == .syncFileSystem && !isReliable ? .fails(ENOSYS) : .fine }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      disk.clear()
      let uploads = try (0..<8).map { try staged("\($0)/file", in: directory) }
      let finalizer = Finalizer(directory: directory, workers: WorkerPool(threads: 1), configuration: Self.full)
      let results = finalizer.publish(uploads.map { [$0] })
      #expect(results.compactMap { try? $0.get().first?.name } == (0..<8).map { "\($0)/file" })
      #expect(count(.syncFileSystem, disk) == 1)
      #expect(count(.syncDirectory, disk) == (isReliable ? 0 : 9))
    }
  }

  @Test func `a directory that another request has made but not synced is synced with the first file in it`()
    async throws
  {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk()
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      var made: [OpenedFolder] = []
      let folder = try directory.current().folders.make(DirectoryPath("a/b"), needsSync: true, &made)
      #expect(made.map(\.path.description) == ["a", "a/b"] && folder.needsSync.load(ordering: .relaxed))
      disk.clear()
      _ = try directory.publish([staged("a/b/c", in: directory)], Self.full)
      #expect(count(.syncDirectory, disk) == 3)
      #expect(!made.contains { $0.needsSync.load(ordering: .relaxed) })
    }
  }

  @Test(arguments: 0..<3)
  func `when the sync of a directory fails nothing is left of the upload`(failing: Int) async throws {
    try await withTemporaryDirectory { place in
      let syncs = Counter()
      let disk = FaultyDisk(sparesOpening: true) { call in
        call == .syncDirectory && syncs.next() == failing ? .fails(EIO) : .fine
      }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      disk.clear()
      let uploads = try ["a/b/1", "2"].map { try staged($0, in: directory) }
      let error = try #require(throws: UploadError.self) { try directory.publish(uploads, Self.full) }
      #expect(error.code == .storageFailed)
      #expect(try place.names() == [])
      #expect(try directory.publish([staged("a/b/1", in: directory)], Self.full).map(\.name) == ["a/b/1"])
    }
  }

  @Test(
    arguments: [
      ("b/c", [.rename, .replace, .error]), ("a", [.replace, .error]), ("b", [.error]), ("a/c", []), ("c/d", []),
    ] as [(String, Set<DuplicatePolicy>)]
  )
  func `whether a file could be published at a path is known before it is stored`(
    path: String,
    conflicts: Set<DuplicatePolicy>
  ) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try make("a", in: place)
      try place.write([8], to: "b")
      for policy in DuplicatePolicy.allCases {
        let check = Result { () throws(UploadError) in
          try directory.current().check(.place(FilePath(NameBytes(path))), onDuplicate: policy)
        }
        let code: UploadError.Code? = if case .failure(let error) = check { error.code } else { nil }
        #expect(code == (conflicts.contains(policy) ? .nameTaken : nil), "\(path), \(policy)")
      }
    }
  }
}
