import UploadCore
import UploadStorage

/// Reads the directory for listings, one at a time, and shares what was read as long as the directory stays as it is:
/// however many listings are requested, the names are in memory once. With the last of them they are gone.
actor ListingSnapshots {
  /// The directory has more files than a listing may have memory for.
  struct BudgetExceeded: Error {}

  private let reader: UploadDirectoryReader
  private let budget: MemoryBudget
  private let workers: WorkerPool
  private weak var latest: DirectorySnapshot?
  private var reading: Task<DirectorySnapshot, any Error>?

  /// - Parameter workers: threads for reading the disk.
  init(reader: UploadDirectoryReader, budget: MemoryBudget, workers: WorkerPool) {
    self.reader = reader
    self.budget = budget
    self.workers = workers
  }

  /// The directory as it is now, or was at some time since the call.
  /// - Throws: ``BudgetExceeded``; ``UploadError`` with code `storageFailed`.
  func current() async throws -> DirectorySnapshot {
    if let shared = try await unchanged() { return shared }
    // A snapshot that was read meanwhile may have begun before the latest file had its name.
    while let reading { _ = await reading.result }
    let task = Task {
      defer { reading = nil }
      return try await read()
    }
    reading = task
    return try await task.value
  }

  private func unchanged() async throws -> DirectorySnapshot? {
    guard let latest else { return nil }
    let stamp = try await workers.runIfActive { [reader] in reader.stamp }
    return stamp.isSame(as: latest.stamp) ? latest : nil
  }

  private func read() async throws -> DirectorySnapshot {
    if let shared = try await unchanged() { return shared }
    let size = try await workers.runIfActive { [reader] in reader.snapshotSize() }
    guard let reservation = await budget.reserve(size.bytes) else { throw BudgetExceeded() }
    let snapshot = try await workers.runIfActive { [reader] in
      try reader.snapshot(size, reservation: reservation)
    }
    latest = snapshot
    return snapshot
  }
}
