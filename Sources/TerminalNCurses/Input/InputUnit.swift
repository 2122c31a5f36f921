import TerminalUI

/// A piece of input as the terminal library gives it.
enum InputUnit: Hashable {
  /// A byte that belongs to no key it knows.
  case byte(UInt8)
  /// A key of the terminal's own description.
  case key(Key)
}
