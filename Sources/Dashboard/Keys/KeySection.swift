import TerminalUI

/// Rows of the key table that belong together, as help and README show them.
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
