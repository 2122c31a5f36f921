import TerminalUI

/// How far a key moves the selection of a list, or scrolls a text.
enum Motion: Hashable, Sendable, CaseIterable {
  case up, down, pageUp, pageDown, top, bottom

  /// More rows than any list has, and few enough to be added to a row number without an overflow.
  private static let toTheEnd = 1 << 20

  /// How many items of a list, or rows of a text, to move down; negative to move up. It may go beyond the ends: the
  /// caller limits it.
  /// - Parameter page: how many items or rows are visible at a time.
  func steps(page: Int) -> Int {
    switch self {
    case .up: -1
    case .down: 1
    case .pageUp: -page
    case .pageDown: page
    case .top: -Self.toTheEnd
    case .bottom: Self.toTheEnd
    }
  }
}

extension MouseEvent.Action {
  /// The direction in which it scrolls: -1 for up, 1 for down, 0 for a press.
  var steps: Int {
    switch self {
    case .press: 0
    case .scrollUp: -1
    case .scrollDown: 1
    }
  }
}

/// Keys and the command that they perform: a row of the key table.
///
/// Key handling, footer, help and example/docs/keys.md are all made from these rows.
struct KeyBinding<Action: Hashable & Sendable>: Hashable, Sendable {
  /// One or more; the footer shows the first.
  var keys: [KeyEvent]
  var command: Action
  /// The command's name in the footer; nil for a row that only the help has.
  var hint: String?
  /// The command as a short phrase for the help and the documentation.
  var help: String

  init(_ keys: [KeyEvent], _ command: Action, hint: String? = nil, help: String) {
    (self.keys, self.command, self.hint, self.help) = (keys, command, hint, help)
  }
}

extension Array {
  /// The command of the first row that has this key; nil when none has.
  func command<Action: Hashable & Sendable>(for key: KeyEvent) -> Action? where Element == KeyBinding<Action> {
    first { $0.keys.contains(key) }?.command
  }
}

/// A titled group of rows of the key table, as the help and the documentation show them.
struct KeySection: Hashable, Sendable {
  struct Row: Hashable, Sendable {
    var keys: [KeyEvent]
    var help: String

    /// All keys of the row, separated by spaces: `↓ j`.
    func label(_ glyphs: GlyphSet) -> String { keys.map { $0.label(glyphs) }.joined(separator: " ") }
  }

  var title: String
  var rows: [Row]

  init<Action: Hashable & Sendable>(_ title: String, _ bindings: [KeyBinding<Action>]) {
    self.title = title
    rows = bindings.map { Row(keys: $0.keys, help: $0.help) }
  }
}
