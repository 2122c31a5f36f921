import TerminalUI

/// What a key asks of the send sheet.
package enum SheetCommand: Hashable, Sendable {
  case send
  case nextMode
  case previousMode
  case nextField
  case previousField
  case up
  case down
  case pageUp
  case pageDown
  /// To the field that takes another address.
  case editTarget
  /// Takes the address that was typed.
  case takeTarget
  /// To where the files were chosen.
  case back
  /// Shows all keys.
  case help

  /// The keys while nothing is typed.
  package static let keys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .send, hint: "send", help: "send the files"),
    KeyBinding([KeyEvent("m"), KeyEvent(.right), KeyEvent("l")], .nextMode, hint: "mode", help: "the next mode"),
    KeyBinding([KeyEvent(.left), KeyEvent("h")], .previousMode, help: "the mode before"),
    KeyBinding([KeyEvent("t")], .editTarget, hint: "target", help: "send to another address"),
    KeyBinding([KeyEvent(.tab)], .nextField, hint: "next field", help: "the next field"),
    KeyBinding([KeyEvent(.tab, .shift)], .previousField, help: "the field before"),
    KeyBinding([KeyEvent(.escape), KeyEvent("q")], .back, hint: "back", help: "back to choosing files"),
    KeyBinding([KeyEvent("?")], .help, hint: "help", help: "all keys"),
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .up, help: "up"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .down, help: "down"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, help: "a page up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, help: "a page down"),
  ]

  /// The keys while an address is typed; all others type.
  package static let typingKeys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .takeTarget, hint: "take it", help: "take the address; empty means this server"),
    KeyBinding([KeyEvent(.tab), KeyEvent(.down)], .nextField, hint: "next field", help: "the next field"),
    KeyBinding([KeyEvent(.tab, .shift), KeyEvent(.up)], .previousField, help: "the field before"),
    KeyBinding([KeyEvent(.escape)], .back, hint: "back", help: "back to choosing files"),
  ]
}
