import Glibc

/// What the process asks of the system before it begins.
enum ProcessLimits {
  /// Raises the soft limit of open files to the hard one, for a thousand connections, and has a closed connection
  /// reported as an error instead of a signal. A server started from here inherits the former.
  static func raise() {
    signal(SIGPIPE, SIG_IGN)
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
  }
}
