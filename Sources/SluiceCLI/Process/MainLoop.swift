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
    // A closed pipe is reported as an error of the write.
    for number in [SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR] { signal(number, SIG_IGN) }
    // Swift's runtime prints a backtrace and returns, which leaves the process running when the signal was sent to it.
    signal(SIGABRT, SIG_DFL)
  }

  /// Runs `body` beside this thread until it returns.
  ///
  /// The first of SIGINT, SIGTERM and SIGHUP asks it to stop. The process exits without waiting for it when it takes longer
  /// than `stopLimit`, with status 1, or when another signal comes meanwhile, with `forcedStatus`. SIGQUIT ends the process
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
    let ended = Ending()
    let hadTerminal = ControllingTerminal.isPresent
    var meanings = StopSignals(reloadsOnHangUp: reloads != nil)
    var deadline: ContinuousClock.Instant?
    let signalDescriptor = clinux_signal_descriptor(signals, Int32(signals.count))
    Task.detached { ended.end(with: await body(stop)) }
    var descriptors = [
      pollfd(fd: signalDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: ended.readDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      if poll(&descriptors, nfds_t(descriptors.count), milliseconds(until: deadline)) < 0, errno != EINTR { break }
      if descriptors[1].revents != 0 { break }
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
    return ended.status
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
