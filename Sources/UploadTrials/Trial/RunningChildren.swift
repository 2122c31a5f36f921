import Glibc
import Synchronization
import UploadCore

/// The running children, for a forced exit, which has no time to end them one by one.
final class RunningChildren: Sendable {
  /// Those of this process.
  static let all = RunningChildren()

  private struct State {
    var processes: Set<Int32> = []
    /// Whether no more may begin.
    var isClosed = false
  }

  /// A process that was killed is gone in far less, unless its disk does not respond.
  private static let patience = Duration.seconds(2)

  private let state = Mutex(State())

  /// Starts a child.
  /// - Parameter spawn: returns its number.
  /// - Throws: the system's error number; ECANCELED after ``killAll()``.
  func start(_ spawn: () throws(SystemCallError) -> Int32) throws(SystemCallError) -> Int32 {
    try state.withLock { state throws(SystemCallError) in
      guard !state.isClosed else { throw SystemCallError("posix_spawn", ECANCELED) }
      let process = try spawn()
      state.processes.insert(process)
      return process
    }
  }

  /// A child has ended, and its number may be another's from now on.
  func remove(_ process: Int32) {
    state.withLock { _ = $0.processes.remove(process) }
  }

  /// Kills all of them and what they have started, and waits until they are gone; no other begins after that.
  func killAll() {
    let processes = state.withLock { state in
      state.isClosed = true
      return state.processes
    }
    for process in processes { kill(-process, SIGKILL) }
    let deadline = ContinuousClock.now + Self.patience
    for process in processes {
      while isRunning(process), ContinuousClock.now < deadline { usleep(1000) }
    }
  }

  /// Asks without reaping the child, which is left to its owner.
  private func isRunning(_ process: Int32) -> Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == 0
  }
}
