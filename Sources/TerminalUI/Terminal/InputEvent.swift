/// What comes from the terminal.
package enum InputEvent: Hashable, Sendable {
  case key(KeyEvent)
  /// Text that was pasted, all at once, as it came: it may hold anything.
  case paste(String)
  case mouse(MouseEvent)
  /// The window has a new size; draw anew.
  case resize(Size)
  /// The window got or lost the keyboard.
  case focus(Bool)
  /// The terminal is gone: leave.
  case closed
}
