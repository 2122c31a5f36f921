import CLinux
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
