import CLinux
import DashboardApp
import Glibc
import UploadCore

/// The main thread while a command runs: it waits for signals and for the command's end, and does nothing else, so that
/// signals have their effect even while all other threads are blocked.
enum MainLoop {
  private static let signals = StopSignals.heeded([SIGINT, SIGTERM, SIGHUP, SIGQUIT])

  /// How long a command may take to stop, unless it says otherwise.
  static let defaultStopLimit = Duration.seconds(30)
  /// How often the progress of the output is checked, while only that is left.
  private static let outputStep = Duration.milliseconds(100)

  /// What happens to the command that runs.
  private enum Event {
    /// See ``StopRequest/onlyOutputIsLeft()``.
    case onlyOutputLeft
    /// With its exit status.
    case ended(Int32)
  }

  /// Sets the effects of signals; call it before any thread starts. Blocks those that the loop reads itself, ignores
  /// those that have no meaning here but would end the process, and lets those of a crash end it by their default.
  static func prepareSignals() {
    clinux_block_signals(signals, Int32(signals.count))
    // A closed pipe and a file that is too large are reported as errors of the write.
    for number in [SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR] {
      signal(number, SIG_IGN)
    }
    // Swift's runtime prints a backtrace and returns, which leaves the process running when the signal was sent to it.
    for number in [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS] { signal(number, SIG_DFL) }
  }

  /// Runs `body` on other threads, and blocks this one, the main thread, until it returns.
  ///
  /// The first SIGINT, SIGTERM or SIGHUP asks it to stop. If it takes longer than `stopLimit`, the process exits with
  /// status 1; also if only the rest of its output is left (``StopRequest/onlyOutputIsLeft()``), and that is not read. If
  /// another of them arrives later than 0.5 s after the first, the process exits at once with `forcedStatus`. SIGQUIT ends
  /// the process at once. Before each of these exits the actions of ``StopRequest/onForce(_:)`` remove unfinished files,
  /// for at most 3 s.
  /// - Parameters:
  ///   - forcedStatus: the exit status after a second signal; 1 instead of 0 when output was lost.
  ///   - stopLimit: how long `body` may take to return once it was asked to stop.
  ///   - reloads: woken by SIGHUP, which then asks to stop only if the terminal was closed; nil where it always does.
  ///   - output: what is redrawn on the terminal, which Ctrl-Z clears before it suspends the process; nil for nothing.
  /// - Returns: the exit status that `body` returned; 1 when poll(2) fails.
  static func run(
    forcedStatus: Int32,
    stopLimit: Duration = defaultStopLimit,
    reloads: WakeUps? = nil,
    output: LiveOutput? = nil,
    _ body: @escaping @Sendable (StopRequest) async -> Int32
  ) -> Int32 {
    let events = EventQueue<Event>()
    let stop = StopRequest { events.post(.onlyOutputLeft) }
    var unread: UnreadOutput?
    let hadTerminal = hasTerminal
    var meanings = StopSignals(reloadsOnHangUp: reloads != nil)
    var deadline: ContinuousClock.Instant?
    // Only where something is redrawn: elsewhere SIGTSTP has its default effect. No other thread exists yet, so that all
    // of them inherit the mask, that of the output included: the kernel could deliver the signal to any other.
    let jobControl = output == nil || clinux_is_ignored(SIGTSTP) != 0 ? [] : [SIGTSTP]
    clinux_block_signals(jobControl, Int32(jobControl.count))
    let signals = signals + jobControl
    let signalDescriptor = clinux_signal_descriptor(signals, Int32(signals.count))
    Task.detached { events.post(.ended(await body(stop))) }
    while true {
      let step = unread.map { _ in ContinuousClock.now + outputStep }
      let wake = [deadline, step].compactMap { $0 }.min()
      guard waitUntilReadable(signalDescriptor, events.descriptor, until: wake) else { return 1 }
      for event in events.drain() {
        switch event {
        case .onlyOutputLeft: unread = UnreadOutput()
        case .ended(let status): return status
        }
      }
      if unread?.isUnread(Output.progress.endedWhileWriting, at: .now) == true { ForcedExit.exitUnread(stop) }
      if let deadline, .now >= deadline { ForcedExit.exitUnstopped(stop, after: stopLimit) }
      let signal = clinux_read_signal(signalDescriptor)
      guard signal > 0 else { continue }
      if signal == SIGTSTP {
        output?.suspend()
        continue
      }
      let lostTerminal = signal == SIGHUP && hadTerminal && !hasTerminal
      switch meanings.handle(signal, lostTerminal: lostTerminal, at: .now) {
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

  /// Whether the session has a terminal, which can interrupt this process. It has none any more once that was closed
  /// (tty_ioctl(4), "hangup").
  private static var hasTerminal: Bool {
    let descriptor = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }
}

/// Exits that do not wait for the rest of the program, which may be blocked: standard output is a full pipe that is not
/// read, or a file system does not respond.
private enum ForcedExit {
  /// Exit status when the program did not stop in time.
  private static let unresponsiveStatus: Int32 = 1

  /// How long the last actions may take, in seconds.
  private static let limit: UInt32 = 3

  /// Exits with `status` after the last actions of `stop`; with status 1 if they take longer than 3 s.
  static func exit(_ status: Int32, _ stop: StopRequest) -> Never {
    runLastActions(stop)
    _exit(status)
  }

  /// Exits with status 1 after the last actions of `stop`, which may take 3 s, because the program did not stop within
  /// `limit`. A message says so, unless standard error would block.
  static func exitUnstopped(_ stop: StopRequest, after limit: Duration) -> Never {
    let message =
      "sluice: not stopped within \(limit.formattedSeconds): standard output is not read, or the disk does not respond. "
      + "Exiting without waiting any longer; acknowledged uploads are stored."
    runLastActions(stop, message: message)
    _exit(unresponsiveStatus)
  }

  /// Exits with status 1 after the last actions of `stop`, which may take 3 s, because the rest of the output is not read.
  /// A message says so, unless standard error would block.
  static func exitUnread(_ stop: StopRequest) -> Never {
    let message =
      "sluice: standard output is not read. Exiting without the rest of it; acknowledged uploads are stored."
    runLastActions(stop, message: message)
    _exit(unresponsiveStatus)
  }

  /// Ends the process by a signal's default action after the last actions of `stop`, so that the parent sees the signal
  /// and a core is dumped where the limits allow one. Exits with status 1 if the actions take longer than 3 s.
  static func terminate(by number: Int32, _ stop: StopRequest) -> Never {
    runLastActions(stop)
    signal(number, SIG_DFL)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, number)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    kill(getpid(), number)
    _exit(128 + number)
  }

  /// - Parameter message: for standard error, if that can be written to without blocking.
  private static func runLastActions(_ stop: StopRequest, message: String? = nil) {
    Output.abandonLive()
    // They remove files, and may block like everything else.
    signal(SIGALRM) { _ in _exit(ForcedExit.unresponsiveStatus) }
    alarm(limit)
    var errors = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    if let message, poll(&errors, 1, 0) > 0, errors.revents & Int16(POLLOUT) != 0 { Output.errorLine(message) }
    stop.force()
  }
}
