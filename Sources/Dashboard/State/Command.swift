package import TerminalUI

/// What a key can ask of the dashboard.
enum Command: Hashable, Sendable {
  // Moving about.

  /// In whatever has the keys: the help, the log, or the selection.
  case move(Motion)
  /// To the pane at the left or at the right.
  case left
  case right
  case nextPane
  case previousPane
  case pane(Pane)

  // Uploads.

  case upload
  case mode
  case detail
  case cancel
  case retry
  case clear

  // What is shown, and how.

  case freeze
  case sort
  case filter
  case log
  case copy
  case theme
  case bar
  case faster
  case slower
  case mouse
  case help
  case back

  // The program.

  case quit
  case suspend
  case redraw

  // Confirmation.

  case yes
  case no

  // The line for the filter.

  case keepFilter
  case dropFilter
}

/// How far a key moves in a list or a text.
enum Motion: Hashable, Sendable {
  case up
  case down
  case pageUp
  case pageDown
  case top
  case bottom

  /// Far enough for any list, and nothing that could overflow.
  private static let toTheEnd = 1 << 20

  /// The lines to go down, or up when negative.
  /// - Parameter page: the lines of a page.
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

/// What the keys can go to.
enum Pane: Int, Hashable, Sendable, CaseIterable {
  case incoming = 1
  case outgoing = 2
  case detail = 3
}

/// Where a key was pressed: the same one means different things in different places.
enum KeyContext: Hashable, Sendable, CaseIterable {
  /// Everywhere, whatever is open.
  case program
  /// The panes, the event log and the help.
  case dashboard
  /// A question that waits for confirmation.
  case question
  /// While the filter is being typed.
  case filter
}

/// Keys and what they do: a row of the one table that keys, footer, help and example/docs/keys.md are made from.
package struct KeyBinding<Command: Hashable & Sendable>: Hashable, Sendable {
  /// The first one is the one that is shown.
  package var keys: [KeyEvent]
  package var command: Command
  /// A word or two for the footer; nil for what is only in the help.
  package var hint: String?
  /// A few words for the help and the documentation.
  package var help: String

  package init(_ keys: [KeyEvent], _ command: Command, hint: String? = nil, help: String) {
    self.keys = keys
    self.command = command
    self.hint = hint
    self.help = help
  }
}

/// Rows of the key table that belong together, as help and documentation show them.
struct KeySection: Hashable, Sendable {
  struct Row: Hashable, Sendable {
    /// The first one is the one that a footer shows.
    var keys: [KeyEvent]
    var help: String

    /// `j`, or `↓ j` where there are several.
    func label(_ glyphs: GlyphSet) -> String {
      keys.map { $0.label(glyphs) }.joined(separator: " ")
    }
  }

  var title: String
  var rows: [Row]

  init<Command>(_ title: String, _ bindings: [KeyBinding<Command>]) {
    self.title = title
    rows = bindings.map { Row(keys: $0.keys, help: $0.help) }
  }
}
