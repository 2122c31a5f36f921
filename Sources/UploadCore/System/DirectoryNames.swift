import Glibc

/// Reads the names in a directory. Blocks while the disk is read.
package enum DirectoryNames {
  /// The names in the directory at `path`, in no order, without `.` and `..`; empty when it cannot be read. Bytes that
  /// are not UTF-8 become U+FFFD, so do not open files by these names.
  package static func read(_ path: String) -> [String] {
    read(descriptor: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)).map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// The names in an open directory, byte for byte, in no order, without `.` and `..`; after an error those read so
  /// far. Closes the descriptor. Begins at the descriptor's position and moves it, so pass a newly opened one.
  package static func read(descriptor: Int32) -> [NameBytes] {
    var names: [NameBytes] = []
    visit(descriptor: descriptor) { names.append(NameBytes(cString: $0)) }
    return names
  }

  /// Calls `body` with each name in an open directory except `.` and `..`, as it is read, so that none need be kept.
  /// The C string is valid only during the call. Closes the descriptor, which must be newly opened as for
  /// ``read(descriptor:)``.
  /// - Returns: 0 when all names were read; otherwise the `errno` of the failure, EBADF for a negative descriptor.
  @discardableResult
  package static func visit(descriptor: Int32, _ body: (UnsafePointer<CChar>) -> Void) -> Int32 {
    guard descriptor >= 0 else { return EBADF }
    guard let stream = fdopendir(descriptor) else {
      defer { close(descriptor) }
      return errno
    }
    defer { closedir(stream) }
    while true {
      errno = 0
      guard let entry = readdir(stream) else { return errno }
      withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
          if strcmp(name, ".") != 0, strcmp(name, "..") != 0 { body(name) }
        }
      }
    }
  }
}

/// Checks whether a file can be read.
package enum FileAccess {
  /// Why the file at `path` cannot be read, as a clause such as `Permission denied` or `it is a directory`. Nil when it
  /// can be, also for a pipe or device. Follows symbolic links.
  package static func problem(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0, access(path, R_OK) == 0 else { return String(cString: strerror(errno)) }
    return status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : nil
  }
}
