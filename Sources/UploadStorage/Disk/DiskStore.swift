package import NIOCore
package import UploadCore

/// Stores uploads in a local directory: takes buffers from a memory budget, writes on a pool of threads, and gives files
/// their names once they are synced.
package final class DiskStore: UploadStore {
  private let directory: UploadDirectory
  private let budget: MemoryBudget
  private let finalizer: Finalizer
  private let reader: UploadDirectoryReader
  private let snapshots: DirectorySnapshots

  /// - Parameter workers: a pool of ``WorkerPool/diskThreads``, used for nothing else; its owner shuts it down.
  package init(
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: WorkerPool,
    configuration: DiskStoreConfiguration = DiskStoreConfiguration()
  ) {
    self.directory = directory
    self.budget = budget
    finalizer = Finalizer(directory: directory, workers: workers, configuration: configuration)
    // As many threads as can read at once; not those that write uploads.
    reader = UploadDirectoryReader(directory, readers: WorkerPool(threads: System.coreCount))
    snapshots = DirectorySnapshots(reader: reader, budget: budget)
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
      meter: meter,
      hash: hash,
      condition: condition,
      finalizer: finalizer,
      budget: budget,
      eventLoop: eventLoop,
      delegate: delegate
    )
  }

  package func publish(_ files: [any StagedFile], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]> {
    let own = files.compactMap { $0 as? StagedDiskFile }
    guard own.count == files.count else {
      return eventLoop.makeFailedFuture(UploadError(.internalFailure, "A staged file belongs to another store."))
    }
    return finalizer.publish(own, on: eventLoop)
  }

  package func discard(_ files: [any StagedFile]) {
    let own = files.compactMap { $0 as? StagedDiskFile }
    guard !own.isEmpty else { return }
    finalizer.workers.submit { _ in own.forEach { $0.file.discard() } }
  }

  // MARK: Reading

  package func check() async throws {
    try await reader.readers.runIfActive { [directory] in try directory.check() }
  }

  package func open(_ name: NameBytes) async throws -> (any OpenFile)? {
    try await reader.readers.runIfActive { [directory, reader] () throws -> (any OpenFile)? in
      try directory.check()
      return reader.open(name)
    }
  }

  package func list() async throws -> (any FileListing)? {
    try await check()
    guard let snapshot = try await snapshots.current() else { return nil }
    return DirectoryFileListing(snapshot: snapshot, reader: reader)
  }

  package func freeSpace() -> UInt64? { directory.freeSpace }
}
