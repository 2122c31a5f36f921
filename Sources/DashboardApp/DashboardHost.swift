import CLinux
import Glibc
package import UploadCore

/// The parts of the dashboard that exist before its engine and its screen: signals, the event queue, paths, settings.
///
/// The folders of this target, the lowest first; a file uses its own folder and those before it. Commands and options are in
/// a target above and configure this one with plain values.
///
/// | folder | contents |
/// |---|---|
/// | `Process` | the process itself: environment, standard output, signals, messages to the main thread |
/// | `Files` | files that the user names: written safely, listed and checked for the picker; the settings file |
/// | `Engine` | a server and a client hosted in this process, their log, the upload queue, and snapshots as output lines |
/// | the top | the dashboard: main loop, effects, screen |
@MainActor
package struct DashboardHost {
  /// A descriptor of ``DashboardSignal/open()``, opened before any thread is made.
  let signals = DashboardSignal.open()
  let eventQueue = EventQueue<LoopEvent>()
  let paths = LocalPath(home: UserDirectories.home, workingDirectory: UserDirectories.workingDirectory)
  /// The user's settings; nil when they are not saved.
  let settingsFile: SettingsFile?

  package init(settingsFile: SettingsFile?) { self.settingsFile = settingsFile }

  /// Starts the engine, and blocks until it is started.
  /// - Returns: nil when a signal asked the program to end first.
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

  /// Whether it asks the program to end.
  var endsProgram: Bool { [.interrupt, .terminate, .hangUp, .quit].contains(self) }

  /// The number in signal(7).
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

  /// Blocks the signals; call it before any thread is made.
  /// - Returns: a descriptor to read them from.
  static func open() -> Int32 {
    clinux_block_signals(heeded, Int32(heeded.count))
    return clinux_signal_descriptor(heeded, Int32(heeded.count))
  }

  /// The next signal at a descriptor of ``open()``; nil when there is none.
  static func next(from descriptor: Int32) -> DashboardSignal? {
    let number = clinux_read_signal(descriptor)
    return allCases.first { $0.number == number }
  }
}
