import Basics
import Dashboard
package import DashboardApp
import Glibc
package import TerminalUI
import UploadCore

/// The dashboard run by a script: the real one, on the real engine, but for the screen, which is in memory.
@MainActor
package struct ScriptRun {
  /// What is run, and on what.
  package struct Configuration: Sendable {
    /// The script's path; `-` for standard input.
    package var script: String
    /// The server and the client; ``directory`` counts instead of its directory.
    package var setup: DashboardEngine.Setup
    /// For uploads; nil for a temporary one.
    package var directory: String?
    /// Sent to the server at once.
    package var files: [String] = []
    /// Columns and rows.
    package var screen = Size(width: 120, height: 34)
    /// Where frames are written to; nil for nowhere.
    package var frames: String?
    package var format = FrameFormat.text
    /// The settings' file; nil for none.
    package var settings: String?
    /// Whether what was stored stays.
    package var isKept = false

    package init(script: String, setup: DashboardEngine.Setup) {
      self.script = script
      self.setup = setup
    }
  }

  /// Larger scripts are none, in bytes.
  private static let limit = 1 << 20

  private let configuration: Configuration
  private var script: String { configuration.script }

  package init(_ configuration: Configuration) {
    self.configuration = configuration
  }

  /// - Returns: the exit status.
  package func run() -> Int32 {
    do {
      let lines = try ScriptParser.parse(try readScript())
      let frames = try configuration.frames.map { try FrameDirectory(path: $0, format: configuration.format) }
      let workspace = try HeadlessWorkspace(directory: configuration.directory)
      defer { workspace.remove(keepingFiles: configuration.isKept) }
      return play(lines, frames, in: workspace)
    } catch let failure as ScriptParser.Failure {
      return fail("\(shownScript), \(failure)", status: 64)
    } catch let error as UploadError {
      return fail(error.message, status: error.code == .unreadableFile ? 64 : 2)
    } catch {
      return fail("\(error)", status: 2)
    }
  }

  private func play(_ lines: [ScriptLine], _ frames: FrameDirectory?, in workspace: HeadlessWorkspace) -> Int32 {
    let host = DashboardHost(settingsFile: configuration.settings.map { SettingsFile(path: $0) })
    var setup = configuration.setup
    setup.directory = workspace.uploads
    switch host.start(setup) {
    case nil: return 130
    case .failure(let error): return fail(error.message, status: 2)
    case .success(let engine):
      let terminal = MemoryTerminal(size: configuration.screen)
      let loop = DashboardLoop(engine, on: terminal, host: host)
      var stored: Set<String> = []
      loop.onSnapshot = { stored.formUnion($0.storedNames) }
      if !configuration.files.isEmpty {
        loop.perform(.send(paths: configuration.files, target: .ownServer, mode: loop.model.settings.mode))
      }
      let status = play(lines, ScriptPlayer(loop: loop, terminal: terminal, frames: frames))
      if !loop.isOver { loop.perform(.quit) }
      loop.run()
      if !configuration.isKept { workspace.removeStored(Array(stored)) }
      return status
    }
  }

  private func play(_ lines: [ScriptLine], _ player: ScriptPlayer) -> Int32 {
    for line in lines {
      do throws(ScriptPlayer.Failure) {
        try player.play(line.command)
      } catch {
        if error.isInterrupted { return player.loop.endSignal == SIGINT ? 130 : 1 }
        writeAll(player.screenText, to: STDERR_FILENO)
        let text = PlainText.sanitized(String(line.text.trimmingWhitespace))
        return fail("\(shownScript), line \(line.number): \(text): \(error.reason)", status: 1)
      }
    }
    return 0
  }

  private func fail(_ message: String, status: Int32) -> Int32 {
    Output.errorLine("sluice: \(PlainText.sanitized(message))")
    return status
  }

  private var shownScript: String { script == "-" ? "standard input" : script }

  /// - Throws: ``UploadError`` with code `unreadableFile`.
  private func readScript() throws(UploadError) -> String {
    let descriptor = script == "-" ? STDIN_FILENO : open(script, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(String(cString: strerror(errno))) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    guard let bytes = readAll(descriptor, limit: Self.limit) else {
      throw unreadable(String(cString: strerror(errno)))
    }
    guard bytes.count <= Self.limit else { throw unreadable("it is larger than 1 MiB") }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw unreadable("it is not UTF-8") }
    return text
  }

  private func unreadable(_ reason: String) -> UploadError {
    UploadError(.unreadableFile, "The script \(shownScript) cannot be read: \(reason).")
  }
}

extension Snapshot {
  /// What the server has called the files that it has stored since the snapshot before.
  fileprivate var storedNames: [String] {
    uploads.compactMap { upload in
      guard upload.direction == .incoming, case .finished(let file) = upload.outcome else { return nil }
      return file.path
    }
  }
}
