import UploadCore

/// Splits text at blanks and line ends, and removes quotes and backslashes as a POSIX shell does (POSIX.1-2024, XCU
/// section 2.2), and bash's `$'...'`. Nothing is expanded; operators such as `;` and `*` are ordinary characters. Text
/// with an open quote or an invalid escape gives nil.
struct ShellArguments {
  /// One argument without its quotes, and whether its first character was neither quoted nor escaped: only then does
  /// `~` mean the home directory.
  typealias Argument = (text: String, startsPlain: Bool)

  private enum Quote { case single, double, escape }

  /// The bytes that have not been read yet.
  private var input: ArraySlice<UInt8>
  private var arguments: [Argument] = []
  /// The bytes of the argument that is being read.
  private var current: [UInt8] = []
  /// Whether that argument starts plain; nil between arguments.
  private var startsPlain: Bool?

  /// The arguments of `text` in their order; bytes that are not UTF-8 are kept (``NameBytes/losslessText``).
  /// - Returns: nil when a quote is not closed, an escape sequence of `$'...'` is invalid, or a backslash is the last
  ///   character; empty for blanks only.
  static func split(_ text: String) -> [Argument]? {
    var reader = ShellArguments(input: ArraySlice(text.utf8))
    while let byte = reader.input.popFirst() {
      guard reader.read(byte) else { return nil }
    }
    reader.finishArgument()
    return reader.arguments
  }

  private mutating func finishArgument() {
    guard let isPlain = startsPlain else { return }
    arguments.append((NameBytes(current).losslessText, isPlain))
    (current, startsPlain) = ([], nil)
  }

  /// Reads an unquoted byte, and the escaped byte or the quoted text that follows it.
  /// - Returns: false when that has no end or contains an invalid escape sequence.
  private mutating func read(_ byte: UInt8) -> Bool {
    switch Character(Unicode.Scalar(byte)) {
    case " ", "\t", "\n", "\r": finishArgument()
    case "'": return readQuoted(.single)
    case "\"": return readQuoted(.double)
    case "$" where input.first == UInt8(ascii: "'"):
      input.removeFirst()
      return readQuoted(.escape)
    case "\\":
      startsPlain = startsPlain ?? false
      guard let escaped = input.popFirst() else { return false }
      appendEscaped(escaped)
    default:
      startsPlain = startsPlain ?? true
      current.append(byte)
    }
    return true
  }

  /// Reads up to the closing quote.
  /// - Returns: false when there is none, or an escape sequence is invalid.
  private mutating func readQuoted(_ quote: Quote) -> Bool {
    startsPlain = startsPlain ?? false
    let end = quote == .double ? UInt8(ascii: "\"") : UInt8(ascii: "'")
    while let byte = input.popFirst() {
      if byte == end { return true }
      if byte != UInt8(ascii: "\\") || quote == .single {
        current.append(byte)
      } else if quote == .escape {
        guard let value = readEscape() else { return false }
        current.append(value)
      } else if let escaped = input.first, "$`\"\\\n".utf8.contains(escaped) {
        input.removeFirst()
        appendEscaped(escaped)
      } else {
        current.append(byte)
      }
    }
    return false
  }

  /// Appends the byte after a backslash, unless it is a line end: a shell removes both, which joins two lines of text.
  private mutating func appendEscaped(_ byte: UInt8) {
    if byte != UInt8(ascii: "\n") { current.append(byte) }
  }

  private static let escapes: [Character: UInt8] = [
    "n": 0x0A, "t": 0x09, "r": 0x0D, "a": 0x07, "b": 0x08, "e": 0x1B, "E": 0x1B, "f": 0x0C, "v": 0x0B,
    "\\": 0x5C, "'": 0x27, "\"": 0x22, "?": 0x3F,
  ]

  /// Reads what follows a backslash in `$'...'`, in which terminals put names with control characters.
  /// - Returns: the byte that it stands for; nil for an unknown or incomplete sequence, or a number above 255.
  private mutating func readEscape() -> UInt8? {
    guard let letter = input.first.map({ Character(Unicode.Scalar($0)) }) else { return nil }
    if ("0"..."7").contains(letter) { return readNumber(radix: 8, digits: 3) }
    input.removeFirst()
    return letter == "x" ? readNumber(radix: 16, digits: 2) : Self.escapes[letter]
  }

  /// Reads a number of at most `digits` digits.
  /// - Returns: nil when there is no digit, or the number is above 255.
  private mutating func readNumber(radix: Int, digits: Int) -> UInt8? {
    let number = input.prefix(digits).prefix { Character(Unicode.Scalar($0)).hexDigitValue ?? radix < radix }
    input.removeFirst(number.count)
    return UInt8(String(decoding: number, as: UTF8.self), radix: radix)
  }
}
