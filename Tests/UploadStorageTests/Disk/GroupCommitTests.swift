import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Small files that are finalized in groups: few syncs for many files, and one that fails fails alone.
@Suite struct GroupCommitTests {
  private typealias Outcome = Result<StoredFile, any Error>

  /// Finalizes `count` files, one byte each, that are all queued when the only worker begins.
  private func finalize(
    _ count: Int,
    named name: @escaping @Sendable (Int) -> String = { "file-\($0)" },
    _ disk: FaultyDisk,
    durability: Durability = .full,
    onDuplicate: DuplicatePolicy = .rename,
    _ check: (StoreFixture, [Outcome]) throws -> Void
  ) async throws {
    try await withStore(threads: 1, calls: disk.calls) { fixture in
      disk.clear()
      let outcomes = try await finalize(
        (0..<count).map { try tail($0, name($0)) },
        in: fixture.directory,
        .init(durability: durability, onDuplicate: onDuplicate)
      )
      try check(fixture, outcomes)
    }
  }

  /// Finalizes files in one group.
  private func finalize(
    _ tails: [FileTail],
    in directory: UploadDirectory,
    _ configuration: DiskStoreConfiguration = .init(durability: .full, onDuplicate: .rename)
  ) async throws -> [Outcome] {
    let workers = WorkerPool(threads: 1)
    let finalizer = Finalizer(directory: directory, workers: workers, configuration: configuration)
    let gate = await WorkerGate(blocking: workers, threads: 1)
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let futures = tails.map { finalizer.finalize($0, on: eventLoop) }
    gate.open()
    var outcomes: [Outcome] = []
    for future in futures {
      do { outcomes.append(.success(try await future.get())) } catch { outcomes.append(.failure(error)) }
    }
    await workers.shutDown()
    return outcomes
  }

  /// The only byte of a file.
  private func tail(_ number: Int, _ name: String, in file: PartialFile? = nil) throws -> FileTail {
    FileTail(
      request: FinalizeRequest(path: FilePath(try #require(FileName(name)))),
      meter: UploadMeter(direction: .incoming, mode: .stream, name: name, size: 1, remote: ""),
      file: file,
      placement: (extent: .init(offset: 0, count: 1, isLarge: false), needsTruncation: false),
      content: .buffer(ByteBuffer(bytes: [UInt8(number)])),
      hash: nil
    )
  }

  /// The names of the stored files, in their order.
  private func names(_ outcomes: [Outcome]) -> [String] {
    outcomes.compactMap { try? $0.get().name }
  }

  /// Which files failed.
  private func failures(_ outcomes: [Outcome]) -> [Int] {
    outcomes.indices.filter { if case .failure = outcomes[$0] { true } else { false } }
  }

  private func count(_ call: FaultyDisk.Call, _ disk: FaultyDisk) -> Int {
    disk.made.count { $0 == call }
  }

  @Test func `many queued files share one sync of their bytes and one of their names`() async throws {
    let disk = FaultyDisk()
    try await finalize(20, disk) { fixture, outcomes in
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

  @Test func `no file gets its name before its bytes are synced`() async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { call in
        if call == .syncFileSystem { #expect(DirectoryNames.read(place.path) == []) }
        return .fine
      }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      let outcomes = try await finalize((0..<4).map { try tail($0, "file-\($0)") }, in: directory)
      #expect(failures(outcomes) == [])
      #expect(count(.syncFileSystem, disk) == 1)
    }
  }

  /// The kernel reports a failed write once to each descriptor: with one for all groups only the first would learn of it.
  @Test func `a group is synced by a descriptor of its own, opened before its first byte is written`()
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
      disk.clear()
      opened.withLock { $0 = [] }
      let outcomes = try await finalize((0..<4).map { try tail($0, "file-\($0)") }, in: directory)
      #expect(failures(outcomes) == [])
      #expect(disk.made.first == .openAgain)
      #expect(count(.openAgain, disk) == 1)
      #expect(synced.withLock { $0 } == opened.withLock { $0 })
      #expect(!synced.withLock { $0 }.contains(directory.descriptor))
      let left = DirectoryNames.read("/proc/self/fd").filter { linkTarget("/proc/self/fd/" + $0) == place.path }
      #expect(left.count == 2, "the directory's own: one to read by, one to store by")
    }
  }

  @Test func `a group that gets no descriptor of its own syncs its files one by one`() async throws {
    let disk = FaultyDisk { $0 == .openAgain ? .fails(EMFILE) : .fine }
    try await finalize(8, disk) { _, outcomes in
      #expect(failures(outcomes) == [])
    }
    #expect(count(.syncFileSystem, disk) == 0)
    #expect(count(.sync, disk) == 8)
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, Comment(rawValue: MountedFileSystem.reason)))
  func `when one file of a group is on another file system than the directory, all are synced one by one`() async throws
  {
    try await MountedFileSystem.withTmpfs(size: Slab.large) { elsewhere in
      try await withTemporaryDirectory { place in
        let disk = FaultyDisk()
        let directory = try UploadDirectory(path: place.path, calls: disk.calls)
        let other = try UploadDirectory(path: elsewhere, calls: disk.calls)
        let tails = try (0..<4).map { number in
          try tail(number, "file-\(number)", in: number == 2 ? other.createPartial() : nil)
        }
        let finalizer = Finalizer(directory: directory, workers: WorkerPool(threads: 1), configuration: .init())
        for result in finalizer.stage(tails) { _ = try result.get() }
        #expect(count(.syncFileSystem, disk) == 0)
        #expect(count(.sync, disk) == 4)
      }
    }
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, Comment(rawValue: MountedFileSystem.reason)))
  func `the sync of a whole file system succeeds on tmpfs, and is reported as unsupported on proc`() async throws {
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

  @Test func `two queued files are synced one by one`() async throws {
    let disk = FaultyDisk()
    try await finalize(2, disk) { _, _ in }
    #expect(count(.syncFileSystem, disk) == 0)
    #expect(count(.sync, disk) == 2)
    #expect(count(.syncDirectory, disk) == 1)
  }

  @Test func `while other programs keep the disk busy every file is synced by itself`() async throws {
    let disk = FaultyDisk(hasLittleToWrite: false)
    try await finalize(20, disk) { _, outcomes in
      #expect(failures(outcomes) == [])
    }
    #expect(count(.syncFileSystem, disk) == 0)
    #expect(count(.sync, disk) == 20)
    #expect(count(.syncDirectory, disk) == 1)
  }

  @Test func `when the sync of all files fails each is synced by itself`() async throws {
    let counter = Counter()
    let disk = FaultyDisk { call in
      switch call {
      case .syncFileSystem: .fails(EIO)
      case .sync: counter.next() == 3 ? .fails(EIO) : .fine
      default: .fine
      }
    }
    try await finalize(8, disk) { fixture, outcomes in
      let failed = failures(outcomes)
      #expect(failed == [3])
      let stored = try fixture.place.names()
      #expect(stored.count == 7)
      #expect(!stored.contains("file-3"))
    }
  }

  @Test func `when the write of one file fails the others of its group are stored`() async throws {
    let counter = Counter()
    let disk = FaultyDisk(sparesOpening: true) { call in
      if case .write = call, counter.next() == 5 { .fails(EIO) } else { .fine }
    }
    try await finalize(8, disk) { fixture, outcomes in
      #expect(failures(outcomes) == [5])
      let stored = try fixture.place.names()
      #expect(stored.count == 7)
    }
  }

  @Test func `all names of a group are removed when the directory cannot be synced`() async throws {
    let disk = FaultyDisk { $0 == .syncDirectory ? .fails(EIO) : .fine }
    try await finalize(8, disk) { fixture, outcomes in
      #expect(failures(outcomes).count == 8)
      let stored = try fixture.place.names()
      #expect(stored == [])
    }
    #expect(count(.syncDirectory, disk) == 1)
  }

  @Test func `a file that has replaced another stays when the directory cannot be synced`() async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { $0 == .syncDirectory ? .fails(EIO) : .fine }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      try place.write([9], to: "taken")
      let names = ["taken", "new", "twice", "twice"]
      let tails = try names.indices.map { try tail($0, names[$0]) }
      let outcomes = try await finalize(tails, in: directory, .init(durability: .full, onDuplicate: .replace))
      #expect(failures(outcomes) == [0, 1, 2, 3])
      // The first of the two had no old one to replace, but its name is the second's by now.
      #expect(try place.names() == ["taken", "twice"])
      #expect(try place.read("taken") == [0])
      #expect(try place.read("twice") == [3])
    }
  }

  @Test func `of a group of files with one name all are stored under rename, and only the first under error`()
    async throws
  {
    try await finalize(5, named: { _ in "same.txt" }, FaultyDisk()) { fixture, outcomes in
      #expect(names(outcomes).count == 5)
      let stored = try fixture.place.names()
      #expect(stored.count == 5)
    }
    try await finalize(5, named: { _ in "same.txt" }, FaultyDisk(), onDuplicate: .error) { fixture, outcomes in
      #expect(names(outcomes) == ["same.txt"])
      let content = try fixture.place.read("same.txt")
      #expect(content == [0])
    }
  }

  @Test func `a file of a group that is only staged gets no name, the others get theirs`() async throws {
    try await withStore(threads: 1) { fixture in
      let finalizer = Finalizer(directory: fixture.directory, workers: fixture.workers, configuration: .init())
      let gate = await WorkerGate(blocking: fixture.workers, threads: 1)
      let (first, second) = try (tail(1, "first"), tail(2, "second"))
      let staging = finalizer.stage(first, on: fixture.eventLoop)
      let storing = finalizer.finalize(second, on: fixture.eventLoop)
      gate.open()
      let (staged, stored) = try await (staging.get(), storing.get())
      #expect(stored.name == "second")
      #expect(try fixture.place.names() == ["second"])
      let published = try await finalizer.publish([staged], on: fixture.eventLoop).get()
      #expect(published.map(\.name) == ["first"])
      #expect(try fixture.place.read("first") == [1])
    }
  }

  @Test func `with durability none nothing is synced`() async throws {
    let disk = FaultyDisk()
    try await finalize(8, disk, durability: .none) { fixture, _ in
      let stored = try fixture.place.names()
      #expect(stored.count == 8)
    }
    #expect([FaultyDisk.Call.sync, .syncFileSystem, .syncDirectory].allSatisfy { count($0, disk) == 0 })
  }
}
