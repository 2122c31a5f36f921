import UploadCore

/// Splits text as a POSIX shell splits a command line (POSIX.1-2024, XCU section 2.2): quotes, backslashes, and bash's
/// `$'...'` besides. Nothing is expanded.
struct ShellWords {
  /// A word, unquoted.
  struct Word: Equatable {
    var text: String
    /// Whether its first character was neither quoted nor escaped: only then can `~` mean the home directory.
    var startsPlain: Bool
  }

  private let input: [UInt8]
  private var index = 0
  /// The word that is being read; nil between words.
  private var current: [UInt8]?
  private var startsPlain = false

  private init(_ text: String) {
    input = Array(text.utf8)
  }

  /// The words of `text`; nil when a quote stays open or a backslash escapes nothing. Bytes that are not
  /// UTF-8 are kept (``NameBytes/losslessText``).
  static func split(_ text: String) -> [Word]? {
    var machine = ShellWords(text)
    return machine.words()
  }

  private mutating func words() -> [Word]? {
    var words: [Word] = []
    while let byte = take() {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        finishWord(into: &words)
      default:
        guard readPiece(byte) else { return nil }
      }
    }
    finishWord(into: &words)
    return words
  }

  private mutating func finishWord(into words: inout [Word]) {
    guard let bytes = current else { return }
    current = nil
    let text = NameBytes(bytes).losslessText
    words.append(Word(text: text, startsPlain: startsPlain))
  }

  /// Adds what begins with `byte` to the word: a quoted piece, or one character.
  private mutating func readPiece(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "'"):
      begin(plain: false)
      return readSingleQuoted()
    case UInt8(ascii: "\""):
      begin(plain: false)
      return readDoubleQuoted()
    case UInt8(ascii: "\\"):
      begin(plain: false)
      guard let escaped = take() else { return false }
      // A line that is continued.
      if escaped != UInt8(ascii: "\n") { current?.append(escaped) }
      return true
    case UInt8(ascii: "$") where peek == UInt8(ascii: "'"):
      begin(plain: false)
      index += 1
      return readEscapeQuoted()
    default:
      begin(plain: true)
      current?.append(byte)
      return true
    }
  }

  private mutating func begin(plain: Bool) {
    guard current == nil else { return }
    current = []
    startsPlain = plain
  }

  private mutating func readSingleQuoted() -> Bool {
    while let byte = take() {
      if byte == UInt8(ascii: "'") { return true }
      current?.append(byte)
    }
    return false
  }

  private mutating func readDoubleQuoted() -> Bool {
    while let byte = take() {
      if byte == UInt8(ascii: "\"") { return true }
      if byte == UInt8(ascii: "\\"), let escaped = peek, "$`\"\\\n".utf8.contains(escaped) {
        index += 1
        if escaped != UInt8(ascii: "\n") { current?.append(escaped) }
      } else {
        current?.append(byte)
      }
    }
    return false
  }

  /// `$'...'`, in which terminals put names with control characters.
  private mutating func readEscapeQuoted() -> Bool {
    while let byte = take() {
      if byte == UInt8(ascii: "'") { return true }
      guard byte == UInt8(ascii: "\\") else {
        current?.append(byte)
        continue
      }
      guard let escaped = take(), let value = value(ofEscape: escaped) else { return false }
      current?.append(value)
    }
    return false
  }

  private mutating func value(ofEscape letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "a"): return 0x07
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "e"), UInt8(ascii: "E"): return 0x1B
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "v"): return 0x0B
    case UInt8(ascii: "x"): return number(radix: 16, digits: 2)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      index -= 1
      return number(radix: 8, digits: 3)
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "?"): return letter
    default: return nil
    }
  }

  /// A number of at most so many digits; nil when there is none, or it is no byte.
  private mutating func number(radix: Int, digits: Int) -> UInt8? {
    var value: Int?
    for _ in 0..<digits {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else { break }
      value = (value ?? 0) * radix + digit
      index += 1
    }
    return value.flatMap { UInt8(exactly: $0) }
  }

  private var peek: UInt8? { index < input.count ? input[index] : nil }

  private mutating func take() -> UInt8? {
    guard let byte = peek else { return nil }
    index += 1
    return byte
  }
}
