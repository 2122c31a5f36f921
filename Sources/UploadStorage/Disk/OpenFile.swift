import Glibc
package import UploadCore

/// A stored file opened for reading; closed with its last reference.
package final class OpenFile: Sendable {
  package let file: StoredFile
  private let descriptor: Int32
  private let inode: UInt64
  /// Of the last change, what is not whole seconds.
  private let modifiedNanoseconds: Int64

  init(descriptor: Int32, file: StoredFile, inode: UInt64, modifiedNanoseconds: Int64) {
    self.descriptor = descriptor
    self.file = file
    self.inode = inode
    self.modifiedNanoseconds = modifiedNanoseconds
  }

  deinit {
    close(descriptor)
  }

  /// Another one for every content that the name stands for, as far as the file system can tell them apart: letters, digits
  /// and hyphens. Two uploads within a second differ in the inode, a change in place in the nanoseconds.
  package var version: String {
    let parts = [inode, UInt64(bitPattern: file.modified), UInt64(bitPattern: modifiedNanoseconds), file.size]
    return parts.map { String($0, radix: 16) }.joined(separator: "-")
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
