import CLinux
import Glibc
import Synchronization
import UploadCore

/// The directory that an ``UploadDirectory`` stores files in, as long as its path leads there: one descriptor, and the
/// names beneath it. Uploads that began before another directory replaced it keep it open.
final class OpenedDirectory: Sendable {
  /// An entry of the directory: a link itself, not what it leads to.
  struct Entry {
    private let status: stat

    fileprivate init(_ status: stat) {
      self.status = status
    }

    var identity: FileIdentity { FileIdentity(status) }
    var version: FileVersion { FileVersion(status) }
    /// Whether an upload may replace it: a file, or a symbolic link, which is replaced itself. Directories, FIFOs, sockets
    /// and devices are there for other purposes.
    var isReplaceable: Bool { [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT) }
  }

  /// Owned, closed with the last reference; negative when the directory could not be opened.
  let descriptor: Int32
  let location: DirectoryLocation
  let calls: FileCalls
  /// Held while a file replaces another: comparing and replacing must not interleave with another replacement.
  let replacing = Mutex<Void>(())

  var device: UInt64 { location.identity.device }

  /// Opens what a path leads to; check ``descriptor``, and `errno`.
  init(path: String, calls: FileCalls) {
    self.calls = calls
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    let error = errno
    var status = stat()
    fstat(descriptor, &status)
    // A directory that replaces it in between differs from the open one at the next check.
    let mountPoint = DirectoryLocation(path: path)?.mountPoint ?? "/"
    location = DirectoryLocation(identity: FileIdentity(status), mountPoint: mountPoint)
    if descriptor < 0 { errno = error }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether files can be created in it; otherwise `errno` is the reason.
  var isWritable: Bool { faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 }

  /// Syncs the directory itself, so that names survive a power cut.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func sync() throws(UploadError) {
    guard calls.syncDirectory(descriptor) == 0 else {
      throw StorageError.uploadFailed(StorageError.directorySync)
    }
  }

  /// Removes unfinished files that a crash left: ours by name, and locked by no process.
  func sweep() {
    for name in DirectoryNames.read(descriptor: calls.openAgain(descriptor)) where FileName.isPartial(name) {
      let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
      // Some network file systems lock only files open for writing, which --file-mode may forbid.
      var file = name.withCString { openat(descriptor, $0, O_RDWR | flags) }
      if file < 0, errno == EACCES { file = name.withCString { openat(descriptor, $0, O_RDONLY | flags) } }
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { remove(name) }
      close(file)
    }
  }

  // MARK: Names

  /// The entry that has a name now; nil when there is none.
  func entry(at name: NameBytes) -> Entry? {
    var status = stat()
    return calls.entryStatus(descriptor, name, &status) == 0 ? Entry(status) : nil
  }

  /// - Throws: what the condition says of the file that has its name now.
  func check(_ condition: PublishCondition) throws(UploadError) {
    try condition.check(condition.name.flatMap { entry(at: $0.bytes)?.version })
  }

  /// Gives a file a name; negative with `errno` set when that failed, `EEXIST` when the name is taken.
  func link(_ file: PartialFile, as name: NameBytes) -> Int32 {
    guard let hidden = file.hiddenName else { return calls.link(file.descriptor, descriptor, name) }
    return renameWithoutOverwriting(NameBytes(hidden), in: file.place, to: name)
  }

  /// Renames a file of `place` into this directory unless the new name is taken: `renameat2`, or where the file system
  /// does not support that a link and an unlink, which do not overwrite either.
  /// - Returns: negative with `errno` set when that failed, `EEXIST` when the name is taken.
  func renameWithoutOverwriting(_ from: NameBytes, in place: OpenedDirectory, to name: NameBytes) -> Int32 {
    let result = calls.renameNew(place.descriptor, from, descriptor, name)
    guard result != 0, errno == EINVAL || errno == ENOSYS else { return result }
    let linked = from.withCString { from in
      name.withCString { linkat(place.descriptor, from, descriptor, $0, 0) }
    }
    guard linked == 0 else { return -1 }
    // The file has its name: a hidden one that is left over is no failure, and is swept at the next start.
    place.remove(from)
    return 0
  }

  /// Removes a name.
  func remove(_ name: NameBytes) {
    _ = name.withCString { unlinkat(descriptor, $0, 0) }
  }

  /// Removes a file's name, unless another file has it by now.
  func remove(_ name: NameBytes, of file: PartialFile) {
    guard let own = file.identity, entry(at: name)?.identity == own else { return }
    remove(name)
  }
}

extension FileVersion {
  /// Two uploads within a second differ in the inode, a change in place in the nanoseconds.
  init(_ status: stat) {
    var status = status
    let modified = clinux_modified_seconds(&status)
    let parts = [
      UInt64(status.st_ino), UInt64(bitPattern: modified),
      UInt64(bitPattern: clinux_modified_nanoseconds(&status)), UInt64(max(0, status.st_size)),
    ]
    self.init(modified: modified, text: parts.map { String($0, radix: 16) }.joined(separator: "-"))
  }
}
