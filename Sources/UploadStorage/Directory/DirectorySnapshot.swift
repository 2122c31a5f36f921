import CLinux
import Glibc
import UploadCore

/// A listing of a directory: the names that its directories and finished regular files had while it was read.
/// Directories come first, by the bytes of their names, then files, newest first, those of one second by their names.
///
/// Only names are kept, so that a directory of any size needs little memory: 16 bytes and the name itself for each
/// entry. Everything else about a file is read when ``read(from:into:_:)`` opens it.
final class DirectorySnapshot: FileListing {
  /// A directory or file: its time of change, and where its name is within ``names``.
  private struct Entry {
    /// Time of the last change, in seconds since 1970.
    var modified: Int64
    var offset: UInt32
    var length: UInt8
    var isDirectory: Bool
  }

  /// The state of the directory just before its names were read.
  let stamp: DirectoryStamp
  /// How many names there are.
  let count: Int
  private let entries: Slab
  private let names: Slab
  private let reservation: MemoryReservation
  private let directory: ListedDirectory

  /// The memory that a snapshot needs: whole pages of 4 KiB, with about a sixteenth to spare for entries that are added
  /// between counting and reading.
  struct Size: Sendable {
    /// For entries, and for names, in bytes.
    fileprivate let entries: Int
    fileprivate let names: Int

    /// The memory to reserve in the budget, in bytes: for entries and names together.
    var bytes: Int { entries + names }

    /// Counts all names in the directory, those of links and unfinished files too; blocks.
    /// - Throws: ``UploadError`` with code `notFound` when there is no such directory.
    init(_ directory: ListedDirectory) throws(UploadError) {
      var (count, nameBytes) = (0, 0)
      try directory.visitNames {
        count += 1
        nameBytes += strlen($0)
      }
      entries = Self.pages((count + count / 16 + 64) * MemoryLayout<Entry>.stride)
      names = Self.pages(nameBytes + nameBytes / 16 + 4096)
    }

    private static func pages(_ bytes: Int) -> Int { (bytes + 4095) & ~4095 }
  }

  /// Reads a directory; blocks.
  /// - Parameters:
  ///   - size: how many names fit; entries that were added since it was computed and do not fit are left out.
  ///   - reservation: of `size.bytes` of memory; retained as long as the snapshot.
  /// - Throws: ``UploadError`` with code `notFound` when there is no such directory, or `storageFailed` when the system
  ///   has no memory left.
  init(size: Size, reservation: MemoryReservation, directory: ListedDirectory) throws(UploadError) {
    guard let entries = Slab(size: size.entries), let names = Slab(size: size.names) else {
      throw StorageError.uploadFailed("mmap")
    }
    self.entries = entries
    self.names = names
    self.reservation = reservation
    self.directory = directory
    // Before the names, so that a change while they are read differs from it.
    stamp = directory.stamp
    let list = entries.bytes.bindMemory(to: Entry.self)
    var count = 0
    try directory.visitEntries { name, modified, isDirectory in
      let length = strlen(name)
      let offset = names.count
      guard count < list.count, offset <= UInt32.max, let short = UInt8(exactly: length),
        names.append(UnsafeRawBufferPointer(start: name, count: length)) == length
      else { return }
      let entry = Entry(modified: modified, offset: UInt32(offset), length: short, isDirectory: isDirectory)
      list.initializeElement(at: count, to: entry)
      count += 1
    }
    self.count = count
    var used = UnsafeMutableBufferPointer(rebasing: list[..<count])
    used.sort { (first, second) in
      if first.isDirectory != second.isDirectory { return first.isDirectory }
      if !first.isDirectory, first.modified != second.modified { return first.modified > second.modified }
      return Self.bytes(first, in: names).lexicographicallyPrecedes(Self.bytes(second, in: names))
    }
  }

  /// The name of an entry by its place in the order; it may have been removed since.
  /// - Parameter index: must be in `0..<count`.
  func name(at index: Int) -> NameBytes { NameBytes(Self.bytes(entry(at: index), in: names)) }

  private func entry(at index: Int) -> Entry { entries.bytes.bindMemory(to: Entry.self)[index] }

  /// The entry by its place in the order; nil for a file that cannot be opened any more.
  private func listed(_ index: Int) -> ListedEntry? {
    let entry = entry(at: index)
    if entry.isDirectory { return .directory(name: name(at: index), modified: entry.modified) }
    return directory.open(name(at: index)).map { .file($0) }
  }

  func read<Value: Sendable>(
    from start: Int,
    in order: [UInt32]?,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, ListedEntry) -> Bool
  ) async throws -> (value: Value, next: Int) {
    try await directory.reader.readers.runIfActive { [self] () -> (value: Value, next: Int) in
      var (value, next) = (initial, start)
      while next < order?.count ?? count {
        let place = order.map { Int($0[next]) } ?? next
        next += 1
        if let entry = listed(place), !body(&value, entry) { break }
      }
      return (value: value, next: next)
    }
  }

  private static func bytes(_ entry: Entry, in names: Slab) -> UnsafeRawBufferPointer {
    let start = Int(entry.offset)
    return UnsafeRawBufferPointer(rebasing: names.bytes[start..<(start + Int(entry.length))])
  }
}

/// Makes snapshots of directories for listings, of each directory one at a time. All listings of a directory share one
/// snapshot as long as it is unchanged, so that its names are in memory once. A snapshot is released with its last
/// listing.
actor DirectorySnapshots {
  private struct Latest {
    weak var snapshot: DirectorySnapshot?
  }

  private let reader: UploadDirectoryReader
  private let budget: MemoryBudget
  /// The latest snapshots by the paths of their directories.
  private var latest: [NameBytes: Latest] = [:]
  private var reading: [NameBytes: Task<DirectorySnapshot?, any Error>] = [:]

  init(reader: UploadDirectoryReader, budget: MemoryBudget) {
    self.reader = reader
    self.budget = budget
  }

  /// A directory as it is now, or was at some time since the call. Waits until uploads have released enough memory.
  /// - Parameter path: its exact path beneath the upload directory; empty for that itself.
  /// - Returns: nil when its names and all other reservations together need more than ``MemoryBudget/reservable``.
  /// - Throws: ``UploadError`` with code `notFound` when there is no such directory, or `storageFailed` when the system
  ///   has no memory left; `CancellationError` when the reading threads have been shut down.
  func current(_ path: NameBytes) async throws -> DirectorySnapshot? {
    let directory = ListedDirectory(reader: reader, path: path)
    if let shared = try await unchanged(directory) { return shared }
    // A read that is under way may have begun before the latest file had its name.
    while let reading = reading[path] { _ = await reading.result }
    let task = Task {
      defer { reading[path] = nil }
      return try await read(directory)
    }
    reading[path] = task
    return try await task.value
  }

  private func unchanged(_ directory: ListedDirectory) async throws -> DirectorySnapshot? {
    guard let latest = latest[directory.path]?.snapshot else { return nil }
    let stamp = try await reader.readers.runIfActive { directory.stamp }
    return stamp.isSame(as: latest.stamp) ? latest : nil
  }

  private func read(_ directory: ListedDirectory) async throws -> DirectorySnapshot? {
    if let shared = try await unchanged(directory) { return shared }
    let size = try await reader.readers.runIfActive { try DirectorySnapshot.Size(directory) }
    guard let reservation = await budget.reserve(size.bytes) else { return nil }
    let snapshot = try await reader.readers.runIfActive {
      try DirectorySnapshot(size: size, reservation: reservation, directory: directory)
    }
    latest = latest.filter { $0.value.snapshot != nil }
    latest[directory.path] = Latest(snapshot: snapshot)
    return snapshot
  }
}
