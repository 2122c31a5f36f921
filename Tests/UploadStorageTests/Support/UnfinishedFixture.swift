import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// A directory with unfinished uploads, and the store that one run of a server has of it.
struct UnfinishedFixture: Sendable {
  /// 2026-01-01.
  static let now: Int64 = 1_767_225_600

  let place: TemporaryDirectory
  let directory: UploadDirectory
  let finalizer: Finalizer
  let budget: MemoryBudget
  let store: DiskUnfinishedStore
  let eventLoop: any EventLoop

  init(
    _ place: TemporaryDirectory,
    workers: WorkerPool,
    budget: MemoryBudget,
    eventLoop: any EventLoop,
    durability: Durability = .full,
    onDuplicate: DuplicatePolicy = .rename,
    minFree: SizeSetting = 0,
    bootID: String = "one",
    now: Int64 = now,
    calls: FileCalls = FileCalls()
  ) throws {
    self.place = place
    self.eventLoop = eventLoop
    self.budget = budget
    directory = try UploadDirectory(path: place.path, calls: calls, minFree: minFree, durability: durability)
    let configuration = DiskStoreConfiguration(durability: durability, onDuplicate: onDuplicate)
    finalizer = Finalizer(directory: directory, workers: workers, configuration: configuration)
    let clock = UnfinishedClock(bootID: bootID) { now }
    store = DiskUnfinishedStore(finalizer: finalizer, budget: budget, clock: clock)
  }

  /// Another run of the server, on the same directory: it knows only what is on the disk.
  func restarted(
    bootID: String = "one",
    now: Int64 = now,
    durability: Durability? = nil,
    calls: FileCalls? = nil
  ) throws -> UnfinishedFixture {
    try UnfinishedFixture(
      place,
      workers: finalizer.workers,
      budget: budget,
      eventLoop: eventLoop,
      durability: durability ?? finalizer.configuration.durability,
      onDuplicate: finalizer.configuration.onDuplicate,
      bootID: bootID,
      now: now,
      calls: calls ?? directory.calls
    )
  }

  // MARK: Uploads

  static func record(length: UInt64? = nil, created: Int64 = now, expires: Int64 = now + 3600) -> UnfinishedRecord {
    UnfinishedRecord(
      protocolName: "tus",
      target: "/uploads",
      path: FileName("file").map { FilePath($0) },
      length: length,
      created: created,
      expires: expires,
      client: "192.0.2.1",
      remote: "192.0.2.1:1234"
    )
  }

  /// Creates an upload.
  func create(length: UInt64? = nil, expires: Int64 = now + 3600) async throws -> UnfinishedRecord {
    let record = Self.record(length: length, expires: expires)
    try await store.create(record, on: eventLoop).get()
    return record
  }

  func find(_ id: UnfinishedID) async throws -> UnfinishedRecord? {
    try await store.find(id, on: eventLoop).get()
  }

  /// Begins a request that appends to an upload at its offset.
  func append(
    to record: UnfinishedRecord,
    isProvisional: Bool = false,
    hash: (any ContentHash)? = nil
  ) async throws -> SinkProbe {
    let meter = UploadMeter(
      direction: .incoming,
      mode: .resumable,
      name: "file",
      size: record.length,
      remote: record.remote
    )
    let (store, eventLoop) = (store, eventLoop)
    return try await SinkProbe(meter, on: eventLoop) { delegate in
      store.append(
        to: record,
        isProvisional: isProvisional,
        meter: meter,
        hash: hash,
        on: eventLoop,
        delegate: delegate
      )
    }
  }

  /// Begins a request that is to fail before its first byte.
  /// - Returns: the code of the failure.
  func failure(ofAppendingTo record: UnfinishedRecord) async throws -> UploadError.Code? {
    let probe = try await append(to: record)
    try await eventually("a failure") { try await !probe.notified.errors.isEmpty }
    return try await probe.notified.errors.first?.code
  }

  /// Appends bytes in one request, and ends that.
  /// - Returns: the new offset.
  @discardableResult
  func append(_ bytes: [UInt8], to id: UnfinishedID, hash: (any ContentHash)? = nil) async throws -> UInt64 {
    let probe = try await append(to: #require(try await find(id)), hash: hash)
    try await probe.feed(bytes, chunks: repeatElement(300_000, count: bytes.count / 300_000 + 1))
    return try await probe.beginSuspending().get()
  }

  /// Appends bytes in one request, and publishes the whole.
  func finish(
    _ id: UnfinishedID,
    with bytes: [UInt8] = [],
    _ request: FinalizeRequest? = nil,
    hash: (any ContentHash)? = nil
  ) async throws -> StoredFile {
    let probe = try await append(to: #require(try await find(id)), hash: hash)
    try await probe.feed(bytes, chunks: repeatElement(300_000, count: bytes.count / 300_000 + 1))
    let name = try #require(FileName("file"))
    return try await probe.beginFinalizing(request ?? FinalizeRequest(path: FilePath(name))).get()
  }

  // MARK: Files

  var folder: UnfinishedFolder {
    get throws { try UnfinishedFolders(directory: directory, durability: .none).created() }
  }

  /// The path of one file of an upload, from the directory on.
  func name(_ id: UnfinishedID, _ kind: UnfinishedFolder.Kind) -> String {
    FileName.unfinishedDirectory + "/" + id.description + kind.rawValue
  }

  /// The names in the hidden directory; none when it is missing.
  var hiddenNames: [String] {
    (try? TemporaryDirectory(inside: place.file(FileName.unfinishedDirectory)).names()) ?? []
  }

  /// Writes the counter file of an upload, as a crash would leave it.
  func writeCounter(_ offset: UInt64, _ id: UnfinishedID) throws {
    try place.write(withUnsafeBytes(of: offset.littleEndian) { Array($0) }, to: name(id, .counter))
  }
}

/// Runs `body` with unfinished uploads in a new directory, and checks at the end that all memory was released.
func withUnfinished(
  durability: Durability = .full,
  onDuplicate: DuplicatePolicy = .rename,
  minFree: SizeSetting = 0,
  threads: Int = 4,
  calls: FileCalls = FileCalls(),
  on eventLoop: (any EventLoop)? = nil,
  in parent: String? = nil,
  _ body: (UnfinishedFixture) async throws -> Void
) async throws {
  try await withTemporaryDirectory(in: parent) { place in
    let workers = WorkerPool(threads: threads)
    let budget = try MemoryBudget(limit: UInt64(64 * Slab.large))
    let fixture = try UnfinishedFixture(
      place,
      workers: workers,
      budget: budget,
      eventLoop: eventLoop ?? MultiThreadedEventLoopGroup.singleton.next(),
      durability: durability,
      onDuplicate: onDuplicate,
      minFree: minFree,
      calls: calls
    )
    do {
      try await body(fixture)
      try await eventually("the budget at 0 (\(budget.use))") { budget.use.used == 0 }
    } catch {
      await workers.shutDown()
      throw error
    }
    await workers.shutDown()
  }
}
