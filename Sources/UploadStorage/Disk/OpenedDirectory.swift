import CLinux
import Glibc
import Synchronization
import UploadCore

/// The directory that an ``UploadDirectory`` stores files in, as long as its path leads there. Files are created and
/// published beneath its descriptor; those that begin before another directory takes its place keep it open.
final class OpenedDirectory: Sendable {
  /// Its own, closed with the last reference; below 0 when it could not be opened.
  let descriptor: Int32
  let location: DirectoryLocation
  /// As it was given, for messages.
  let path: String
  let calls: FileCalls
  /// Held while a file takes the place of another: whoever compares and then replaces must be alone.
  let replacing = Mutex<Void>(())

  var device: UInt64 { location.identity.device }

  /// Opens what a path leads to; check ``descriptor``, and `errno`.
  init(path: String, calls: FileCalls) {
    self.path = path
    self.calls = calls
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    let error = errno
    var status = stat()
    fstat(descriptor, &status)
    // A directory that takes its place in between differs from the open one at the next look.
    let mountPoint = DirectoryLocation(path: path)?.mountPoint ?? "/"
    location = DirectoryLocation(identity: FileIdentity(status), mountPoint: mountPoint)
    if descriptor < 0 { errno = error }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether files can be created in it; else `errno` says why not.
  var isWritable: Bool { faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 }

  /// Syncs the directory itself, so that names survive a power cut.
  func sync() throws(UploadError) {
    guard calls.syncDirectory(descriptor) == 0 else {
      throw StorageError.uploadFailed(StorageError.directorySync)
    }
  }

  /// Removes unfinished files that a crash left: ours by name, and locked by nobody.
  func sweep() {
    for name in DirectoryNames.read(descriptor: calls.openAgain(descriptor)) where FileName.isPartial(name) {
      let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
      // Some network file systems lock only what is open for writing, which --file-mode may forbid.
      var file = name.withCString { openat(descriptor, $0, O_RDWR | flags) }
      if file < 0, errno == EACCES { file = name.withCString { openat(descriptor, $0, O_RDONLY | flags) } }
      guard file >= 0 else { continue }
      if clinux_lock(file) == 0 { remove(name) }
      close(file)
    }
  }
}
