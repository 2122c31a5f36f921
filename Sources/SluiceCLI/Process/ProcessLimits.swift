import Glibc

/// What the process asks of the system before it begins.
enum ProcessLimits {
  /// Takes the numbers of standard input, output and error where they are closed (`<&-`): the next file or pipe would get
  /// them, and be written to as if it were the terminal.
  ///
  /// What stands there then can be written to and not read from, so that reading fails and says so, instead of finding a
  /// file that is empty.
  static func occupyStandardDescriptors() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is the one that is missing, since those below it are taken by now.
      _ = open("/dev/null", O_WRONLY)
    }
  }

  /// Raises the soft limit of open files to the hard one.
  static func raise() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
  }
}
