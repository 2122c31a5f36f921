/// A single row of editable text. A value, to be stored in a model.
package struct TextField: Hashable, Sendable {
  /// Grapheme clusters: one press of backspace removes one of them.
  private var characters: [Character] = []
  /// The cursor's position between characters (grapheme clusters): 0 is before the first.
  package private(set) var cursor = 0

  /// The most characters (grapheme clusters) of a field; a path has at most 4,096 bytes.
  package static let limit = 4096

  /// A field with a text that is inserted as by ``insert(_:)``; the cursor is at its end.
  package init(_ text: String = "") { insert(text) }

  package var text: String { String(characters) }

  package var isEmpty: Bool { characters.isEmpty }

  /// Inserts typed or pasted text at the cursor. Line breaks at its end are dropped, other line breaks and tabs become
  /// spaces, and other control characters are dropped. Only the first ``limit`` characters are used, and the text
  /// is ignored when the field would exceed ``limit``.
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

  /// Inserts typed characters, and handles the usual editing keys and those of shells (Ctrl-A E B F W U K D H, Alt-B F
  /// D).
  /// - Returns: true for a key of the field, even if it changes nothing; false for other keys, which the caller may
  ///   handle.
  package mutating func handle(_ event: KeyEvent) -> Bool {
    if case .character(let character) = event.key, event.modifiers.isDisjoint(with: [.control, .alt]) {
      insert(String(character))
      return true
    }
    switch event {
    case KeyEvent(.left), KeyEvent("b", .control): move(to: cursor - 1)
    case KeyEvent(.right), KeyEvent("f", .control): move(to: cursor + 1)
    case KeyEvent(.home), KeyEvent("a", .control): move(to: 0)
    case KeyEvent(.end), KeyEvent("e", .control): move(to: characters.count)
    case KeyEvent(.left, .control), KeyEvent(.left, .alt), KeyEvent("b", .alt): move(to: wordStart)
    case KeyEvent(.right, .control), KeyEvent(.right, .alt), KeyEvent("f", .alt): move(to: wordEnd)
    case KeyEvent(.backspace), KeyEvent("h", .control): remove(from: cursor - 1, to: cursor)
    case KeyEvent(.delete), KeyEvent("d", .control): remove(from: cursor, to: cursor + 1)
    case KeyEvent("w", .control), KeyEvent(.backspace, .alt): remove(from: wordStart, to: cursor)
    case KeyEvent("d", .alt): remove(from: cursor, to: wordEnd)
    case KeyEvent("u", .control): remove(from: 0, to: cursor)
    case KeyEvent("k", .control): remove(from: cursor, to: characters.count)
    default: return false
    }
    return true
  }

  private mutating func move(to index: Int) { cursor = min(max(0, index), characters.count) }

  private mutating func remove(from start: Int, to end: Int) {
    let (start, end) = (max(0, start), min(end, characters.count))
    guard start < end else { return }
    // The rest may begin with a combining mark, which merges.
    let head = Array(String(characters[..<start]))
    characters = Array(String(head + characters[end...]))
    cursor = min(head.count, characters.count)
  }

  /// Where the letters, digits and `_` before the cursor start, so that the components of a path are separate; 0
  /// without any.
  private var wordStart: Int {
    let end = characters[..<cursor].lastIndex(where: Self.isWord) ?? 0
    return characters[..<end].lastIndex { !Self.isWord($0) }.map { $0 + 1 } ?? 0
  }

  /// Where the letters, digits and `_` after the cursor end; the end of the text without any.
  private var wordEnd: Int {
    let start = characters[cursor...].firstIndex(where: Self.isWord) ?? characters.count
    return characters[start...].firstIndex { !Self.isWord($0) } ?? characters.count
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }
}

extension TextField: Widget {
  /// Draws the text into the first row and places the terminal's cursor.
  ///
  /// A text that is too long for the row is scrolled: the cursor is in the middle, except near both ends of the text.
  package func draw(on surface: inout Surface) { draw(on: &surface, marking: nil, style: surface.theme.text) }

  /// The same with a part of the text in another style.
  /// - Parameter range: characters of the text; those that it does not have are ignored.
  package func draw(on surface: inout Surface, marking range: Range<Int>?, style: Style) {
    let column = String(characters[..<cursor]).columns
    // One more column: the cursor may be after the last character.
    let excess = max(0, text.columns + 1 - surface.width)
    let offset = min(max(0, column - surface.width / 2), excess)
    surface.write(text, x: -offset, y: 0)
    if let range = range?.clamped(to: 0..<characters.count) {
      let start = String(characters[..<range.lowerBound]).columns
      surface.write(String(characters[range]), x: start - offset, y: 0, style: style)
    }
    surface.placeCursor(x: column - offset, y: 0)
  }
}
