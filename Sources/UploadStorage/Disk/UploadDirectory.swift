import CLinux
import Glibc
import Synchronization
package import UploadCore

/// The directory where uploads end up. Everything in it is reached beneath its descriptor, never by path.
package final class UploadDirectory: Sendable {
  static let typeAttribute = "user.mime_type"
  static let digestAttribute = "user.sluice.sha256"

  /// As it was given, for messages.
  package let path: String
  let descriptor: Int32
  let calls: FileCalls
  let space: FreeSpace
  /// Whether the file system takes unnamed files; found out at the first that it refuses.
  let takesUnnamed = Atomic<Bool>(true)
  /// Whether it takes writes past the page cache (`O_DIRECT`); probed when the directory is opened.
  let takesDirect = Atomic<Bool>(false)
  /// Whether it can reserve blocks; found out at the first reserve that it refuses.
  let takesReserve = Atomic<Bool>(true)

  /// Opens a directory, made first where it is missing, and sweeps what a crash may have left.
  /// - Parameters:
  ///   - minFree: so much space is left free, in bytes.
  ///   - durability: what the uploads will ask for, so that a file system that cannot give it is refused now.
  /// - Throws: ``UploadError`` with code `badDirectory` when it is none, or nothing can be stored there.
  package convenience init(
    path: String,
    minFree: UInt64 = 0,
    durability: Durability = .none
  ) throws(UploadError) {
    try self.init(path: path, calls: FileCalls(), minFree: minFree, durability: durability)
  }

  /// - Parameter calls: how files are written; failing ones in tests.
  init(
    path: String,
    calls: FileCalls,
    minFree: UInt64 = 0,
    durability: Durability = .none
  ) throws(UploadError) {
    self.path = path
    self.calls = calls
    if access(path, F_OK) != 0 { try Self.make(path) }
    descriptor = Self.openDirectory(path)
    let directory = descriptor
    space = FreeSpace(keeping: minFree, in: path) { calls.freeSpace(directory) }
    guard descriptor >= 0 else { throw StorageError.directoryUnusable("open", path: path) }
    guard faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 else {
      throw StorageError.directoryUnusable("access", path: path)
    }
    try probe(durability)
    sweep()
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  private static func openDirectory(_ path: String) -> Int32 {
    Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  }

  private static func make(_ path: String) throws(UploadError) {
    var end = path.startIndex
    while end < path.endIndex {
      end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
      guard mkdir(String(path[..<end]), 0o755) == 0 || errno == EEXIST else {
        throw StorageError.directoryUnusable("mkdir", path: path)
      }
    }
  }

  /// A new file without a name, on the same file system.
  /// - Throws: ``UploadError`` with code `diskFull` or `storageFailed`.
  func createPartial() throws(UploadError) -> PartialFile {
    // Asked first: in a removed directory ext4 refuses an unnamed file for want of rights, and tmpfs makes one that can
    // never get a name.
    if isRemoved, !reopen() { throw StorageError.uploadFailed("open", in: path) }
    if takesUnnamed.load(ordering: .relaxed) {
      var file = DescriptorReserve.openFile { calls.openUnnamed(descriptor) }
      if file < 0, errno == ENOENT, reopen() { file = DescriptorReserve.openFile { calls.openUnnamed(descriptor) } }
      if file >= 0 { return PartialFile(descriptor: file, hiddenName: nil, directory: self) }
      // These say that the kernel or the file system does not know unnamed files; others are real failures.
      guard errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else {
        throw StorageError.uploadFailed("open", in: path)
      }
      takesUnnamed.store(false, ordering: .relaxed)
    }
    return try createHidden()
  }

  /// A new hidden file, locked as long as it is open so that another server's sweep leaves it alone.
  /// - Parameter lock: takes the lock without waiting; another one in tests.
  func createHidden(lock: (Int32) -> Int32 = { clinux_lock($0) }) throws(UploadError) -> PartialFile {
    // Once: where files can never be made (/proc) the error is the same each time.
    var isReopened = false
    while true {
      let name = Self.hiddenName()
      let file = DescriptorReserve.openFile {
        openat(descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
      }
      if file < 0, errno == EEXIST { continue }
      if file < 0, errno == ENOENT, !isReopened, reopen() {
        isReopened = true
        continue
      }
      guard file >= 0 else {
        let error = StorageError.uploadFailed("open", in: path)
        // It may have been made, and closed as one too many.
        unlinkat(descriptor, name, 0)
        throw error
      }
      // Between open and lock another server may have swept it: then it has no name any more, and the next is tried.
      let isLocked = lock(file) == 0
      guard isLocked || errno == EWOULDBLOCK else {
        // The file system has no locks: trying again would only fill it with files.
        let error = StorageError.uploadFailed("flock", in: path)
        unlinkat(descriptor, name, 0)
        DescriptorReserve.closeFile(file)
        throw error
      }
      var status = stat()
      if isLocked, fstat(file, &status) == 0, status.st_nlink > 0 {
        return PartialFile(descriptor: file, hiddenName: name, directory: self)
      }
      DescriptorReserve.closeFile(file)
    }
  }

  /// Whether the directory has no name any more.
  private var isRemoved: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? status.st_nlink == 0 : errno == ESTALE
  }

  /// The directory has been removed. If another stands under its path by now, that takes its place, descriptor and all.
  /// - Returns: whether there is one, so that trying again makes sense; else `errno` says that there is none.
  private func reopen() -> Bool {
    let other = Self.openDirectory(path)
    guard other >= 0 else { return false }
    defer { close(other) }
    // Replaced even by itself: another worker may have done this an instant ago.
    return clinux_replace(descriptor, other) == 0
  }

  static func hiddenName() -> String {
    FileName.partialPrefix + UploadID().description + FileName.partialSuffix
  }

  /// Removes unfinished files that a crash left: ours by name, and locked by nobody.
  private func sweep() {
    for name in names() where FileName.isPartial(name) {
      let file = name.withCString { openat(descriptor, $0, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
      guard file >= 0 else { continue }
      if clinux_lock(file) == 0 { remove(name) }
      close(file)
    }
  }

  /// Syncs the directory itself, so that names survive a power cut.
  func sync() throws(UploadError) {
    guard calls.syncDirectory(descriptor) == 0 else {
      throw StorageError.uploadFailed(StorageError.directorySync, in: path)
    }
  }

  /// All names in the directory, in no order.
  func names() -> [NameBytes] {
    DirectoryNames.read(descriptor: calls.openAgain(descriptor))
  }
}
