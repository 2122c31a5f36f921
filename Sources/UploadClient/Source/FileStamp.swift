import CLinux
import Glibc

/// What tells one state of a file from another, as `fstat` gives it.
///
/// The time of the last change of the inode (ctime) is left out on purpose: renaming or removing the file moves it, and
/// neither changes a byte of what is sent.
struct FileStamp: Sendable, Equatable {
  /// In bytes.
  let size: UInt64
  let device: UInt64
  let inode: UInt64
  /// Time of the last change of the content. As fine as the kernel's clock tick: two changes within 4 ms may look like one.
  let modifiedSeconds: Int64
  let modifiedNanoseconds: Int64

  init(_ status: stat) {
    size = UInt64(max(0, status.st_size))
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    var status = status
    modifiedSeconds = clinux_modified_seconds(&status)
    modifiedNanoseconds = clinux_modified_nanoseconds(&status)
  }
}
