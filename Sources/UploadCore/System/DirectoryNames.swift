import Glibc

/// The names in a directory.
package enum DirectoryNames {
  /// Names in no order, without `.` and `..`; none when the directory cannot be read. Bytes that are not UTF-8 become U+FFFD.
  package static func read(_ path: String) -> [String] {
    read(descriptor: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)).map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  /// The same for a directory that is open, byte for byte; closes the descriptor. Reading moves its position, so it must
  /// not be shared.
  package static func read(descriptor: Int32) -> [NameBytes] {
    var names: [NameBytes] = []
    visit(descriptor: descriptor) { names.append(NameBytes(cString: $0)) }
    return names
  }

  /// Calls `body` with each name as it is read, so that none need be kept; closes the descriptor as ``read(descriptor:)``
  /// does.
  /// - Returns: why not all could be read, as `errno` has it; 0 when they were.
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

/// Whether a file can be read.
package enum FileAccess {
  /// Why the regular file at `path` cannot be read, as a clause of a message; nil when it can.
  package static func problem(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0, access(path, R_OK) == 0 else { return String(cString: strerror(errno)) }
    return status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : nil
  }
}
