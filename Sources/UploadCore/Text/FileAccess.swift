import Glibc

/// Whether a file can be read, in words for a message about it.
package enum FileAccess {
  /// Why the regular file at `path` cannot be read; nil when it can.
  package static func problem(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0, access(path, R_OK) == 0 else {
      return strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    }
    return status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : nil
  }
}
