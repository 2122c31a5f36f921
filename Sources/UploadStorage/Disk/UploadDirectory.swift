import CLinux
import Glibc
import Synchronization
package import UploadCore

/// The directory where uploads end up. Everything in it is reached beneath its descriptor, never by path.
package final class UploadDirectory: Sendable {
  static let typeAttribute = "user.mime_type"

  /// As it was given, for messages.
  package let path: String
  let descriptor: Int32
  /// Whether the file system takes unnamed files; found out at the first that it refuses.
  let takesUnnamed = Atomic<Bool>(true)

  /// Opens a directory, made first where it is missing, and sweeps what a crash may have left.
  /// - Throws: ``UploadError`` with code `badDirectory` when it is none, or nothing can be written there.
  package init(path: String) throws(UploadError) {
    self.path = path
    if access(path, F_OK) != 0 { try Self.make(path) }
    descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StorageError.directoryUnusable("open", path: path) }
    guard faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 else {
      throw StorageError.directoryUnusable("access", path: path)
    }
    do {
      try createPartial().discard()
    } catch {
      throw UploadError(.badDirectory, error.message + " Name another directory with --dir.", cause: error.cause)
    }
    sweep()
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
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
    if takesUnnamed.load(ordering: .relaxed) {
      let file = clinux_open_unnamed(descriptor, 0o600)
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
    while true {
      let name = Self.hiddenName()
      let file = openat(descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
      if file < 0 && errno == EEXIST { continue }
      guard file >= 0 else { throw StorageError.uploadFailed("open", in: path) }
      // Between open and lock another server may have swept it: then it has no name any more, and the next is tried.
      let isLocked = lock(file) == 0
      guard isLocked || errno == EWOULDBLOCK else {
        // The file system has no locks: trying again would only fill it with files.
        let error = StorageError.uploadFailed("flock", in: path)
        unlinkat(descriptor, name, 0)
        close(file)
        throw error
      }
      var status = stat()
      if isLocked, fstat(file, &status) == 0, status.st_nlink > 0 {
        return PartialFile(descriptor: file, hiddenName: name, directory: self)
      }
      close(file)
    }
  }

  static func hiddenName() -> String {
    FileName.partialPrefix + UploadID().description + FileName.partialSuffix
  }

  /// Removes unfinished files that a crash left: ours by name, and locked by nobody.
  private func sweep() {
    for name in names() where FileName.isPartial(name) {
      let file = openat(descriptor, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else { continue }
      if clinux_lock(file) == 0 { unlinkat(descriptor, name, 0) }
      close(file)
    }
  }

  /// Syncs the directory itself, so that names survive a power cut.
  func sync() throws(UploadError) {
    guard fsync(descriptor) == 0 else { throw StorageError.uploadFailed("fsync of the directory", in: path) }
  }

  /// All names in the directory, in no order.
  func names() -> [String] {
    DirectoryNames.read(descriptor: openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
  }
}
