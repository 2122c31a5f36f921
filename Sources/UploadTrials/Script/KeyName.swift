import TerminalUI

/// Keys by the names that the help shows: `x`, `Enter`, `Ctrl-C`, `Shift-Tab`, `F1`, `Space`.
enum KeyName {
  /// The key called `name`; nil when there is none. Capitals matter only where the key is a character.
  static func key(_ name: String) -> KeyEvent? {
    var rest = name[...]
    var modifiers: KeyModifiers = []
    while let (prefix, modifier) = self.modifiers.first(where: {
      rest.count > $0.0.count && rest.hasPrefix(inAnyCase: $0.0)
    }) {
      rest = rest.dropFirst(prefix.count)
      modifiers.insert(modifier)
    }
    if rest.count == 1, let character = rest.first {
      let isControl = modifiers.contains(.control)
      return KeyEvent(isControl ? Character(character.lowercased()) : character, modifiers)
    }
    let lower = rest.lowercased()
    if let key = keys[lower] { return KeyEvent(key, modifiers) }
    if lower.hasPrefix("f"), let number = Int(lower.dropFirst()), (1...24).contains(number) {
      return KeyEvent(.function(number), modifiers)
    }
    return nil
  }

  private static let modifiers: [(String, KeyModifiers)] = [("ctrl-", .control), ("alt-", .alt), ("shift-", .shift)]

  private static let keys: [String: Key] = [
    "space": .character(" "), "enter": .enter, "tab": .tab, "esc": .escape, "escape": .escape,
    "backspace": .backspace, "del": .delete, "delete": .delete, "ins": .insert, "insert": .insert, "up": .up,
    "down": .down, "left": .left, "right": .right, "home": .home, "end": .end, "pgup": .pageUp, "pageup": .pageUp,
    "pgdn": .pageDown, "pagedown": .pageDown,
  ]
}

extension Substring {
  fileprivate func hasPrefix(inAnyCase prefix: String) -> Bool {
    self.prefix(prefix.count).lowercased() == prefix
  }
}
