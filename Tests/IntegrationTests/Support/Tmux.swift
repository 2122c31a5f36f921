import Foundation
import Testing
import UploadTestSupport

/// A terminal for the program under test: a tmux server of the test's own, with one window in which a shell runs.
struct Tmux: Sendable {
  /// What tmux knows of the window's terminal.
  struct Modes: Equatable {
    var isAlternate: Bool
    var hasCursor: Bool
    var hasMouse: Bool

    /// As a shell wants it.
    static let restored = Modes(isAlternate: false, hasCursor: true, hasMouse: false)
  }

  /// A place for the test's own files; the shell runs there.
  let scratch: TemporaryDirectory
  private let socket: String

  fileprivate init(_ scratch: TemporaryDirectory) {
    self.scratch = scratch
    socket = scratch.file("tmux")
  }

  fileprivate func start(_ width: Int, _ height: Int) async throws {
    try await run([
      "-f", "/dev/null", "new-session", "-d", "-x", "\(width)", "-y", "\(height)", "-c", scratch.path,
      "-e", "ENV=", "-e", "LC_ALL=", "-e", "LANG=C.UTF-8", "-e", "NO_COLOR=", "-e", "SWIFT_BACKTRACE=enable=no",
      "-e", "XDG_CONFIG_HOME=\(scratch.file("config"))", "-e", "XDG_STATE_HOME=\(scratch.file("state"))", "sh",
    ])
    try await run(["set-option", "-g", "status", "off"])
    try await run(["set-option", "-g", "window-size", "manual"])
    // Shells take no prompt from the environment; quoted, so that what is typed is not what is waited for.
    try await command("PS1=rea'dy> '")
    try await prompts()
  }

  fileprivate func stop() async {
    _ = try? await run(["kill-server"])
  }

  @discardableResult
  private func run(_ arguments: [String]) async throws -> String {
    let ended = try await ProcessRunner.run("tmux", ["-u", "-S", socket] + arguments)
    guard ended.exit == .status(0) else { throw TimeoutError("tmux \(arguments): \(ended)") }
    return ended.output
  }

  /// The text of the window, rows separated by line breaks.
  var screen: String {
    get async throws { try await run(["capture-pane", "-p"]) }
  }

  /// The same with its colours, as escape sequences.
  var styledScreen: String {
    get async throws { try await run(["capture-pane", "-p", "-e", "-N"]) }
  }

  var modes: Modes {
    get async throws {
      let flags = try await run(["display-message", "-p", "#{alternate_on}#{cursor_flag}#{mouse_any_flag}"])
      let isSet = flags.prefix(3).map { $0 == "1" }
      try #require(isSet.count == 3, "\(flags)")
      return Modes(isAlternate: isSet[0], hasCursor: isSet[1], hasMouse: isSet[2])
    }
  }

  /// What tmux would paste.
  var pasteBuffer: String {
    get async throws { try await run(["show-buffer"]) }
  }

  /// Makes tmux accept what programs send to the clipboard (OSC 52), as a paste buffer.
  func acceptClipboard() async throws {
    try await run(["set-option", "-s", "set-clipboard", "on"])
  }

  /// Types text as it is.
  func type(_ text: String) async throws {
    try await run(["send-keys", "-l", text])
  }

  /// Presses a key by tmux's name: `Enter`, `C-c`, `q`.
  func press(_ key: String) async throws {
    try await run(["send-keys", key])
  }

  /// Waits until the shell prompts and nothing stands behind it: the prompt that a command was typed at is none.
  /// - Returns: what the window shows then.
  @discardableResult
  func prompts(sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
    try await shows("a prompt", sourceLocation: sourceLocation) {
      $0.split(separator: "\n").last?.hasSuffix("ready>") ?? false
    }
  }

  /// Has the shell run a command.
  func command(_ text: String) async throws {
    try await type(text)
    try await press("Enter")
  }

  func resize(_ width: Int, _ height: Int) async throws {
    try await run(["resize-window", "-x", "\(width)", "-y", "\(height)"])
  }

  /// Takes the terminal away.
  func lose() async throws {
    try await run(["kill-server"])
  }

  /// Waits until the window shows a text.
  @discardableResult
  func shows(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
    try await shows("\(text.debugDescription)", sourceLocation: sourceLocation) { $0.contains(text) }
  }

  /// Waits until what the window shows satisfies `condition`.
  @discardableResult
  func shows(
    _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: (String) throws -> Bool
  ) async throws -> String {
    var last = ""
    do {
      try await eventually(what) {
        last = try await screen
        return try condition(last)
      }
    } catch let error as TimeoutError {
      Issue.record("\(error); the window shows:\n\(last)", sourceLocation: sourceLocation)
      throw error
    }
    return last
  }

  // MARK: The dashboard in it

  /// Has the shell start the dashboard, and waits until it is up.
  /// - Parameter environment: as `env` takes it, such as `TERM=vt100`.
  func startDashboard(_ environment: String = "", _ arguments: String = "") async throws {
    // The process ID is known before the dashboard draws, and the terminal settings are saved for a comparison.
    // A test may wait long for each of its turns, and uploads that it leaves alone are not to end meanwhile.
    let patient = "--idle-timeout 10m --grace 10m"
    let start = "sh -c 'echo $$ >pid; exec \"$0\" \"$@\"' \(Sluice.path) --port 0 --dir uploads \(patient) \(arguments)"
    try await command(
      "clear; rm -f after; stty -g >before; env \(environment) \(start); echo \"status=$?\"; stty -g >after"
    )
    try await shows("the dashboard") { $0.contains("http://127.0.0.1:") && $0.contains("Incoming") }
  }

  /// The dashboard's process.
  var processID: Int32 {
    get throws {
      let text = String(decoding: try scratch.read("pid"), as: UTF8.self)
      return try #require(Int32(text.filter { !$0.isWhitespace }))
    }
  }

  /// The port of the dashboard's server, as it shows it.
  var port: Int {
    get async throws {
      let text = try await screen
      let match = try #require(text.firstMatch(of: /http:\/\/127\.0\.0\.1:(\d+)/), "\(text)")
      return try #require(Int(match.1))
    }
  }

  /// Waits until the shell says how the dashboard ended, and expects the terminal as it was before.
  /// - Returns: what the window shows then.
  @discardableResult
  func ends(_ status: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
    let screen = try await shows("status=\(status)\n", sourceLocation: sourceLocation)
    try await expectRestored(sourceLocation: sourceLocation)
    return screen
  }

  /// Expects the terminal as it was before the dashboard, which has ended.
  func expectRestored(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    #expect(try await modes == .restored, sourceLocation: sourceLocation)
    try await eventually("the settings") { try scratch.names().contains("after") && !scratch.read("after").isEmpty }
    #expect(try scratch.read("after") == scratch.read("before"), "terminal settings", sourceLocation: sourceLocation)
  }
}

/// Terminals at once: each takes several processes.
private let terminalSlots = Slots(3)

/// Starts a terminal, hands it to `body`, and ends it.
func withTmux(
  width: Int = 120,
  height: Int = 34,
  isolation: isolated (any Actor)? = #isolation,
  _ body: (Tmux) async throws -> Void
) async throws {
  await terminalSlots.acquire()
  do {
    try await withTemporaryDirectory { scratch in
      let tmux = Tmux(scratch)
      do {
        try await tmux.start(width, height)
        try await body(tmux)
        await tmux.stop()
      } catch {
        await tmux.stop()
        throw error
      }
    }
    await terminalSlots.release()
  } catch {
    await terminalSlots.release()
    throw error
  }
}
