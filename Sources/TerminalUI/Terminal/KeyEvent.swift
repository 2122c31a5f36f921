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

  /// Its name as help and footer show it: `x`, `Ctrl-C`, `F1`, `Shift-Tab`, `↑`.
  package func label(_ glyphs: GlyphSet) -> String {
    var prefix = ""
    if modifiers.contains(.control) { prefix += "Ctrl-" }
    if modifiers.contains(.alt) { prefix += "Alt-" }
    if modifiers.contains(.shift) { prefix += "Shift-" }
    if case .character(let character) = key {
      return prefix + name(of: character)
    }
    return prefix + keyName(glyphs)
  }

  private func name(of character: Character) -> String {
    if character == " " { return "Space" }
    return modifiers.contains(.control) ? character.uppercased() : String(character)
  }

  private func keyName(_ glyphs: GlyphSet) -> String {
    switch key {
    case .character(let character): String(character)
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
