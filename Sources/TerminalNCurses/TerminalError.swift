import CNCurses
import TerminalUI

/// Why there is no terminal to draw on.
package struct TerminalError: Error, CustomStringConvertible {
  /// What is wrong and what to do.
  package let message: String

  init(_ message: String) { self.message = message }

  /// Why ncurses cannot open a terminal of the given type.
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
