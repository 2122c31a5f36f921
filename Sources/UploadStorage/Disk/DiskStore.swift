package import NIOCore
package import UploadCore

/// Uploads into a local directory: slabs from a budget, writes on a pool of threads, names given once all is synced.
package final class DiskStore: UploadStore {
  /// What the user may choose.
  package struct Configuration: Sendable {
    package var durability: Durability
    package var onDuplicate: DuplicatePolicy

    package init(durability: Durability = .full, onDuplicate: DuplicatePolicy = .rename) {
      self.durability = durability
      self.onDuplicate = onDuplicate
    }
  }

  /// Threads that write and sync. More than cores, because they wait for the disk: small files need many syncs at once.
  package static let threads = 16

  package let directory: UploadDirectory
  package let budget: MemoryBudget
  private let configuration: Configuration
  private let workers: WorkerPool
  private let group: GroupCommit

  /// - Parameter workers: a pool of ``threads``, used for nothing else; its owner shuts it down.
  package init(
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: WorkerPool,
    configuration: Configuration = Configuration()
  ) {
    self.directory = directory
    self.budget = budget
    self.workers = workers
    self.configuration = configuration
    group = GroupCommit(directory: directory, workers: workers, configuration: configuration)
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
      directory: directory,
      budget: budget,
      workers: workers,
      group: group,
      configuration: configuration,
      eventLoop: eventLoop,
      delegate: delegate
    )
  }

  package func publish(_ uploads: [SealedUpload], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]> {
    let (directory, configuration) = (directory, configuration)
    return workers.runIfActive(eventLoop: eventLoop) {
      let files = try directory.publish(uploads, configuration)
      if configuration.durability != .none { uploads.forEach { $0.meter.markDurable() } }
      return files
    }
  }

  package func discard(_ uploads: [SealedUpload]) {
    guard !uploads.isEmpty else { return }
    workers.submit { _ in uploads.forEach { $0.discard() } }
  }
}
