import Glibc

/// What the process asks of the system before it begins.
enum ProcessLimits {
  /// Raises the soft limit of open files to the hard one, and has a closed pipe reported as an error instead of a signal.
  static func raise() {
    signal(SIGPIPE, SIG_IGN)
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
  }
}
