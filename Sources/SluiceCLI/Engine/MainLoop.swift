import CLinux
import Glibc

/// The main thread while a command runs: it waits for signals and for the end, everything else runs beside it.
enum MainLoop {
  private static let signals = StopSignals.heeded([SIGINT, SIGTERM, SIGHUP])

  /// Blocks the signals that the loop reads itself; before any thread is made.
  static func blockSignals() {
    clinux_block_signals(signals, Int32(signals.count))
  }

  /// Runs `body` beside this thread until it returns.
  ///
  /// The first signal asks it to stop; one that comes later, when it still has not, ends the process at once with
  /// `forcedStatus`. Uploads have no name before they are complete, and what else was made is removed by
  /// ``StopRequest/onForce(_:)``, so nothing half remains.
  /// - Returns: what `body` returned.
  static func run(forcedStatus: Int32, _ body: @escaping @Sendable (StopRequest) async -> Int32) -> Int32 {
    let stop = StopRequest()
    let ended = Ending()
    var meanings = StopSignals()
    let signalDescriptor = clinux_signal_descriptor(signals, Int32(signals.count))
    Task.detached { ended.end(with: await body(stop)) }
    var descriptors = [
      pollfd(fd: signalDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: ended.readDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      if poll(&descriptors, nfds_t(descriptors.count), -1) < 0, errno != EINTR { break }
      if descriptors[1].revents != 0 { break }
      let signal = clinux_read_signal(signalDescriptor)
      guard signal > 0 else { continue }
      switch meanings.take(at: .now) {
      case .stop: stop.request(signal)
      case .repeated: break
      case .force:
        stop.force()
        _exit(Output.exitStatus(forcedStatus))
      }
    }
    return ended.status
  }
}
