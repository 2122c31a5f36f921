/// Input from the terminal.
package enum InputEvent: Hashable, Sendable {
  case key(KeyEvent)
  /// Pasted text, whole and unchanged: it may hold anything.
  case paste(String)
  case mouse(MouseEvent)
  /// The window has a new size; draw anew.
  case resize(Size)
  /// The window got or lost the keyboard.
  case focus(Bool)
  /// The terminal is gone: the program has to end.
  case closed
}

/// A key that was pressed.
package struct KeyEvent: Hashable, Sendable {
  package var key: Key
  package var modifiers: KeyModifiers

  package init(_ key: Key, _ modifiers: KeyModifiers = []) {
    self.key = key
    self.modifiers = modifiers
  }

  /// A key that types a character. With `.control` it is the small letter: Ctrl-C is `KeyEvent("c", .control)`.
  package init(_ character: Character, _ modifiers: KeyModifiers = []) {
    self.init(.character(character), modifiers)
  }

  /// The key's name as help and footer show it: `x`, `Ctrl-C`, `F1`, `Shift-Tab`, `↑`.
  package func label(_ glyphs: GlyphSet) -> String {
    var prefix = ""
    if modifiers.contains(.control) { prefix += "Ctrl-" }
    if modifiers.contains(.alt) { prefix += "Alt-" }
    if modifiers.contains(.shift) { prefix += "Shift-" }
    return prefix + keyName(glyphs)
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

/// A key, whatever is held down with it.
package enum Key: Hashable, Sendable {
  /// What it types, space included; capitals are characters of their own.
  case character(Character)
  case enter
  case tab
  case escape
  case backspace
  case delete
  case insert
  case up
  case down
  case left
  case right
  case home
  case end
  case pageUp
  case pageDown
  /// F1 and so on.
  case function(Int)
}

/// What is held down with a key.
package struct KeyModifiers: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Not reported for characters: they arrive as capitals.
  package static let shift = KeyModifiers(rawValue: 1)
  package static let alt = KeyModifiers(rawValue: 2)
  package static let control = KeyModifiers(rawValue: 4)
}

/// What the mouse did, and over which cell.
package struct MouseEvent: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    /// The left button was pressed.
    case press
    case scrollUp
    case scrollDown
  }

  package var action: Action
  package var position: Point

  package init(_ action: Action, at position: Point) {
    self.action = action
    self.position = position
  }

  /// The cell in the coordinates of an area of the screen; nil outside of it.
  package func position(in area: Rect) -> Point? {
    area.contains(position) ? Point(x: position.x - area.x, y: position.y - area.y) : nil
  }
}
