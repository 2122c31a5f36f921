package import TerminalUI

/// Keys and what they do: a row of the one table that keys, footer, help and README are made from.
package struct KeyBinding<Command: Hashable & Sendable>: Hashable, Sendable {
  /// The first one is the one that is shown.
  package var keys: [KeyEvent]
  package var command: Command
  /// A word or two for the footer; nil for what is only in the help.
  package var hint: String?
  /// A few words for the help and the README.
  package var help: String

  package init(_ keys: [KeyEvent], _ command: Command, hint: String? = nil, help: String) {
    self.keys = keys
    self.command = command
    self.hint = hint
    self.help = help
  }
}
