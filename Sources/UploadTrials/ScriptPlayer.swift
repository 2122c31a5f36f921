import Dashboard
import DashboardApp
import Glibc
import TerminalUI
import UploadCore

/// Executes a script's commands by way of the dashboard's main loop.
@MainActor
struct ScriptPlayer {
  /// Why a command could not be executed.
  struct Failure: Error {
    /// What went wrong, for people; without the command.
    let reason: String
    /// Whether a signal has asked the program to exit.
    var isInterrupted = false
  }

  let loop: DashboardLoop
  let terminal: MemoryTerminal
  /// Where frames are written to; nil for nowhere.
  let frames: FrameDirectory?

  /// Executes one command; returns when the dashboard has handled it, or shows what the command waits for. `frame` and
  /// `quit` are possible also once the dashboard has ended.
  /// - Throws: ``Failure`` when that does not happen in time, the dashboard ends before, a signal arrives, or a frame
  ///   cannot be written.
  func play(_ command: ScriptCommand) throws(Failure) {
    switch command {
    case .keys(let keys):
      for key in keys { try send(.key(key)) }
    case .type(let text):
      terminal.type(text)
      try turn()
    case .paste(let text): try send(.paste(text))
    case .resize(let size): try send(.resize(size))
    case .expect(let text, let patience):
      try wait(atMost: patience, "the screen does not show it") { terminal.text.contains(text) }
    case .expectNot(let text, let patience):
      try wait(atMost: patience, "the screen shows it") { !terminal.text.contains(text) }
    case .waitIdle(let patience): try waitUntilIdle(atMost: patience)
    case .frame(let name): try writeFrame(name)
    case .send(let path, let mode):
      loop.perform(.send(paths: [path], target: .ownServer, mode: mode ?? loop.model.settings.mode))
      try turn()
    case .quit:
      loop.perform(.quit)
      while !loop.isOver { loop.turn() }
    }
  }

  private func send(_ event: InputEvent) throws(Failure) {
    terminal.send(event)
    try turn()
  }

  /// Has the loop handle its events, and wait for one until `deadline`.
  private func turn(until deadline: ContinuousClock.Instant = .now) throws(Failure) {
    guard !loop.isOver else { throw Failure(reason: "the dashboard has ended") }
    loop.turn(until: deadline)
    if loop.endSignal != nil { throw Failure(reason: "a signal arrived", isInterrupted: true) }
  }

  /// Lets the loop run until `condition` is true.
  /// - Throws: ``Failure`` with `reason` when it does not within `patience`.
  private func wait(atMost patience: Duration, _ reason: String, for condition: () -> Bool) throws(Failure) {
    let deadline = ContinuousClock.now + patience
    while !condition() {
      guard .now < deadline, !loop.isOver else { throw Failure(reason: reason) }
      try turn(until: deadline)
    }
  }

  /// Idle means that no upload runs or is queued, no result is pending, and the screen shows that.
  private func waitUntilIdle(atMost patience: Duration) throws(Failure) {
    let deadline = ContinuousClock.now + patience
    while true {
      let began = ContinuousClock.now
      let isBusy = loop.isBusy
      // Results that had arrived are handled in this turn; uploads that had ended are in a snapshot after it.
      try turn(until: deadline)
      if !isBusy, try isShownIdle(since: began, until: deadline) { return }
      guard .now < deadline else { throw Failure(reason: "the dashboard is still busy") }
    }
  }

  /// Whether a snapshot taken after `began` shows no upload, and the model is idle; false when none arrives until `deadline`.
  private func isShownIdle(
    since began: ContinuousClock.Instant,
    until deadline: ContinuousClock.Instant
  ) throws(Failure) -> Bool {
    while .now < deadline {
      if let snapshot = loop.snapshot, snapshot.at >= began { return snapshot.uploads.isEmpty && loop.model.isIdle }
      try turn(until: deadline)
    }
    return false
  }

  private func writeFrame(_ name: String) throws(Failure) {
    if !loop.isOver { try turn() }
    guard let frames, let frame = terminal.frame else { return }
    do throws(UploadError) {
      try frames.write(frame, name: name)
    } catch {
      throw Failure(reason: error.message)
    }
  }
}

/// The directory that a script's frames are written to.
struct FrameDirectory {
  let path: String
  let format: FrameFormat

  /// Makes the directory unless there is something of that name; its parent must exist. What exists is not checked
  /// here: where it is no directory, ``write(_:name:)`` fails.
  /// - Throws: ``UploadError`` with code `badDirectory` when it cannot be made.
  init(path: String, format: FrameFormat) throws(UploadError) {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      let cause = SystemCallError("mkdir", errno)
      throw UploadError(.badDirectory, "\(PlainText.sanitized(path)): \(cause.reason).", cause: cause)
    }
    self.path = path
    self.format = format
  }

  /// Writes a frame; an older one of that name is replaced.
  /// - Parameter name: the file's name without its extension; has no slash, and does not begin with a dot.
  /// - Throws: ``UploadError`` with code `nameTaken`, `badDirectory`, `diskFull` or `storageFailed`.
  func write(_ frame: Surface, name: String) throws(UploadError) {
    let file = try OutputFile(path: "\(path)/\(name).\(format == .text ? "txt" : "ansi")", existing: .replace)
    try file.write(format == .text ? frame.text : frame.ansiText)
    try file.finish()
  }
}

/// The format of a script's frames.
package enum FrameFormat: String, CaseIterable, Sendable {
  /// The characters alone, in a file with the extension `txt`.
  case text
  /// With escape sequences for colours, for `cat` on a terminal, in a file with the extension `ansi`.
  case ansi
}
