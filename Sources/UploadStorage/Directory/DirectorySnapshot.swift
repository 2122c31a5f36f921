import CLinux
import Glibc
import UploadCore

/// A listing of a directory: the names that its finished regular files had while it was read, newest first, those of
/// one second by their bytes.
///
/// Only names are kept, so that a directory of any size needs little memory: 16 bytes and the name itself for each
/// file. Everything else about a file is read when ``read(from:into:_:)`` opens it.
final class DirectorySnapshot: FileListing {
  /// A file: its time of change, and where its name is within ``names``.
  private struct Entry {
    /// Time of the last change, in seconds since 1970.
    var modified: Int64
    var offset: UInt32
    var length: UInt8
  }

  /// The state of the directory just before its names were read.
  let stamp: DirectoryStamp
  /// How many names there are.
  let count: Int
  private let entries: Slab
  private let names: Slab
  private let reservation: MemoryReservation
  private let reader: UploadDirectoryReader

  /// The memory that a snapshot needs: whole pages of 4 KiB, with about a sixteenth to spare for files that are added
  /// between counting and reading.
  struct Size: Sendable {
    /// For entries, and for names, in bytes.
    fileprivate let entries: Int
    fileprivate let names: Int

    /// The memory to reserve in the budget, in bytes: for entries and names together.
    var bytes: Int { entries + names }

    /// Counts all names in the directory, those of directories and unfinished files too; blocks.
    init(_ directory: UploadDirectory) {
      var (files, nameBytes) = (0, 0)
      directory.visitNames {
        files += 1
        nameBytes += strlen($0)
      }
      entries = Self.pages((files + files / 16 + 64) * MemoryLayout<Entry>.stride)
      names = Self.pages(nameBytes + nameBytes / 16 + 4096)
    }

    private static func pages(_ bytes: Int) -> Int { (bytes + 4095) & ~4095 }
  }

  /// Reads a directory; blocks.
  /// - Parameters:
  ///   - size: how many names fit; files that were added since it was computed and do not fit are left out.
  ///   - reservation: of `size.bytes` of memory; retained as long as the snapshot.
  /// - Throws: ``UploadError`` with code `storageFailed` when the system has no memory left.
  init(size: Size, reservation: MemoryReservation, reader: UploadDirectoryReader) throws(UploadError) {
    guard let entries = Slab(size: size.entries), let names = Slab(size: size.names) else {
      throw StorageError.uploadFailed("mmap")
    }
    self.entries = entries
    self.names = names
    self.reservation = reservation
    self.reader = reader
    // Before the names, so that a change while they are read differs from it.
    stamp = reader.stamp
    let list = entries.bytes.bindMemory(to: Entry.self)
    var count = 0
    reader.visitFiles { name, modified in
      let length = strlen(name)
      let offset = names.count
      guard count < list.count, offset <= UInt32.max, let short = UInt8(exactly: length),
        names.append(UnsafeRawBufferPointer(start: name, count: length)) == length
      else { return }
      list.initializeElement(at: count, to: Entry(modified: modified, offset: UInt32(offset), length: short))
      count += 1
    }
    self.count = count
    var used = UnsafeMutableBufferPointer(rebasing: list[..<count])
    used.sort { (first, second) in
      if first.modified != second.modified { return first.modified > second.modified }
      return Self.bytes(first, in: names).lexicographicallyPrecedes(Self.bytes(second, in: names))
    }
  }

  /// The name of a file by its place in the order; it may have been removed since.
  /// - Parameter index: must be in `0..<count`.
  func name(at index: Int) -> NameBytes {
    NameBytes(Self.bytes(entries.bytes.bindMemory(to: Entry.self)[index], in: names))
  }

  func read<Value: Sendable>(
    from start: Int,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, ListedEntry) -> Bool
  ) async throws -> (value: Value, next: Int) {
    try await reader.readers.runIfActive { [self] () -> (value: Value, next: Int) in
      var (value, next) = (initial, start)
      while next < count {
        next += 1
        if let file = reader.open(name(at: next - 1)), !body(&value, .file(file)) { break }
      }
      return (value: value, next: next)
    }
  }

  private static func bytes(_ entry: Entry, in names: Slab) -> UnsafeRawBufferPointer {
    let start = Int(entry.offset)
    return UnsafeRawBufferPointer(rebasing: names.bytes[start..<(start + Int(entry.length))])
  }
}

/// The state of a directory at one time, by its inode, size and time of change. Compare two with ``isSame(as:)``.
struct DirectoryStamp: Sendable {
  private var version: FileVersion?
  /// Whether the last change was so long ago that a later one has another time.
  private var isSettled = false

  /// The stamp of an open directory now; blocks. The same as no other stamp when its status cannot be read.
  init(descriptor: Int32) {
    var now = timespec()
    guard clock_gettime(CLOCK_REALTIME, &now) == 0, let status = FileStatus(descriptor: descriptor) else { return }
    version = status.version
    let time = Duration.seconds(Int64(now.tv_sec)) + .nanoseconds(Int64(now.tv_nsec))
    isSettled = Self.isSettled(status.content, at: time)
  }

  /// Whether the last change was more than 100 ms ago, so that one after it would have another time: most file systems
  /// count time in the kernel's ticks of up to 10 ms.
  /// - Parameter now: the time since 1970.
  static func isSettled(_ content: ContentVersion, at now: Duration) -> Bool {
    now - content.modified > .milliseconds(100)
  }

  /// Whether the directory is unchanged between the earlier stamp and this one. False also where that cannot be told:
  /// the directory had been changed within 100 ms before the earlier one, or its status could not be read.
  func isSame(as earlier: DirectoryStamp) -> Bool { earlier.isSettled && version == earlier.version }
}

/// Makes snapshots of an upload directory for listings, one at a time. All listings share one snapshot as long as the
/// directory is unchanged, so that its names are in memory once. A snapshot is released with its last listing.
actor DirectorySnapshots {
  private let reader: UploadDirectoryReader
  private let budget: MemoryBudget
  private weak var latest: DirectorySnapshot?
  private var reading: Task<DirectorySnapshot?, any Error>?

  init(reader: UploadDirectoryReader, budget: MemoryBudget) {
    self.reader = reader
    self.budget = budget
  }

  /// The directory as it is now, or was at some time since the call. Waits until uploads have released enough memory.
  /// - Returns: nil when its names and all other reservations together need more than ``MemoryBudget/reservable``.
  /// - Throws: ``UploadError`` with code `storageFailed` when the system has no memory left, or `CancellationError`
  ///   when the reading threads have been shut down.
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
    let stamp = try await reader.readers.runIfActive { [reader] in reader.stamp }
    return stamp.isSame(as: latest.stamp) ? latest : nil
  }

  private func read() async throws -> DirectorySnapshot? {
    if let shared = try await unchanged() { return shared }
    let size = try await reader.readers.runIfActive { [reader] in DirectorySnapshot.Size(reader.directory) }
    guard let reservation = await budget.reserve(size.bytes) else { return nil }
    let snapshot = try await reader.readers.runIfActive { [reader] in
      try DirectorySnapshot(size: size, reservation: reservation, reader: reader)
    }
    latest = snapshot
    return snapshot
  }
}
