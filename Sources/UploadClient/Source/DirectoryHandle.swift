import CLinux
import Glibc
package import UploadCore

/// An open directory. What is in it is opened relative to the descriptor, so that renaming or replacing a directory above
/// leads to no other place. The descriptor is closed with the last reference.
package final class DirectoryHandle: Sendable {
  /// What tells one directory from all others.
  package struct Identity: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
  }

  let descriptor: CInt
  package let identity: Identity

  /// Opens a directory by its path, which may contain symbolic links. May block.
  /// - Parameter path: may contain bytes that are not UTF-8 (``NameBytes/losslessText``).
  /// - Throws: ``UploadError`` with code `unreadableFile`.
  package convenience init(path: String) throws(UploadError) {
    let descriptor = NameBytes.withPath(path) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    try self.init(descriptor, errno, label: path)
  }

  /// Opens a directory in `parent`. May block.
  /// - Parameters:
  ///   - follows: whether the name may be a symbolic link, which then may lead anywhere.
  ///   - label: the path for messages.
  /// - Throws: ``UploadError`` with code `unreadableFile`.
  convenience init(_ name: NameBytes, in parent: DirectoryHandle, follows: Bool, label: String) throws(UploadError) {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW)
    let descriptor = name.withCString { openat(parent.descriptor, $0, flags) }
    // O_DIRECTORY with O_NOFOLLOW reports a link as ENOTDIR.
    let code = errno
    try self.init(descriptor, !follows && (code == ENOTDIR || code == ELOOP) ? EXDEV : code, label: label)
  }

  /// - Parameter code: the error number, where `descriptor` is negative.
  private init(_ descriptor: CInt, _ code: CInt, label: String) throws(UploadError) {
    self.descriptor = descriptor
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      identity = Identity(device: 0, inode: 0)
      throw SourceFailure.directory(label, descriptor >= 0 ? errno : code)
    }
    identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// The state of a directory entry. May block.
  /// - Returns: nil and `errno` when it cannot be read.
  func status(of name: NameBytes, follows: Bool) -> stat? {
    var status = stat()
    let result = name.withCString { fstatat(descriptor, $0, &status, follows ? 0 : AT_SYMLINK_NOFOLLOW) }
    return result == 0 ? status : nil
  }

  /// Whether this user may read a directory entry. May block.
  /// - Returns: the error number; nil for a file that may be read.
  func accessError(of name: NameBytes) -> CInt? {
    name.withCString { faccessat(descriptor, $0, R_OK, AT_EACCESS) } == 0 ? nil : errno
  }

  /// Opens a file below the directory for reading, without waiting for a writer where it is a pipe. May block.
  /// - Parameters:
  ///   - path: relative to the directory, without `.` and `..`.
  ///   - follows: whether symbolic links are followed, wherever they lead.
  /// - Returns: the descriptor; -1 and `errno` on failure, ELOOP for a symbolic link that is not followed.
  func openFile(_ path: NameBytes, follows: Bool) -> CInt {
    guard !follows else {
      return path.withCString { openat(descriptor, $0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
    }
    let opened = path.withCString { clinux_open_beneath(descriptor, $0) }
    return opened < 0 && errno == EXDEV ? openByComponents(path) : opened
  }

  /// The same, without links, for kernels before Linux 5.6 and sandboxes without openat2.
  private func openByComponents(_ path: NameBytes) -> CInt {
    let components = path.bytes.split(separator: UInt8(ascii: "/"))
    var parent = descriptor
    for (index, component) in components.enumerated() {
      let isLast = index == components.count - 1
      let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (isLast ? O_NONBLOCK | O_NOCTTY : O_DIRECTORY)
      let next = NameBytes(component).withCString { openat(parent, $0, flags) }
      let code = errno
      if parent != descriptor { close(parent) }
      // O_DIRECTORY with O_NOFOLLOW reports a link as ENOTDIR.
      errno = !isLast && code == ENOTDIR ? ELOOP : code
      guard next >= 0 else { return -1 }
      parent = next
    }
    return parent == descriptor ? -1 : parent
  }
}
