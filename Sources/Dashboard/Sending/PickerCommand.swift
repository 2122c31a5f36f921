import TerminalUI

/// What a key asks of the file picker.
package enum PickerCommand: Hashable, Sendable {
  case up
  case down
  case pageUp
  case pageDown
  case first
  case last
  /// Into a directory; a file, or what is marked, is chosen.
  case open
  /// To the directory above.
  case leave
  case mark
  case markAll
  /// Chooses what is marked, wherever the cursor is.
  case choose
  case filter
  case editPath
  case home
  case hidden
  case reload
  /// One step back: the filter goes, else the picker closes.
  case back
  /// Shows all keys.
  case help
  /// Ends typing a filter and keeps it.
  case keepFilter
  /// Completes the path as far as it is certain.
  case complete
  /// Goes to the path that was typed.
  case go

  /// Where keys mean what they mean.
  package enum Context: Hashable, Sendable, CaseIterable {
    case browsing
    /// While a filter is typed.
    case filtering
    /// While a path is typed.
    case typingPath
  }

  /// The keys of a context; others are typed where something is typed.
  package static func keys(_ context: Context) -> [KeyBinding<PickerCommand>] {
    switch context {
    case .browsing: browsing
    case .filtering: filtering
    case .typingPath: typingPath
    }
  }

  /// What a key means in a context.
  static func command(for key: KeyEvent, _ context: Context) -> PickerCommand? {
    keys(context).first { $0.keys.contains(key) }?.command
  }

  private static let browsing: [KeyBinding<PickerCommand>] = [
    KeyBinding(
      [KeyEvent(.enter), KeyEvent(.right), KeyEvent("l")],
      .open,
      hint: "open",
      help: "open, or choose a file"
    ),
    KeyBinding([KeyEvent(" ")], .mark, hint: "mark", help: "mark a file, to send several"),
    KeyBinding([KeyEvent("a")], .markAll, help: "mark all files shown, or none"),
    KeyBinding([KeyEvent("s")], .choose, hint: "send marked", help: "send what is marked"),
    KeyBinding(
      [KeyEvent(.left), KeyEvent(.backspace), KeyEvent("h")],
      .leave,
      hint: "up",
      help: "the directory above"
    ),
    KeyBinding([KeyEvent("/")], .filter, hint: "filter", help: "show only names that hold a text"),
    KeyBinding([KeyEvent(":")], .editPath, hint: "path", help: "type a path"),
    KeyBinding([KeyEvent("~")], .home, hint: "home", help: "the home directory"),
    KeyBinding([KeyEvent(".")], .hidden, hint: "hidden", help: "show hidden files, or not"),
    KeyBinding([KeyEvent("r", .control), KeyEvent(.function(5))], .reload, help: "read the directory again"),
    KeyBinding([KeyEvent("g"), KeyEvent(.home)], .first, help: "the first entry"),
    KeyBinding([KeyEvent("G"), KeyEvent(.end)], .last, help: "the last entry"),
    KeyBinding([KeyEvent(.escape), KeyEvent("q")], .back, hint: "back", help: "drop the filter, or close"),
    KeyBinding([KeyEvent("?")], .help, hint: "help", help: "all keys"),
    KeyBinding([KeyEvent("k"), KeyEvent(.up)], .up, help: "up"),
    KeyBinding([KeyEvent("j"), KeyEvent(.down)], .down, help: "down"),
    KeyBinding([KeyEvent(.pageUp), KeyEvent("b", .control)], .pageUp, help: "a page up"),
    KeyBinding([KeyEvent(.pageDown), KeyEvent("f", .control)], .pageDown, help: "a page down"),
  ]

  private static let filtering: [KeyBinding<PickerCommand>] =
    [
      KeyBinding([KeyEvent(.enter)], .open, hint: "open", help: "open, or choose a file"),
      KeyBinding([KeyEvent(.tab)], .keepFilter, hint: "keep filter", help: "keep the filter and go on among its names"),
      KeyBinding([KeyEvent(.escape)], .back, hint: "drop filter", help: "drop the filter"),
    ] + moving

  private static let typingPath: [KeyBinding<PickerCommand>] = [
    KeyBinding([KeyEvent(.enter)], .go, hint: "go", help: "go there, or choose the file"),
    KeyBinding([KeyEvent(.tab)], .complete, hint: "complete", help: "complete the name"),
    KeyBinding([KeyEvent(.escape)], .back, hint: "back", help: "leave the path as it was"),
  ]

  /// What is left of moving while letters are typed.
  private static let moving: [KeyBinding<PickerCommand>] = [
    KeyBinding([KeyEvent(.up)], .up, help: "up"),
    KeyBinding([KeyEvent(.down)], .down, help: "down"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, help: "a page up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, help: "a page down"),
  ]
}
