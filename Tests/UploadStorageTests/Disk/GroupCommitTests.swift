import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Small files that are finished in groups: few syncs for many files, and one that fails fails alone.
@Suite struct GroupCommitTests {
  private typealias Outcome = Result<FinishingFile.Finished, any Error>

  /// Finishes `count` files, one byte each, that all wait when the only worker begins.
  private func finish(
    _ count: Int,
    named name: @escaping @Sendable (Int) -> String = { "file-\($0)" },
    _ disk: FaultyDisk,
    durability: Durability = .full,
    onDuplicate: DuplicatePolicy = .rename,
    failingWrite: Int? = nil,
    _ check: (StoreFixture, [Outcome]) throws -> Void
  ) async throws {
    try await withStore(threads: 1, calls: disk.calls) { fixture in
      let group = GroupCommit(
        directory: fixture.directory,
        workers: fixture.workers,
        configuration: .init(durability: durability, onDuplicate: onDuplicate)
      )
      disk.forget()
      let gate = await WorkerGate(holding: fixture.workers, threads: 1)
      let futures = try (0..<count).map { number in
        group.finish(
          try file(number, name(number), fixture.directory, fails: failingWrite == number),
          on: fixture.eventLoop
        )
      }
      gate.open()
      var outcomes: [Outcome] = []
      for future in futures {
        do { outcomes.append(.success(try await future.get())) } catch { outcomes.append(.failure(error)) }
      }
      try check(fixture, outcomes)
    }
  }

  private func file(
    _ number: Int,
    _ name: String,
    _ directory: UploadDirectory,
    fails: Bool
  ) throws -> FinishingFile {
    let meter = UploadMeter(direction: .incoming, mode: .stream, name: name, size: 1, remote: "")
    let name = try #require(FileName(name))
    return FinishingFile(isPublished: true, isLarge: false) {
      let file = try directory.createPartial()
      if fails { throw UploadError(.storageFailed, "this one's write") }
      try [UInt8(number)].withUnsafeBytes { try file.write(.init(offset: 0, count: 1, way: .cached), $0) }
      return SealedUpload(meter: meter, name: name, type: nil, digests: ContentDigests(), file: file)
    }
  }

  /// The names given, in the order of their files.
  private func names(_ outcomes: [Outcome]) -> [String] {
    outcomes.compactMap { if case .success(let finished) = $0 { finished.stored?.name } else { nil } }
  }

  /// Which files failed.
  private func failures(_ outcomes: [Outcome]) -> [Int] {
    outcomes.indices.filter { if case .failure = outcomes[$0] { true } else { false } }
  }

  private func count(_ call: FaultyDisk.Call, _ disk: FaultyDisk) -> Int {
    disk.made.count { $0 == call }
  }

  @Test func `Files that wait share a sync of their bytes and one of their names`() async throws {
    let disk = FaultyDisk()
    try await finish(20, disk) { fixture, outcomes in
      #expect(names(outcomes) == (0..<20).map { "file-\($0)" })
      for number in 0..<20 {
        let content = try fixture.place.read("file-\(number)")
        #expect(content == [UInt8(number)])
      }
    }
    #expect(count(.syncFileSystem, disk) == 1)
    #expect(count(.syncDirectory, disk) == 1)
    #expect(count(.sync, disk) == 0)
  }

  @Test func `No name is given before the bytes are synced`() async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { call in
        if call == .syncFileSystem { #expect(DirectoryNames.read(place.path) == []) }
        return .fine
      }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      let files = try (0..<4).map { try file($0, "file-\($0)", directory, fails: false) }
      let outcomes = directory.finish(files, .init(durability: .full, onDuplicate: .rename))
      #expect(failures(outcomes) == [])
      #expect(count(.syncFileSystem, disk) == 1)
    }
  }

  /// What the kernel could not write it tells every descriptor once: of one for all groups only the first would hear.
  @Test func `A group asks what became of its bytes by a descriptor of its own, open before the first of them`()
    async throws
  {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk()
      let opened = Mutex<[Int32]>([])
      let synced = Mutex<[Int32]>([])
      var calls = disk.calls
      let (open, sync) = (calls.openAgain, calls.syncFileSystem)
      calls.openAgain = { directory in
        let descriptor = open(directory)
        opened.withLock { $0.append(descriptor) }
        return descriptor
      }
      calls.syncFileSystem = { descriptor in
        synced.withLock { $0.append(descriptor) }
        return sync(descriptor)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      let files = try (0..<4).map { try file($0, "file-\($0)", directory, fails: false) }
      disk.forget()
      opened.withLock { $0 = [] }
      let outcomes = directory.finish(files, .init(durability: .full, onDuplicate: .rename))
      #expect(failures(outcomes) == [])
      #expect(disk.made.first == .openAgain)
      #expect(count(.openAgain, disk) == 1)
      #expect(synced.withLock { $0 } == opened.withLock { $0 })
      #expect(!synced.withLock { $0 }.contains(directory.descriptor))
      let left = DirectoryNames.read("/proc/self/fd").filter { linkTarget("/proc/self/fd/" + $0) == place.path }
      #expect(left.count == 2, "the directory's own: one to read by, one to store by")
    }
  }

  @Test func `A group that gets no descriptor of its own syncs its files one by one`() async throws {
    let disk = FaultyDisk { $0 == .openAgain ? .fails(EMFILE) : .fine }
    try await finish(8, disk) { _, outcomes in
      #expect(failures(outcomes) == [])
    }
    #expect(count(.syncFileSystem, disk) == 0)
    #expect(count(.sync, disk) == 8)
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, Comment(rawValue: MountedFileSystem.reason)))
  func `Files on another file system than the group's directory are synced one by one`() async throws {
    try await MountedFileSystem.withTmpfs(size: Slab.large) { elsewhere in
      try await withTemporaryDirectory { place in
        let disk = FaultyDisk()
        let directory = try UploadDirectory(path: place.path, calls: disk.calls)
        let other = try UploadDirectory(path: elsewhere, calls: disk.calls)
        var files = try (0..<4).map { try file($0, "file-\($0)", $0 == 2 ? other : directory, fails: false) }
        for index in files.indices { files[index].isPublished = false }
        let outcomes = directory.finish(files, .init(durability: .full, onDuplicate: .rename))
        #expect(failures(outcomes) == [])
        #expect(count(.syncFileSystem, disk) == 0)
        #expect(count(.sync, disk) == 4)
      }
    }
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, Comment(rawValue: MountedFileSystem.reason)))
  func `A sync of all is relied on only where it is one`() async throws {
    let calls = FileCalls()
    try await MountedFileSystem.withTmpfs(size: Slab.large) { path in
      let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      defer { close(descriptor) }
      #expect(calls.syncFileSystem(descriptor) == 0)
    }
    // Its syncfs does nothing, and says that all went well.
    let proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(proc) }
    #expect(calls.syncFileSystem(proc) == -1 && errno == ENOSYS)
  }

  @Test func `One or two files are synced by themselves`() async throws {
    let disk = FaultyDisk()
    try await finish(2, disk) { _, _ in }
    #expect(count(.syncFileSystem, disk) == 0)
    #expect(count(.sync, disk) == 2)
    #expect(count(.syncDirectory, disk) == 1)
  }

  @Test func `While others keep the disk busy every file is synced by itself`() async throws {
    let disk = FaultyDisk(hasLittleToWrite: false)
    try await finish(20, disk) { _, outcomes in
      #expect(failures(outcomes) == [])
    }
    #expect(count(.syncFileSystem, disk) == 0)
    #expect(count(.sync, disk) == 20)
    #expect(count(.syncDirectory, disk) == 1)
  }

  @Test func `When the sync of all fails each file's own tells`() async throws {
    let counter = Counter()
    let disk = FaultyDisk { call in
      switch call {
      case .syncFileSystem: .fails(EIO)
      case .sync: counter.next() == 3 ? .fails(EIO) : .fine
      default: .fine
      }
    }
    try await finish(8, disk) { fixture, outcomes in
      let failed = failures(outcomes)
      #expect(failed == [3])
      let stored = try fixture.place.names()
      #expect(stored.count == 7)
      #expect(!stored.contains("file-3"))
    }
  }

  @Test func `A write that fails takes no other file with it`() async throws {
    try await finish(8, FaultyDisk(), failingWrite: 5) { fixture, outcomes in
      #expect(failures(outcomes) == [5])
      let stored = try fixture.place.names()
      #expect(stored.count == 7)
    }
  }

  @Test func `A directory that cannot be synced takes back all names of the group`() async throws {
    let disk = FaultyDisk { $0 == .syncDirectory ? .fails(EIO) : .fine }
    try await finish(8, disk) { fixture, outcomes in
      #expect(failures(outcomes).count == 8)
      let stored = try fixture.place.names()
      #expect(stored == [])
    }
    #expect(count(.syncDirectory, disk) == 1)
  }

  @Test func `What has replaced a file stays when the directory cannot be synced`() async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { $0 == .syncDirectory ? .fails(EIO) : .fine }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      try place.write([9], to: "taken")
      let names = ["taken", "new", "twice", "twice"]
      let files = try names.indices.map { try file($0, names[$0], directory, fails: false) }
      let outcomes = directory.finish(files, .init(durability: .full, onDuplicate: .replace))
      #expect(failures(outcomes) == [0, 1, 2, 3])
      // The first of the two had no old one to replace, but its name is the second's by now.
      #expect(try place.names() == ["taken", "twice"])
      #expect(try place.read("taken") == [0])
      #expect(try place.read("twice") == [3])
    }
  }

  @Test func `Files of one name in one group are numbered, or refused one by one`() async throws {
    try await finish(5, named: { _ in "same.txt" }, FaultyDisk()) { fixture, outcomes in
      #expect(names(outcomes).count == 5)
      let stored = try fixture.place.names()
      #expect(stored.count == 5)
    }
    try await finish(5, named: { _ in "same.txt" }, FaultyDisk(), onDuplicate: .error) { fixture, outcomes in
      #expect(names(outcomes) == ["same.txt"])
      let content = try fixture.place.read("same.txt")
      #expect(content == [0])
    }
  }

  @Test func `With durability none nothing is synced`() async throws {
    let disk = FaultyDisk()
    try await finish(8, disk, durability: .none) { fixture, _ in
      let stored = try fixture.place.names()
      #expect(stored.count == 8)
    }
    #expect([FaultyDisk.Call.sync, .syncFileSystem, .syncDirectory].allSatisfy { count($0, disk) == 0 })
  }
}
