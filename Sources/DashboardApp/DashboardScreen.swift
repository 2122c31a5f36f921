import CLinux
import Glibc
import TerminalNCurses
package import TerminalUI

/// The terminal that shows the dashboard, with the operations of its main loop that are not part of ``Terminal``.
@MainActor
package struct DashboardScreen {
  let terminal: any Terminal
  /// Readable when there are events; nil for a terminal in memory.
  let inputDescriptor: Int32?
  /// To be called when the window has a new size, or must be drawn completely.
  let windowDidChange: () -> Void
  /// Restores the screen for the shell.
  let close: () -> Void
  /// The clipboard of tmux, inside of which the dashboard is shown; nil elsewhere.
  var tmuxClipboard: TmuxClipboard?

  init(_ terminal: NCursesTerminal) {
    self.terminal = terminal
    inputDescriptor = terminal.inputDescriptor
    windowDidChange = { terminal.windowDidChange() }
    close = { terminal.close() }
  }

  package init(_ terminal: MemoryTerminal) {
    self.terminal = terminal
    inputDescriptor = nil
    windowDidChange = {}
    close = {}
  }
}

/// The paste buffer of the tmux that this process runs in.
///
/// A terminal's own sequence for the clipboard (OSC 52) does not pass tmux: with its default `set-clipboard external` it
/// ignores the sequence of programs, without an error. `tmux load-buffer` always works and reports failures.
struct TmuxClipboard: Sendable {
  /// - Returns: nil outside of tmux.
  init?(_ environment: [String: String]) {
    guard environment["TMUX"]?.isEmpty == false else { return nil }
  }

  /// Loads `text` into a new buffer; tmux 3.2 and later also passes it to the clipboard of the outer terminal, if that
  /// supports it. Blocks.
  /// - Returns: whether tmux accepted it.
  func copy(_ text: String) -> Bool {
    // Through standard input: arguments can be read by other users, and the text may contain a token.
    load(text, "tmux load-buffer -w - 2>/dev/null") || load(text, "tmux load-buffer - 2>/dev/null")
  }

  private func load(_ text: String, _ command: String) -> Bool {
    guard let input = popen(command, "we") else { return false }
    var text = text
    let written = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, input) }
    return pclose(input) == 0 && written == text.utf8.count
  }
}
