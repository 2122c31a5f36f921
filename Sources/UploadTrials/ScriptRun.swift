import Basics
import Dashboard
package import DashboardApp
import Glibc
package import TerminalUI
import UploadCore

/// The dashboard run by a script: the real one, on the real engine, with a screen in memory.
@MainActor
package struct ScriptRun {
  /// The script, and the dashboard that it runs.
  package struct Configuration: Sendable {
    /// The script's path; `-` for standard input.
    package var script: String
    /// The server and the client. The directory in it is not used: ``directory`` decides.
    package var setup: DashboardEngine.Setup
    /// Directory for uploads; nil for a temporary one.
    package var directory: String?
    /// Paths of files that are sent to the server at the start.
    package var files: [String] = []
    /// Size of the screen at the start, in columns and rows.
    package var screen = Size(width: 120, height: 34)
    /// Directory that frames are written to; nil for nowhere.
    package var frames: String?
    package var format = FrameFormat.text
    /// Path of the settings file; nil for none.
    package var settings: String?
    /// Whether stored files are kept after the run.
    package var isKept = false

    package init(script: String, setup: DashboardEngine.Setup) {
      self.script = script
      self.setup = setup
    }
  }

  /// The largest script, in bytes.
  private static let sizeLimit = 1 << 20

  private let configuration: Configuration

  package init(_ configuration: Configuration) {
    self.configuration = configuration
  }

  /// Runs the script; blocks until the dashboard has ended. Prints an error message to standard error.
  /// - Returns: the exit status: 0 when every command succeeded, 1 when one did not or another signal than SIGINT
  ///   arrived, 2 when the dashboard cannot be started, 64 when the script cannot be read or parsed, 130 after SIGINT,
  ///   or any signal that ends the program during the start.
  package func run() -> Int32 {
    do {
      let lines = try ScriptParser.parse(try readScript())
      let frames = try configuration.frames.map { try FrameDirectory(path: $0, format: configuration.format) }
      let workspace = try TrialWorkspace("sluice-headless", uploads: configuration.directory)
      defer { workspace.remove(keepingFiles: configuration.isKept) }
      return play(lines, frames, in: workspace)
    } catch let failure as ScriptParser.Failure {
      return fail("\(scriptName), line \(failure.line): \(failure.reason)", status: 64)
    } catch let error as UploadError {
      return fail(error.message, status: error.code == .unreadableFile ? 64 : 2)
    } catch {
      return fail("\(error)", status: 2)
    }
  }

  private func play(_ lines: [ScriptLine], _ frames: FrameDirectory?, in workspace: TrialWorkspace) -> Int32 {
    let host = DashboardHost(settingsFile: configuration.settings.map { SettingsFile(path: $0) })
    var setup = configuration.setup
    setup.directory = workspace.uploads
    switch host.start(setup) {
    case nil: return 130
    case .failure(let error): return fail(error.message, status: 2)
    case .success(let engine):
      let terminal = MemoryTerminal(size: configuration.screen)
      let loop = DashboardLoop(engine, on: terminal, host: host)
      loop.onSnapshot = { workspace.note($0) }
      if !configuration.files.isEmpty {
        loop.perform(.send(paths: configuration.files, target: .ownServer, mode: loop.model.settings.mode))
      }
      let status = play(lines, ScriptPlayer(loop: loop, terminal: terminal, frames: frames))
      if !loop.isOver { loop.perform(.quit) }
      loop.run()
      return status
    }
  }

  private func play(_ lines: [ScriptLine], _ player: ScriptPlayer) -> Int32 {
    for line in lines {
      do throws(ScriptPlayer.Failure) {
        try player.play(line.command)
      } catch {
        if error.isInterrupted { return player.loop.endSignal == SIGINT ? 130 : 1 }
        writeAll(player.terminal.text, to: STDERR_FILENO)
        let text = PlainText.sanitized(String(line.text.trimmingWhitespace))
        return fail("\(scriptName), line \(line.number): \(text): \(error.reason)", status: 1)
      }
    }
    return 0
  }

  private func fail(_ message: String, status: Int32) -> Int32 {
    Output.errorLine("sluice: \(PlainText.sanitized(message))")
    return status
  }

  /// For messages.
  private var scriptName: String { configuration.script == "-" ? "standard input" : configuration.script }

  /// - Throws: ``UploadError`` with code `unreadableFile`.
  private func readScript() throws(UploadError) -> String {
    let script = configuration.script
    let descriptor = script == "-" ? STDIN_FILENO : open(script, O_RDONLY | O_CLOEXEC)
    defer { if descriptor > STDIN_FILENO { close(descriptor) } }
    guard descriptor >= 0, let bytes = readAll(descriptor, limit: Self.sizeLimit) else {
      throw unreadable(String(cString: strerror(errno)))
    }
    guard bytes.count <= Self.sizeLimit else { throw unreadable("it is larger than 1 MiB") }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw unreadable("it is not UTF-8") }
    return text
  }

  private func unreadable(_ reason: String) -> UploadError {
    UploadError(.unreadableFile, "The script \(scriptName) cannot be read: \(reason).")
  }
}
