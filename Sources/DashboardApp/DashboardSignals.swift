import CLinux
import Glibc

/// The signals that the dashboard reads itself; nothing else in the process does.
enum DashboardSignals {
  private static let all = StopSignals.heeded([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT])

  /// Blocks them, and gives a descriptor to read them from. Before any thread is made.
  static func open() -> Int32 {
    clinux_block_signals(all, Int32(all.count))
    return clinux_signal_descriptor(all, Int32(all.count))
  }
}
