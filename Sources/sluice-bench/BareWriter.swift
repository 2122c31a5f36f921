import CLinux
import Glibc
import UploadCore

/// What the disk can do at least, and at best: the plainest loop of system calls.
struct BareWriter: FileWriter {
  /// Hidden by Swift's Glibc module, which does not ask for the extensions of GNU.
  #if arch(arm64)
    private static let directFlag: Int32 = 0o200000
  #else
    private static let directFlag: Int32 = 0o40000
  #endif
  /// The length of a direct write is a multiple of this.
  private static let blockSize = 4096

  let directory: String
  let source: DiskSource
  /// Past the page cache, into space taken beforehand; else through it.
  let direct: Bool

  func write(size: Int, name: String) throws {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | (direct ? Self.directFlag : 0)
    let file = open(directory + "/" + name, flags, 0o600)
    guard file >= 0 else { throw Self.failure("open", errno) }
    defer { close(file) }
    if direct {
      let status = posix_fallocate(file, 0, off_t(size))
      guard status == 0 else { throw Self.failure("fallocate", status) }
    }
    var offset = 0
    while offset < size {
      var length = min(DiskSource.pieceSize, size - offset)
      if direct { length = (length + Self.blockSize - 1) / Self.blockSize * Self.blockSize }
      let written = pwrite(file, source.bytes.baseAddress, length, off_t(offset))
      guard written > 0 else { throw Self.failure("pwrite", errno) }
      offset += written
    }
    if offset > size, ftruncate(file, off_t(size)) != 0 { throw Self.failure("ftruncate", errno) }
    guard fsync(file) == 0 else { throw Self.failure("fsync", errno) }
  }

  private static func failure(_ call: String, _ number: Int32) -> UploadError {
    let cause = SystemCallError(call, number)
    return UploadError(.storageFailed, "A bare loop failed (\(cause)); try another --dir.", cause: cause)
  }
}

/// A directory that files are put into by system calls alone, to be there after a power cut.
final class BareDirectory: Sendable {
  private let descriptor: Int32

  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(path: String) throws(UploadError) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw UploadError(.badDirectory, "\(path) cannot be opened.", cause: SystemCallError("open", errno))
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Stores one file: it is on disk, under its name, when this returns.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func store(_ content: [UInt8], as name: String) throws(UploadError) {
    let file = clinux_open_unnamed(descriptor, 0o600)
    try Self.expect(file >= 0, "open")
    defer { close(file) }
    try Self.expect(write(file, content, content.count) == content.count, "write")
    try Self.expect(fdatasync(file) == 0, "fdatasync")
    try Self.expect(clinux_link_descriptor(file, descriptor, name) == 0, "linkat")
    try Self.expect(fsync(descriptor) == 0, "fsync")
  }

  private static func expect(_ success: Bool, _ call: String) throws(UploadError) {
    guard !success else { return }
    let cause = SystemCallError(call, errno)
    throw UploadError(.storageFailed, "A bare file cannot be stored (\(cause)); try another --dir.", cause: cause)
  }
}
