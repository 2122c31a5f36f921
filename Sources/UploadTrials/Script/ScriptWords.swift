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
