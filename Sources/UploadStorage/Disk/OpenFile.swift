import Glibc
package import UploadCore

/// A stored file opened for reading; closed with its last reference.
package final class OpenFile: Sendable {
  package let file: StoredFile
  package let version: FileVersion
  private let descriptor: Int32

  init(descriptor: Int32, file: StoredFile, version: FileVersion) {
    self.descriptor = descriptor
    self.file = file
    self.version = version
  }

  deinit {
    close(descriptor)
  }

  /// Reads at most `buffer.count` bytes at `offset`; blocks.
  /// - Returns: how many were read; 0 at the end.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(UploadError) -> Int {
    while true {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      let cause = SystemCallError("pread", errno)
      if cause.number != EINTR { throw UploadError(.storageFailed, "The file cannot be read: \(cause).", cause: cause) }
    }
  }
}
