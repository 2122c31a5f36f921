import CLinux
import Dashboard
import Glibc
import TerminalUI
package import UploadCore

/// Puts the dashboard together: the engine, the model, and the main loop between them and a screen.
///
/// The folders of this target, the lowest first; a file uses its own folder and those before it. Commands and options are
/// above all of them: what is set here are plain values.
///
/// | folder | contents |
/// |---|---|
/// | `Process` | the process itself: environment, standard output, signals, messages to the main thread |
/// | `Files` | files that the user names: written safely, listed and checked for the picker; the settings file |
/// | `Engine` | a server and a client hosted in this process, their log, the upload queue, and snapshots as output lines |
/// | the top | the dashboard: main loop, effects, screen |
@MainActor
package struct DashboardHost {
  /// To be opened before any thread is made.
  let signals = DashboardSignal.open()
  private let eventQueue = EventQueue<LoopEvent>()
  private let paths = LocalPath(home: UserDirectories.home, workingDirectory: UserDirectories.workingDirectory)
  /// The user's settings; nil when they are not kept.
  let settingsFile: SettingsFile?

  package init(settingsFile: SettingsFile?) {
    self.settingsFile = settingsFile
  }

  /// Starts the engine, and waits for it.
  /// - Returns: nil when a signal asked the program to end.
  package func start(_ setup: DashboardEngine.Setup) -> Result<DashboardEngine, UploadError>? {
    let started = EventQueue<Result<DashboardEngine, UploadError>>()
    Task.detached {
      do throws(UploadError) {
        started.post(.success(try await DashboardEngine.start(setup)))
      } catch {
        started.post(.failure(error))
      }
    }
    while true {
      waitUntilReadable(signals, started.descriptor)
      if let result = started.drain().first { return result }
      switch DashboardSignal.next(from: signals) {
      case .interrupt, .terminate, .hangUp, .quit: return nil
      case .stop: clinux_stop_process()
      case .windowChange, .resume, nil: break
      }
    }
  }

  /// The main loop on a screen.
  package func loop(_ engine: DashboardEngine, on screen: DashboardScreen) -> DashboardLoop {
    let (settings, note) = settingsFile?.load() ?? (DashboardSettings(), nil)
    let performer = EffectPerformer(engine: engine, eventQueue: eventQueue, paths: paths)
    let loop = DashboardLoop(
      model: DashboardModel(
        facts: engine.facts(paths),
        settings: settings,
        capabilities: screen.terminal.capabilities,
        size: screen.terminal.size
      ),
      screen: screen,
      engine: engine,
      performer: performer,
      eventQueue: eventQueue,
      signals: signals,
      settings: settingsFile.map { SettingsSaver($0) { performer.note(.warning, $0) } }
    )
    performer.watchServer()
    if let note { loop.send(.note(.warning, note)) }
    return loop
  }
}

/// The signals that the dashboard reads itself; nothing else in the process does.
enum DashboardSignal: CaseIterable {
  case interrupt, terminate, hangUp, quit
  case windowChange
  case stop, resume

  /// As in signal(7).
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

  /// Blocks them, and returns a descriptor to read them from. To be called before any thread is made.
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
