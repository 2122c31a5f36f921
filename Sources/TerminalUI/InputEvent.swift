/// Input from the terminal.
package enum InputEvent: Hashable, Sendable {
  case key(KeyEvent)
  /// Pasted text with LF as line ends, not sanitized: it may contain control characters. A long one may be truncated.
  case paste(String)
  case mouse(MouseEvent)
  /// The window's size, which may have changed: draw a surface of this size.
  case resize(Size)
  /// The window gained (true) or lost the keyboard focus.
  case focus(Bool)
  /// The terminal was closed: the program must end.
  case closed
}

/// A key that was pressed.
package struct KeyEvent: Hashable, Sendable {
  package var key: Key
  package var modifiers: KeyModifiers

  package init(_ key: Key, _ modifiers: KeyModifiers = []) { (self.key, self.modifiers) = (key, modifiers) }

  /// A key that types a character. With `.control`, use the lower-case letter: Ctrl-C is `KeyEvent("c", .control)`. For
  /// an upper-case letter, use no `.shift`.
  package init(_ character: Character, _ modifiers: KeyModifiers = []) { self.init(.character(character), modifiers) }

  /// The key's name in the help and the footer: `x`, `Ctrl-C`, `F1`, `Shift-Tab`, `↑` (in ASCII `Up`).
  package func label(_ glyphs: GlyphSet) -> String {
    let names: [(KeyModifiers, String)] = [(.control, "Ctrl-"), (.alt, "Alt-"), (.shift, "Shift-")]
    return names.filter { modifiers.contains($0.0) }.map { $0.1 }.joined() + keyName(glyphs)
  }

  private func keyName(_ glyphs: GlyphSet) -> String {
    switch key {
    case .character(" "): "Space"
    case .character(let character): modifiers.contains(.control) ? character.uppercased() : String(character)
    case .enter: "Enter"
    case .tab: "Tab"
    case .escape: "Esc"
    case .backspace: "Backspace"
    case .delete: "Del"
    case .insert: "Ins"
    case .up: glyphs.isUnicode ? "↑" : "Up"
    case .down: glyphs.isUnicode ? "↓" : "Down"
    case .left: glyphs.isUnicode ? "←" : "Left"
    case .right: glyphs.isUnicode ? "→" : "Right"
    case .home: "Home"
    case .end: "End"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .function(let number): "F\(number)"
    }
  }
}

/// A key without its modifiers.
package enum Key: Hashable, Sendable {
  /// The character that the key types, including the space; upper-case letters are separate characters.
  case character(Character)
  case enter, tab, escape, backspace, delete, insert
  case up, down, left, right
  case home, end, pageUp, pageDown
  /// A function key by its number: 1 for F1.
  case function(Int)
}

/// Modifier keys pressed together with a key.
package struct KeyModifiers: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Not reported for characters: Shift-A arrives as the character `A`.
  package static let shift = KeyModifiers(rawValue: 1)
  package static let alt = KeyModifiers(rawValue: 2)
  package static let control = KeyModifiers(rawValue: 4)
}

/// A mouse action on a cell of the screen.
package struct MouseEvent: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    /// The left button was pressed.
    case press
    case scrollUp
    case scrollDown
  }

  package var action: Action
  package var position: Point

  package init(_ action: Action, at position: Point) { (self.action, self.position) = (action, position) }

  /// The cell in the coordinates of an area of the screen, whose first cell is 0, 0; nil when it is outside of the
  /// area.
  package func position(in area: Rect) -> Point? {
    area.contains(position) ? Point(x: position.x - area.x, y: position.y - area.y) : nil
  }
}
