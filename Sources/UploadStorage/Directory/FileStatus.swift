import CLinux
import Glibc

/// The status of a file or directory (stat(2)).
struct FileStatus {
  private var status = stat()

  init(_ status: stat) {
    self.status = status
  }

  /// Of an open file; nil with `errno` when it cannot be read.
  init?(descriptor: Int32) {
    guard fstat(descriptor, &status) == 0 else { return nil }
  }

  /// Of the file that a path leads to, links followed; nil with `errno` when it leads to none.
  init?(path: UnsafePointer<CChar>) {
    guard stat(path, &status) == 0 else { return nil }
  }

  var identity: FileIdentity { FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) }

  /// Whether it is a regular file.
  var isFile: Bool { status.st_mode & S_IFMT == S_IFREG }

  var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }

  /// Whether an upload may replace it: a file, or a symbolic link, which is replaced itself. Directories, FIFOs, sockets
  /// and devices are there for other purposes.
  var isReplaceable: Bool { isFile || status.st_mode & S_IFMT == S_IFLNK }

  /// Whether a directory contains it.
  var hasName: Bool { status.st_nlink > 0 }

  var content: ContentVersion {
    withUnsafePointer(to: status) {
      ContentVersion(
        size: UInt64(max(0, status.st_size)),
        seconds: clinux_modified_seconds($0),
        nanoseconds: clinux_modified_nanoseconds($0)
      )
    }
  }

  /// Two uploads within a second differ in the inode, a change in place in the nanoseconds.
  var version: FileVersion {
    let content = content
    let parts = [
      UInt64(status.st_ino), UInt64(bitPattern: content.seconds), UInt64(bitPattern: content.nanoseconds), content.size,
    ]
    return FileVersion(
      modified: content.seconds,
      text: parts.map { String($0, radix: 16) }.joined(separator: "-")
    )
  }
}

/// Distinguishes files and directories while they exist: two names with the same identity lead to the same file.
struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let inode: UInt64
}

/// Distinguishes the contents of a file, as far as its size and time of change do.
struct ContentVersion: Sendable, Equatable {
  /// In bytes.
  var size: UInt64
  /// Time of the last change: seconds since 1970, and the rest in nanoseconds. A file system may store any value.
  var seconds: Int64
  var nanoseconds: Int64

  /// Time of the last change, since 1970.
  var modified: Duration { .seconds(seconds) + .nanoseconds(nanoseconds) }
}
