import CNCurses
import Glibc
package import TerminalUI

/// A terminal with a screen that ncurses draws, normally that of this process. Only one can be open at a time.
///
/// The main loop must read ``pendingEvents()`` when ``inputDescriptor`` is readable, call ``windowDidChange()`` on
/// SIGWINCH, ``suspend()`` on SIGTSTP, ``resume()`` on SIGCONT, and ``close()`` at the end.
@MainActor
package final class NCursesTerminal: Terminal {
  package private(set) var size: Size
  package let capabilities: TerminalCapabilities
  package let inputDescriptor: Int32

  private let output: Int32
  /// The terminal in ncurses; nil after ``close()``.
  private var handle: OpaquePointer?
  private let isXtermLike: Bool
  private let guardsProcess: Bool
  private let notification: DesktopNotification
  private var capturedErrors: CapturedErrors?
  private var writer: ScreenWriter
  private var reader: InputReader
  /// Events that are not from the keyboard.
  private var waiting: [InputEvent] = []
  private var isSuspended = false
  private var isMouseOn = false
  private var title = ""
  private var progress = TaskbarProgress.none

  /// Opens the terminal and takes over its screen until ``close()``.
  /// - Parameters:
  ///   - type: the terminal's name in the terminfo database, the value of TERM; nil where that is not set.
  ///   - usesColor: false where the user has set NO_COLOR.
  ///   - input: the descriptor to read keys from, which the caller still owns.
  ///   - output: the descriptor to draw on, which the caller still owns.
  ///   - notification: how notifications of the desktop reach the terminal.
  ///   - guardsProcess: whether a crash of this process restores the screen, and standard error is captured until
  ///     ``close()``.
  /// - Throws: ``TerminalError`` when one of the descriptors is no terminal, or its type is unknown or cannot show a
  ///   screen.
  package init(
    type: String?,
    usesColor: Bool,
    input: Int32 = STDIN_FILENO,
    output: Int32 = STDOUT_FILENO,
    notification: DesktopNotification = DesktopNotification([:]),
    guardsProcess: Bool = true
  ) throws(TerminalError) {
    let type = try Self.check(type: type, input: input, output: output)
    let isUTF8 = cncurses_set_locale() != 0
    guard let handle = cncurses_open(type, input, output, usesColor ? 1 : 0) else {
      throw TerminalError(CNCURSES_NOT_STARTED, type: type)
    }
    let isXtermLike = cncurses_is_xterm_like(handle) != 0
    self.handle = handle
    self.output = output
    self.guardsProcess = guardsProcess
    self.notification = notification
    self.isXtermLike = isXtermLike
    inputDescriptor = input
    writer = ScreenWriter(handle: handle, output: output, isXtermLike: isXtermLike)
    reader = InputReader(handle: handle, descriptor: input)
    size = Self.resize(handle)
    capabilities = TerminalCapabilities(
      colors: Self.tier(cncurses_colors(handle)),
      // The font of Linux's console has neither braille nor partial blocks.
      isUnicode: isUTF8 && !type.hasPrefix("linux"),
      hasClipboard: isXtermLike
    )
    if guardsProcess { capturedErrors = CapturedErrors.begin() }
    guardCrashes()
    sendToXterm(EscapeSequences.modesOn)
  }

  isolated deinit { close() }

  /// Checks whether both descriptors are a terminal of a type that can be opened; sends nothing to it.
  /// - Parameter type: the value of TERM; nil where that is not set.
  /// - Returns: `type`, which is not empty.
  /// - Throws: ``TerminalError`` when it cannot be opened.
  @discardableResult
  package static func check(
    type: String?,
    input: Int32 = STDIN_FILENO,
    output: Int32 = STDOUT_FILENO
  ) throws(TerminalError) -> String {
    guard isatty(input) == 1, isatty(output) == 1 else {
      throw TerminalError("Standard input and output must both be a terminal.")
    }
    guard let type, !type.isEmpty else {
      throw TerminalError("TERM is not set. Set it to your terminal's type, such as xterm-256color.")
    }
    let failure = cncurses_check(type, output)
    guard failure == CNCURSES_OK else { throw TerminalError(failure, type: type) }
    return type
  }

  /// Restores the screen and standard error, and releases ncurses; afterwards the terminal draws and returns nothing. A
  /// second call does nothing.
  package func close() {
    guard let handle else { return }
    suspend()
    self.handle = nil
    cncurses_close(handle)
    if guardsProcess { cncurses_unguard_crashes() }
    capturedErrors?.end()
    capturedErrors = nil
  }

  /// Restores the terminal of this process for its immediate exit, while another thread is blocked in drawing: discards
  /// output that the terminal has not accepted, and writes only if that does not block. Callable from any thread.
  package nonisolated static func restoreWithoutWaiting() { cncurses_restore_without_waiting() }

  package func draw(_ surface: Surface) { if isActive { writer.draw(surface) } }

  package func pendingEvents() -> [InputEvent] {
    guard isActive else { return [] }
    defer { waiting = [] }
    return waiting + reader.events()
  }

  package func windowDidChange() {
    guard let handle, isActive else { return }
    size = Self.resize(handle)
    writer.invalidate()
    waiting.append(.resize(size))
  }

  package func suspend() {
    guard let handle, isActive else { return }
    cncurses_set_mouse(handle, 0)
    sendToXterm(modesOff)
    cncurses_suspend(handle)
    isSuspended = true
  }

  package func resume() {
    guard let handle, isSuspended else { return }
    isSuspended = false
    reader.reset()
    cncurses_resume(handle)
    cncurses_set_mouse(handle, isMouseOn ? 1 : 0)
    sendToXterm(EscapeSequences.modesOn)
    if !title.isEmpty { sendToXterm(EscapeSequences.title(title)) }
    if progress != .none { sendToXterm(EscapeSequences.progress(progress)) }
    windowDidChange()
  }

  package func copy(_ text: String) {
    if let sequence = EscapeSequences.clipboard(text) { sendToXterm(sequence) }
  }

  package func ringBell() { if isActive { EscapeSequences.send(EscapeSequences.bell, to: output) } }

  package func notify(_ text: String) {
    guard isXtermLike else { return ringBell() }
    sendToXterm(notification.text(text))
  }

  package func setTitle(_ title: String) {
    self.title = title
    sendToXterm(EscapeSequences.title(title))
  }

  package func setMouse(_ isOn: Bool) {
    isMouseOn = isOn
    if let handle, isActive { cncurses_set_mouse(handle, isOn ? 1 : 0) }
  }

  package func setProgress(_ progress: TaskbarProgress) {
    guard progress != self.progress else { return }
    self.progress = progress
    // A crash must remove the progress too.
    guardCrashes()
    sendToXterm(EscapeSequences.progress(progress))
  }

  private var isActive: Bool { handle != nil && !isSuspended }

  private func sendToXterm(_ sequence: String) {
    if isXtermLike, isActive { EscapeSequences.send(sequence, to: output) }
  }

  /// The sequences that end all modes of ``EscapeSequences``. Some terminals show an unknown OSC 9 as a message to the
  /// user, so the progress is reset only if there is one.
  private var modesOff: String {
    (progress == .none ? "" : EscapeSequences.progress(.none)) + EscapeSequences.modesOff
  }

  private func guardCrashes() {
    guard guardsProcess, let handle else { return }
    var buffer = [CChar](repeating: 0, count: 256)
    let length = cncurses_restore_bytes(handle, &buffer, buffer.count)
    let modes = isXtermLike ? modesOff.utf8.map { CChar(bitPattern: $0) } : []
    let bytes = modes + buffer.prefix(length)
    cncurses_guard_crashes(handle, bytes, bytes.count, capturedErrors?.terminal ?? -1, capturedErrors?.file ?? -1)
  }

  /// Changes the size of the screen to that of the window, and returns it.
  private static func resize(_ handle: OpaquePointer) -> Size {
    var (width, height): (Int32, Int32) = (0, 0)
    cncurses_resize(handle, &width, &height)
    return Size(width: Int(width), height: Int(height))
  }

  private static func tier(_ colors: Int32) -> ColorTier {
    switch colors {
    case 256...: .colors256
    case 16...: .colors16
    case 8...: .colors8
    default: .mono
    }
  }
}

/// Why a terminal cannot be opened.
package struct TerminalError: Error, CustomStringConvertible {
  /// What is wrong and what to do, in one or two sentences; safe to show.
  package let message: String

  init(_ message: String) { self.message = message }

  /// Makes the message for a failure to open a terminal.
  /// - Parameters:
  ///   - failure: why; not `CNCURSES_OK`.
  ///   - type: the terminal's name in the terminfo database, which the message repeats without its controls.
  init(_ failure: cncurses_failure, type: String) {
    let name = type.printable
    switch failure {
    case CNCURSES_UNKNOWN_TERMINAL:
      message = "Unknown terminal type \"\(name)\". Set TERM to a known one, such as xterm-256color or vt100."
    case CNCURSES_MISSING_CAPABILITY:
      message = "The terminal type \"\(name)\" cannot show a screen. Set TERM to another one, such as xterm-256color."
    default: message = "ncurses did not start on a terminal of type \"\(name)\". Is there memory left?"
    }
  }

  package var description: String { message }
}
