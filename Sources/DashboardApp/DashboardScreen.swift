import CLinux
import Glibc
import TerminalNCurses
package import TerminalUI

/// The terminal the dashboard is shown on, with what its main loop needs beyond drawing.
@MainActor
package struct DashboardScreen {
  let terminal: any Terminal
  /// Readable when events have come; nil where they come otherwise.
  let inputDescriptor: Int32?
  /// The window has a new size.
  let windowDidChange: () -> Void
  /// Gives the screen back for good.
  let close: () -> Void
  /// The clipboard of the tmux it is shown in; nil elsewhere.
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
/// A terminal's own way to the clipboard (OSC 52) ends at tmux: with its default `set-clipboard external` it ignores the
/// sequence of programs, without an error. tmux load-buffer is always accepted and reports failures.
struct TmuxClipboard: Sendable {
  /// - Returns: nil outside of tmux.
  init?(_ environment: [String: String]) {
    guard environment["TMUX"]?.isEmpty == false else { return nil }
  }

  /// Loads `text` into a new buffer, and with tmux 3.2 and later hands it on to the clipboard of the terminal around tmux,
  /// as far as that one takes it. Blocks.
  /// - Returns: whether tmux took it.
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
