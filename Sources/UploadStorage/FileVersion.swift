import CLinux
import Glibc

/// Tells the contents that a name leads to apart, as far as the file system can: by inode, time of the last change and
/// size. Two uploads within a second differ in the inode, a change in place in the nanoseconds.
package struct FileVersion: Sendable, Equatable {
  /// Last change, in seconds since 1970.
  package let modified: Int64
  private let inode: UInt64
  /// Of the last change, what is not whole seconds.
  private let nanoseconds: Int64
  /// In bytes.
  private let size: UInt64

  init(_ status: stat) {
    var status = status
    inode = UInt64(status.st_ino)
    size = UInt64(max(0, status.st_size))
    modified = clinux_modified_seconds(&status)
    nanoseconds = clinux_modified_nanoseconds(&status)
  }

  /// The version in letters, digits and hyphens.
  package var text: String {
    let parts = [inode, UInt64(bitPattern: modified), UInt64(bitPattern: nanoseconds), size]
    return parts.map { String($0, radix: 16) }.joined(separator: "-")
  }
}
