import UploadCore

/// Reads the names of an upload directory for listings, one at a time, and shares what was read as long as the directory
/// stays unchanged: however many listings are requested, the names are in memory once. They are released with the last
/// listing.
actor DirectorySnapshots {
  private let reader: UploadDirectoryReader
  private let readers: WorkerPool
  private let budget: MemoryBudget
  private weak var latest: DirectorySnapshot?
  private var reading: Task<DirectorySnapshot?, any Error>?

  /// - Parameter readers: threads for reading the disk.
  init(reader: UploadDirectoryReader, readers: WorkerPool, budget: MemoryBudget) {
    self.reader = reader
    self.readers = readers
    self.budget = budget
  }

  /// The directory as it is now, or was at some time since the call.
  /// - Returns: nil when it has more files than the budget has room for.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func current() async throws -> DirectorySnapshot? {
    if let shared = try await unchanged() { return shared }
    // A read that is under way may have begun before the latest file had its name.
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
    let stamp = try await readers.runIfActive { [reader] in reader.stamp }
    return stamp.isSame(as: latest.stamp) ? latest : nil
  }

  private func read() async throws -> DirectorySnapshot? {
    if let shared = try await unchanged() { return shared }
    let size = try await readers.runIfActive { [reader] in reader.snapshotSize() }
    guard let reservation = await budget.reserve(size.bytes) else { return nil }
    let snapshot = try await readers.runIfActive { [reader] in
      try reader.snapshot(size, reservation: reservation)
    }
    latest = snapshot
    return snapshot
  }
}

/// A listing of a directory, of which only the names are in memory.
struct DirectoryFileListing: FileListing {
  let snapshot: DirectorySnapshot
  let reader: UploadDirectoryReader
  /// Threads for reading the disk.
  let readers: WorkerPool

  var count: Int { snapshot.count }

  func read<Value: Sendable>(
    from start: Int,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, any OpenFile) -> Bool
  ) async throws -> (value: Value, next: Int) {
    try await readers.runIfActive { [snapshot, reader] () -> (value: Value, next: Int) in
      var (value, next) = (initial, start)
      var continues = true
      while continues, next < snapshot.count {
        if let file = reader.open(snapshot.name(at: next)) { continues = body(&value, file) }
        next += 1
      }
      return (value: value, next: next)
    }
  }
}
