import CLinux
import Glibc
package import UploadCore

/// The parts of the dashboard that exist before its engine and its screen: signals, the event queue, paths, settings.
/// Create it before any thread starts.
///
/// The folders of this target, the lowest first; a file uses its own folder and those before it. Commands and options
/// are in a target above and configure this one with plain values.
///
/// | folder | contents |
/// |---|---|
/// | `Process` | the process itself: environment, standard output, signals, messages to the main thread |
/// | `Files` | files that the user names: written safely, listed and checked for the picker; the settings file |
/// | `Engine` | a server and a client hosted in this process, their log, the upload queue, and snapshots as output lines |
/// | the top | the dashboard: main loop, effects, screen |
@MainActor
package struct DashboardHost {
  /// A descriptor from which the dashboard reads its signals (``DashboardSignal/next(from:)``). Opening it blocks the
  /// signals in this thread and in all that start later.
  let signals = DashboardSignal.open()
  let eventQueue = EventQueue<LoopEvent>()
  let paths = LocalPath(home: UserDirectories.home, workingDirectory: UserDirectories.workingDirectory)
  /// The file with the user's settings; nil where they are neither loaded nor saved.
  let settingsFile: SettingsFile?
  /// The file with the targets of the send dialog; nil where they are neither loaded nor stored.
  let targetsFile: TargetsFile?
  /// The clipboard of tmux; nil outside of tmux.
  var tmuxClipboard: TmuxClipboard?

  package init(settingsFile: SettingsFile?, targetsFile: TargetsFile? = nil) {
    (self.settingsFile, self.targetsFile) = (settingsFile, targetsFile)
  }

  /// Starts the engine, and blocks until that has succeeded or failed. Ctrl-Z suspends the process meanwhile.
  /// - Returns: the engine, or the error of ``DashboardEngine``'s start; nil when a signal asked the program to end
  ///   first.
  package func start(_ setup: DashboardEngine.Setup) -> Result<DashboardEngine, UploadError>? {
    let started = EventQueue<Result<DashboardEngine, UploadError>>()
    Task.detached {
      do throws(UploadError) {
        started.post(.success(try await DashboardEngine(setup)))
      } catch {
        started.post(.failure(error))
      }
    }
    while true {
      waitUntilReadable(signals, started.descriptor)
      if let result = started.drain().first { return result }
      let signal = DashboardSignal.next(from: signals)
      if signal?.endsProgram == true { return nil }
      if signal == .stop { clinux_stop_process() }
    }
  }
}

/// The signals that the dashboard reads; no other part of the process handles them.
enum DashboardSignal: CaseIterable {
  case interrupt, terminate, hangUp, quit
  case windowChange
  case stop, resume

  /// Whether it asks the program to end: SIGINT, SIGTERM, SIGHUP or SIGQUIT.
  var endsProgram: Bool { [.interrupt, .terminate, .hangUp, .quit].contains(self) }

  /// Its number for system calls, such as `SIGINT`.
  var number: Int32 {
    switch self {
    case .interrupt: SIGINT
    case .terminate: SIGTERM
    case .hangUp: SIGHUP
    case .quit: SIGQUIT
    case .windowChange: SIGWINCH
    case .stop: SIGTSTP
    case .resume: SIGCONT
    }
  }

  private static let heeded = StopSignals.heeded(allCases.map(\.number))

  /// Blocks the signals in this thread and in those that it starts later; call it before any thread starts. SIGHUP,
  /// SIGINT and SIGQUIT are left out where the program was started with them ignored.
  /// - Returns: a descriptor for ``next(from:)``, readable when a signal has arrived.
  static func open() -> Int32 {
    clinux_block_signals(heeded, Int32(heeded.count))
    return clinux_signal_descriptor(heeded, Int32(heeded.count))
  }

  /// Removes the next signal from a descriptor of ``open()``. Does not block: nil when there is none.
  static func next(from descriptor: Int32) -> DashboardSignal? {
    let number = clinux_read_signal(descriptor)
    return allCases.first { $0.number == number }
  }
}
