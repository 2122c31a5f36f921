package import NIOCore
package import UploadCore

/// Stores uploads in a local directory: takes buffers from a memory budget, writes on a pool of threads, and gives files
/// their names once they are complete, and synced as far as configured (``Durability``).
package final class DiskStore: UploadStore {
  private let budget: MemoryBudget
  private let finalizer: Finalizer
  private let reader: UploadDirectoryReader
  private let snapshots: DirectorySnapshots
  private let unfinishedUploads: DiskUnfinishedStore

  /// - Parameter workers: a pool of ``WorkerPool/diskThreads``, used for nothing else; its owner shuts it down.
  package init(
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: WorkerPool,
    configuration: DiskStoreConfiguration = DiskStoreConfiguration()
  ) {
    self.budget = budget
    finalizer = Finalizer(directory: directory, workers: workers, configuration: configuration)
    // As many threads as can read at once; not those that write uploads.
    reader = UploadDirectoryReader(directory: directory, readers: WorkerPool(threads: System.coreCount))
    snapshots = DirectorySnapshots(reader: reader, budget: budget)
    unfinishedUploads = DiskUnfinishedStore(finalizer: finalizer, budget: budget)
  }

  // MARK: Storing

  package func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink {
    DiskUpload(
      writer: SlabWriter(
        meter: meter,
        hash: hash,
        plan: WritePlan(size: meter.size, isExact: meter.sizeExact),
        finalizer: finalizer,
        eventLoop: eventLoop
      ),
      condition: condition,
      finalizer: finalizer,
      budget: budget,
      delegate: delegate
    )
  }

  package var onDuplicate: DuplicatePolicy { finalizer.configuration.onDuplicate }

  package func check(_ condition: PublishCondition, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    finalizer.workers.runIfActive(eventLoop: eventLoop) { [finalizer] in
      try finalizer.directory.current().check(condition, onDuplicate: finalizer.configuration.onDuplicate)
    }
  }

  package func store(
    _ files: [CompleteFile],
    on eventLoop: any EventLoop,
    completion: @escaping @Sendable ([Result<StoredFile, any Error>]) -> Void
  ) {
    let isSynced = finalizer.configuration.durability != .none
    finalizer.finalize(files, on: eventLoop) { results in
      for (file, result) in zip(files, results) {
        guard case .success = result else { continue }
        file.meter.addStored(file.content.readableBytes)
        if isSynced { file.meter.markDurable() }
      }
      completion(results)
    }
  }

  package func publish(_ files: [any StagedFile], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]> {
    guard let own = files as? [StagedDiskFile] else {
      return eventLoop.makeFailedFuture(UploadError(.internalFailure, "A staged file belongs to another store."))
    }
    return finalizer.publish(own, on: eventLoop)
  }

  package func discard(_ files: [any StagedFile]) {
    let own = files.compactMap { $0 as? StagedDiskFile }
    guard !own.isEmpty else { return }
    finalizer.workers.submit { _ in own.forEach { $0.file.discard() } }
  }

  package var unfinished: (any UnfinishedStore)? { unfinishedUploads }

  // MARK: Reading

  package func check() async throws {
    _ = try await reader.readers.runIfActive { [reader] in try reader.directory.current() }
  }

  package func open(_ path: NameBytes) async throws -> (any OpenFile)? {
    try await reader.readers.runIfActive { [reader] () throws -> (any OpenFile)? in
      try reader.directory.current()
      return reader.open(path)
    }
  }

  package func open<Result: Sendable>(
    _ name: NameBytes,
    on eventLoop: any EventLoop,
    _ body: @escaping @Sendable (any OpenFile) throws -> Result
  ) -> EventLoopFuture<Result?> {
    reader.readers.runIfActive(eventLoop: eventLoop) { [reader] () throws -> Result? in
      try reader.directory.current()
      return try reader.open(name).map(body)
    }
  }

  package func list(_ directory: NameBytes) async throws -> (any FileListing)? {
    try await check()
    return try await snapshots.current(directory)
  }

  package func makeDirectory(_ path: DirectoryPath) async throws -> Bool {
    try await finalizer.workers.runIfActive { [finalizer] in try finalizer.makeDirectory(path) }
  }

  package func availableSpace() async throws -> UInt64? {
    try await reader.readers.runIfActive { [reader] in
      try reader.directory.current()
      return reader.directory.space.available
    }
  }

  package func freeSpace() -> UInt64? { reader.directory.freeSpace }
}
