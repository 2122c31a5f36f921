package import NIOCore
package import UploadCore

/// Stores uploads in a local directory: buffers from a memory budget, writes on a pool of threads, names given once all is
/// synced.
package final class DiskStore: UploadStore {
  package let directory: UploadDirectory
  package let budget: MemoryBudget
  private let workers: WorkerPool
  private let finalizer: Finalizer

  /// - Parameter workers: a pool of ``WorkerPool/diskThreads``, used for nothing else; its owner shuts it down.
  package init(
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: WorkerPool,
    configuration: DiskStoreConfiguration = DiskStoreConfiguration()
  ) {
    self.directory = directory
    self.budget = budget
    self.workers = workers
    finalizer = Finalizer(directory: directory, workers: workers, configuration: configuration)
  }

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
      workers: workers,
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
    workers.submit { _ in own.forEach { $0.file.discard() } }
  }
}
