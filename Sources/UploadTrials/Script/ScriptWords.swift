package import TerminalUI

/// The words of a script's line: separated by blanks, in double quotes where they hold some. A `#` where a word could
/// begin starts a comment.
///
/// In quotes `\"`, `\\`, `\n`, `\t`, `\e` (escape) and `\u{1F600}` stand for characters.
struct ScriptWords {
  /// What a word is, and whether it was in quotes.
  struct Word: Equatable {
    var text: String
    var isQuoted: Bool
  }

  /// Why a line cannot be read.
  struct Failure: Error {
    let reason: String
  }

  private var rest: Substring

  private init(_ line: String) {
    rest = line[...]
  }

  /// - Throws: ``Failure``.
  static func words(of line: String) throws(Failure) -> [Word] {
    var reader = ScriptWords(line)
    var words: [Word] = []
    while let word = try reader.next() { words.append(word) }
    return words
  }

  private mutating func next() throws(Failure) -> Word? {
    rest = rest.drop { $0.isWhitespace }
    guard let first = rest.first, first != "#" else { return nil }
    guard first == "\"" else {
      let text = rest.prefix { !$0.isWhitespace }
      rest = rest[text.endIndex...]
      return Word(text: String(text), isQuoted: false)
    }
    rest.removeFirst()
    let text = try quoted()
    guard rest.first?.isWhitespace ?? true else { throw Failure(reason: "there must be a blank behind \"...\"") }
    return Word(text: text, isQuoted: true)
  }

  private mutating func quoted() throws(Failure) -> String {
    var text = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return text
      case "\\": text.append(try escaped())
      default: text.append(character)
      }
    }
    throw Failure(reason: "a \" has no other behind it")
  }

  private mutating func escaped() throws(Failure) -> Character {
    switch rest.popFirst() {
    case "\"": return "\""
    case "\\": return "\\"
    case "n": return "\n"
    case "t": return "\t"
    case "e": return "\u{1B}"
    case "u": return try scalar()
    case let other: throw Failure(reason: "\\\(other.map(String.init) ?? "") is not known; write \\\\ for a backslash")
    }
  }

  private mutating func scalar() throws(Failure) -> Character {
    guard rest.popFirst() == "{", let end = rest.firstIndex(of: "}"),
      let value = UInt32(rest[..<end], radix: 16), let scalar = Unicode.Scalar(value)
    else { throw Failure(reason: "\\u needs a character's number, as in \\u{1F600}") }
    rest = rest[rest.index(after: end)...]
    return Character(scalar)
  }
}

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

/// A screen's size on the command line and in scripts, such as `120x34`.
package enum ScreenSize {
  /// Columns and rows, each from 1 to 4,096; nil when it is not written so.
  package static func parse(_ text: String) -> Size? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]),
      (1...4096).contains(width), (1...4096).contains(height)
    else { return nil }
    return Size(width: width, height: height)
  }
}
