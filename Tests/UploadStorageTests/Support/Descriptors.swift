import CLinux
import Glibc

/// Files as another program would have them open.
enum Descriptors {
  /// Runs `body` while another descriptor has locked the file at `path`.
  static func whileLocked(_ path: String, _ body: () throws -> Void) rethrows {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    defer { close(descriptor) }
    precondition(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    try body()
  }

  /// Whether the file system at `path`, where this creates and removes a file, supports the attributes in which types
  /// are noted.
  static func takesAttributes(_ path: String) -> Bool {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer {
      close(descriptor)
      unlink(path)
    }
    return clinux_set_attribute(descriptor, "user.mime_type", "a/b", 3) == 0
  }
}
