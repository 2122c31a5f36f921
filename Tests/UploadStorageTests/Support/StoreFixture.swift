import Glibc
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// A store on a directory of its own.
struct StoreFixture: Sendable {
  let place: TemporaryDirectory
  let directory: UploadDirectory
  let budget: MemoryBudget
  let workers: WorkerPool
  let store: DiskStore
  let eventLoop: any EventLoop

  /// A new upload's sink.
  func probe(size: UInt64? = nil, isExact: Bool = true) async throws -> SinkProbe {
    try await SinkProbe(store, size: size, isExact: isExact, on: eventLoop)
  }

  /// Stores one file whole and gives it its name.
  func store(_ bytes: [UInt8], as name: String, type: String? = nil) async throws -> StoredFile {
    let probe = try await probe()
    try await probe.write(bytes)
    let files = try await publish([probe.stage(name, type: type)])
    return try #require(files.first)
  }

  func publish(_ uploads: [any StagedFile]) async throws -> [StoredFile] {
    try await store.publish(uploads, on: eventLoop).get()
  }

  /// Waits until nothing is retained any more: no slab, and no descriptor of an unfinished file.
  func waitUntilAllIsReleased() async throws {
    try await eventually("the budget at 0 (\(budget.use))") { budget.use.used == 0 }
    try await eventually("no unfinished file open") { unfinishedFiles.isEmpty }
  }

  /// The unnamed or hidden files beneath the directory that this process has open.
  var unfinishedFiles: [String] {
    DirectoryNames.read("/proc/self/fd").compactMap { descriptor in
      let link = linkTarget("/proc/self/fd/" + descriptor)
      let isUnfinished = link.hasSuffix(" (deleted)") || link.hasSuffix(FileName.partialSuffix)
      return link.hasPrefix(place.path + "/") && isUnfinished ? link : nil
    }
  }
}

/// Runs `body` with a store on a new directory, and checks at the end that everything was released.
/// - Parameters:
///   - threads: workers; 1 to know the order of their work.
///   - calls: how files are written.
///   - eventLoop: where sinks live; one of NIO's own when nil.
///   - parent: where to make the directory; the place for temporary files when nil.
func withStore(
  durability: Durability = .none,
  onDuplicate: DuplicatePolicy = .rename,
  budget limit: Int = 64 * Slab.large,
  threads: Int = 4,
  minFree: SizeSetting = 0,
  calls: FileCalls = FileCalls(),
  on eventLoop: (any EventLoop)? = nil,
  in parent: String? = nil,
  _ body: (StoreFixture) async throws -> Void
) async throws {
  try await withTemporaryDirectory(in: parent) { place in
    let directory = try UploadDirectory(path: place.path, calls: calls, minFree: minFree)
    let budget = try MemoryBudget(limit: UInt64(limit))
    let workers = WorkerPool(threads: threads)
    let store = DiskStore(
      directory: directory,
      budget: budget,
      workers: workers,
      configuration: DiskStoreConfiguration(durability: durability, onDuplicate: onDuplicate)
    )
    let fixture = StoreFixture(
      place: place,
      directory: directory,
      budget: budget,
      workers: workers,
      store: store,
      eventLoop: eventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
    )
    do {
      try await body(fixture)
      try await fixture.waitUntilAllIsReleased()
    } catch {
      await workers.shutDown()
      throw error
    }
    await workers.shutDown()
  }
}

/// The same on an event loop whose time only the test moves: no load on the machine makes an upload slow.
func withTimedStore(
  durability: Durability = .none,
  budget limit: Int = 64 * Slab.large,
  threads: Int = 4,
  calls: FileCalls = FileCalls(),
  _ body: (StoreFixture, NIOAsyncTestingEventLoop) async throws -> Void
) async throws {
  let loop = NIOAsyncTestingEventLoop()
  try await withStore(durability: durability, budget: limit, threads: threads, calls: calls, on: loop) {
    try await body($0, loop)
  }
  await loop.shutdownGracefully()
}
