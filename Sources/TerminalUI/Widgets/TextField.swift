/// A single row of editable text. A value, to be stored in a model.
package struct TextField: Hashable, Sendable {
  /// Grapheme clusters: one press of backspace removes one of them.
  private var characters: [Character] = []
  /// The cursor's position between characters: 0 is before the first.
  package private(set) var cursor = 0

  /// The most characters; a path has at most 4,096 bytes.
  package static let limit = 4096

  /// The cursor is at the end of `text`.
  package init(_ text: String = "") { insert(text) }

  package var text: String { String(characters) }

  package var isEmpty: Bool { characters.isEmpty }

  /// Inserts typed or pasted text at the cursor. Line breaks at its end are dropped, other line breaks and tabs become
  /// spaces, and other control characters are dropped. A text that would exceed ``limit`` is ignored.
  package mutating func insert(_ text: String) {
    let row = text.reversed().drop(while: \.isNewline).reversed()
    let clean = row.compactMap { character -> Character? in
      if character.isNewline || character == "\t" { return " " }
      let isControl = character.unicodeScalars.contains { $0.properties.generalCategory == .control }
      return isControl ? nil : character
    }
    // A combining mark at its start merges with the character before it: characters are counted again.
    let head = Array(String(characters[..<cursor] + clean.prefix(Self.limit)))
    let merged = Array(String(head + characters[cursor...]))
    guard merged.count <= Self.limit else { return }
    cursor = min(head.count, merged.count)
    characters = merged
  }

  /// Removes all text.
  package mutating func clear() { self = TextField() }

  /// Handles the usual editing keys, and those of shells (Ctrl-A E B F W U K D H, Alt-B F D).
  /// - Returns: false for other keys, which the caller may handle.
  package mutating func handle(_ event: KeyEvent) -> Bool {
    if case .character(let character) = event.key, event.modifiers.isDisjoint(with: [.control, .alt]) {
      insert(String(character))
      return true
    }
    guard let edit = Self.edits[event] else { return false }
    edit(&self)
    return true
  }

  private static let edits: [KeyEvent: @Sendable (inout TextField) -> Void] = [
    KeyEvent(.left): { $0.move(to: $0.cursor - 1) },
    KeyEvent("b", .control): { $0.move(to: $0.cursor - 1) },
    KeyEvent(.right): { $0.move(to: $0.cursor + 1) },
    KeyEvent("f", .control): { $0.move(to: $0.cursor + 1) },
    KeyEvent(.home): { $0.move(to: 0) },
    KeyEvent("a", .control): { $0.move(to: 0) },
    KeyEvent(.end): { $0.move(to: $0.characters.count) },
    KeyEvent("e", .control): { $0.move(to: $0.characters.count) },
    KeyEvent(.left, .control): { $0.move(to: $0.wordStart) },
    KeyEvent(.left, .alt): { $0.move(to: $0.wordStart) },
    KeyEvent("b", .alt): { $0.move(to: $0.wordStart) },
    KeyEvent(.right, .control): { $0.move(to: $0.wordEnd) },
    KeyEvent(.right, .alt): { $0.move(to: $0.wordEnd) },
    KeyEvent("f", .alt): { $0.move(to: $0.wordEnd) },
    KeyEvent(.backspace): { $0.remove(from: $0.cursor - 1, to: $0.cursor) },
    KeyEvent("h", .control): { $0.remove(from: $0.cursor - 1, to: $0.cursor) },
    KeyEvent(.delete): { $0.remove(from: $0.cursor, to: $0.cursor + 1) },
    KeyEvent("d", .control): { $0.remove(from: $0.cursor, to: $0.cursor + 1) },
    KeyEvent("w", .control): { $0.remove(from: $0.wordStart, to: $0.cursor) },
    KeyEvent(.backspace, .alt): { $0.remove(from: $0.wordStart, to: $0.cursor) },
    KeyEvent("d", .alt): { $0.remove(from: $0.cursor, to: $0.wordEnd) },
    KeyEvent("u", .control): { $0.remove(from: 0, to: $0.cursor) },
    KeyEvent("k", .control): { $0.remove(from: $0.cursor, to: $0.characters.count) },
  ]

  private mutating func move(to index: Int) { cursor = min(max(0, index), characters.count) }

  private mutating func remove(from start: Int, to end: Int) {
    let (start, end) = (max(0, start), min(end, characters.count))
    guard start < end else { return }
    // The rest may begin with a combining mark, which merges.
    let head = Array(String(characters[..<start]))
    characters = Array(String(head + characters[end...]))
    cursor = min(head.count, characters.count)
  }

  /// The start of the letters, digits and `_` before the cursor, so that the components of a path are separate.
  private var wordStart: Int {
    var index = cursor
    while index > 0, !Self.isWord(characters[index - 1]) { index -= 1 }
    while index > 0, Self.isWord(characters[index - 1]) { index -= 1 }
    return index
  }

  /// The end of the letters, digits and `_` after the cursor.
  private var wordEnd: Int {
    var index = cursor
    while index < characters.count, !Self.isWord(characters[index]) { index += 1 }
    while index < characters.count, Self.isWord(characters[index]) { index += 1 }
    return index
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }

}

extension TextField: Widget {
  /// Draws the text into the first row and places the terminal's cursor.
  ///
  /// A text that is too long for the row is scrolled so that text is visible on both sides of the cursor.
  package func draw(on surface: inout Surface) {
    let column = String(characters[..<cursor]).columns
    // One more column: the cursor may be after the last character.
    let excess = max(0, text.columns + 1 - surface.width)
    let offset = min(max(0, column - surface.width / 2), excess)
    surface.write(text, x: -offset, y: 0)
    surface.placeCursor(x: column - offset, y: 0)
  }
}
