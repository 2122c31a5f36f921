import Glibc

/// The terminal that this process can be interrupted from, if there is one.
enum ControllingTerminal {
  /// Whether the session has a terminal. It has none any more once that has been closed (tty_ioctl(4), "hangup").
  static var isPresent: Bool {
    let descriptor = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }
}
