import CNCurses
import TerminalUI

/// Why there is no terminal to draw on.
package struct TerminalError: Error, Hashable, CustomStringConvertible {
  package enum Code: Sendable {
    /// Standard input or output is a file or a pipe.
    case notATerminal
    /// TERM is not set, or names nothing that the terminfo database has.
    case unknownTerminal
    /// The terminal cannot place its cursor or clear its screen.
    case missingCapability
    /// ncurses did not start.
    case notStarted
  }

  package let code: Code
  /// What is wrong and what to do.
  package let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Why ncurses would not open a terminal of the given type.
  init(_ failure: cncurses_failure, type: String) {
    let name = type.printable
    switch failure {
    case CNCURSES_UNKNOWN_TERMINAL:
      self.init(
        .unknownTerminal,
        "The terminal type \"\(name)\" is not known here. Set TERM to one that is, such as xterm-256color or vt100."
      )
    case CNCURSES_MISSING_CAPABILITY:
      self.init(
        .missingCapability,
        "A terminal of type \"\(name)\" cannot show a screen. Set TERM to your terminal's type, such as xterm-256color."
      )
    default:
      self.init(.notStarted, "ncurses did not start on a terminal of type \"\(name)\". Is there memory left?")
    }
  }

  package var description: String { message }
}
