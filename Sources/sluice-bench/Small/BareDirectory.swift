import CLinux
import Glibc
import UploadCore

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
