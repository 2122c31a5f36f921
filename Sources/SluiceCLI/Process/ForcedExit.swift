import DashboardApp
import Glibc

/// Exits that do not wait for the rest of the program, which may be blocked: standard output is a full pipe that is not
/// read, or a file system does not respond.
enum ForcedExit {
  /// Exit status when the program did not stop in time.
  static let unresponsiveStatus: Int32 = 1

  /// How long the last actions may take, in seconds.
  private static let limit: UInt32 = 3

  /// Exits with `status` after the last actions of `stop`.
  /// - Parameter message: for standard error, if that can be written to now.
  static func exit(_ status: Int32, _ stop: StopRequest, message: String? = nil) -> Never {
    prepare(stop, message)
    _exit(status)
  }

  /// Ends the process by a signal's default action after the last actions of `stop`, so that the parent sees the signal
  /// and a core is dumped where the limits allow one.
  static func terminate(by number: Int32, _ stop: StopRequest) -> Never {
    prepare(stop, nil)
    signal(number, SIG_DFL)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, number)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    kill(getpid(), number)
    _exit(128 + number)
  }

  private static func prepare(_ stop: StopRequest, _ message: String?) {
    // The last actions remove files, and may block like everything else.
    signal(SIGALRM) { _ in _exit(ForcedExit.unresponsiveStatus) }
    alarm(limit)
    var errors = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    if let message, poll(&errors, 1, 0) > 0, errors.revents & Int16(POLLOUT) != 0 { Output.errorLine(message) }
    stop.force()
  }
}
