import CLinux
import DashboardApp
import Glibc
import UploadCore

/// The main thread while a command runs: it waits for signals and for the end, everything else runs beside it.
///
/// It waits for nothing else, so signals have their effect whatever the other threads are blocked by.
enum MainLoop {
  private static let signals = StopSignals.heeded([SIGINT, SIGTERM, SIGHUP, SIGQUIT])

  /// How long a command may take to stop, unless it says otherwise.
  static let usualStopLimit = Duration.seconds(30)

  /// Decides the effect of every signal before any thread is made: blocks those that the loop reads itself, and ignores
  /// those that mean nothing here but would end the process.
  static func prepareSignals() {
    clinux_block_signals(signals, Int32(signals.count))
    // A closed pipe and a file that is too large are reported as errors of the write.
    for number in [SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR] {
      signal(number, SIG_IGN)
    }
    // Swift's runtime prints a backtrace and returns, which leaves the process running when the signal was sent to it.
    for number in [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS] { signal(number, SIG_DFL) }
  }

  /// Runs `body` beside this thread until it returns.
  ///
  /// The first of SIGINT, SIGTERM and SIGHUP asks it to stop. The process exits without waiting for it when it takes longer
  /// than `stopLimit`, with status 1, or when another signal arrives meanwhile, with `forcedStatus`. SIGQUIT ends the process
  /// at once. Uploads have no name before they are complete, and what else was made is removed by
  /// ``StopRequest/onForce(_:)``, so nothing half remains.
  /// - Parameters:
  ///   - stopLimit: how long `body` may take to return once it was asked to stop.
  ///   - reloads: woken by SIGHUP, which asks to stop only where the terminal has been closed; nil where it always does.
  /// - Returns: what `body` returned.
  static func run(
    forcedStatus: Int32,
    stopLimit: Duration = usualStopLimit,
    reloads: WakeUps? = nil,
    _ body: @escaping @Sendable (StopRequest) async -> Int32
  ) -> Int32 {
    let stop = StopRequest()
    let ended = EventQueue<Int32>()
    let hadTerminal = ControllingTerminal.isPresent
    var meanings = StopSignals(reloadsOnHangUp: reloads != nil)
    var deadline: ContinuousClock.Instant?
    let signalDescriptor = clinux_signal_descriptor(signals, Int32(signals.count))
    Task.detached { ended.post(await body(stop)) }
    var descriptors = [signalDescriptor, ended.descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while true {
      if poll(&descriptors, nfds_t(descriptors.count), milliseconds(until: deadline)) < 0, errno != EINTR { return 1 }
      if let status = ended.take().first { return status }
      if let deadline, .now >= deadline { exitUnstopped(stop, after: stopLimit) }
      let signal = clinux_read_signal(signalDescriptor)
      guard signal > 0 else { continue }
      let terminalIsGone = signal == SIGHUP && hadTerminal && !ControllingTerminal.isPresent
      switch meanings.take(signal, terminalIsGone: terminalIsGone, at: .now) {
      case .stop:
        deadline = .now + stopLimit
        stop.request(signal)
      case .repeated: break
      case .force: ForcedExit.exit(Output.exitStatus(forcedStatus), stop)
      case .terminate: ForcedExit.terminate(by: signal, stop)
      case .reload: reloads?.post()
      }
    }
  }

  private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    // Rounded up: a little early would be a turn for nothing.
    return Int32(min(60_000, max(0, ((deadline - .now).inSeconds * 1000).rounded(.up))))
  }

  private static func exitUnstopped(_ stop: StopRequest, after limit: Duration) -> Never {
    let seconds = Int(limit.inSeconds.rounded())
    ForcedExit.exit(
      ForcedExit.unresponsiveStatus,
      stop,
      message: "sluice: not stopped within \(seconds) s: standard output is not read, or the disk does not respond. "
        + "Exiting without waiting any longer; what was acknowledged is stored."
    )
  }
}

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

/// What the process asks of the system before it begins.
enum ProcessLimits {
  /// Takes the numbers of standard input, output and error where they are closed (`<&-`): the next file or pipe would get
  /// them, and be written to as if it were the terminal.
  ///
  /// They are opened for writing only, so that reading from one fails with an error instead of finding an empty file.
  static func occupyStandardDescriptors() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is the one that is missing, since those below it are taken by now.
      _ = open("/dev/null", O_WRONLY)
    }
  }
}
