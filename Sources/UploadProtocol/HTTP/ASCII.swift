import UploadCore

/// Names and classes of the bytes in the grammars of HTTP and MIME.
@usableFromInline enum ASCII {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let quote = UInt8(ascii: "\"")
  static let percent = UInt8(ascii: "%")
  static let apostrophe = UInt8(ascii: "'")
  static let plus = UInt8(ascii: "+")
  static let dash = UInt8(ascii: "-")
  static let comma = UInt8(ascii: ",")
  static let colon = UInt8(ascii: ":")
  static let semicolon = UInt8(ascii: ";")
  static let equals = UInt8(ascii: "=")
  static let backslash = UInt8(ascii: "\\")

  /// Whether a byte is a space or a tab: optional whitespace in header fields (RFC 9110 section 5.6.3).
  @usableFromInline static func isBlank(_ byte: UInt8) -> Bool {
    byte == space || byte == tab
  }

  /// Whether a byte is a space, a tab, LF or CR: whitespace in JSON and in the Fetch standard.
  static func isWhitespace(_ byte: UInt8) -> Bool {
    isBlank(byte) || byte == lineFeed || byte == carriageReturn
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    let lower = lowercased(byte)
    return isDigit(byte) || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z"))
  }

  /// Whether a byte may occur in a token (RFC 9110 section 5.6.2).
  @usableFromInline static func isTokenByte(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || tokenPunctuation.contains(byte)
  }

  /// The lower case of an ASCII letter; every other byte as it is.
  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }

  /// The hexadecimal digit in ASCII for the low four bits of `value`, in upper case as RFC 3986 section 2.1 recommends.
  static func hexDigit(_ value: UInt8) -> UInt8 {
    let low = value & 0x0F
    return low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "A") + (low - 10)
  }

  private static let tokenPunctuation = Array("!#$%&'*+-.^_`|~".utf8)
}

extension BidirectionalCollection<UInt8> {
  /// The bytes without the spaces and tabs at either end; empty where all are spaces or tabs.
  @inlinable package var trimmingBlanks: SubSequence {
    guard let first = firstIndex(where: { !ASCII.isBlank($0) }),
      let last = lastIndex(where: { !ASCII.isBlank($0) })
    else { return self[endIndex...] }
    return self[first...last]
  }
}

/// Parses text from its front: every call removes the bytes that it has read.
extension ArraySlice<UInt8> {
  /// Removes the first byte if it is `byte`.
  /// - Returns: whether it was; if not, nothing is removed.
  mutating func skip(_ byte: UInt8) -> Bool {
    guard first == byte else { return false }
    removeFirst()
    return true
  }

  /// Removes and returns the bytes at the front that meet the condition, up to the first that does not: perhaps none,
  /// perhaps all.
  mutating func read(while condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let part = prefix(while: condition)
    self = self[part.endIndex...]
    return part
  }

  /// Removes the spaces and tabs at the front.
  mutating func skipBlanks() {
    self = drop(while: ASCII.isBlank)
  }
}

extension Collection<UInt8> {
  /// Whether these bytes equal `text` without regard to the case of ASCII letters.
  /// - Parameter text: in lower case; with a capital letter it never matches.
  func equalsIgnoringCase(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { expected in
      count == expected.count && zip(self, expected).allSatisfy { ASCII.lowercased($0) == $1 }
    }
  }

  /// Whether these bytes are a token (RFC 9110 section 5.6.2), as methods and names of header fields must be: at least
  /// one byte, each allowed in a token.
  @inlinable package var isToken: Bool {
    !isEmpty && allSatisfy(ASCII.isTokenByte)
  }

  /// These bytes as text; sequences that are not UTF-8 become U+FFFD.
  var repairedText: String {
    String(decoding: self, as: UTF8.self)
  }
}

/// Untrusted text made safe and short enough for a message.
enum Excerpt {
  /// The most Unicode scalars of a text that are shown.
  static let length = 60

  /// `text` in quotes; of a text of more than ``length`` scalars the first ``length`` and `...`, inside the quotes.
  /// Characters that could control a terminal become U+FFFD (``PlainText``); quotes inside are not escaped.
  static func quoted(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(length)
    let isShortened = start.endIndex < text.unicodeScalars.endIndex
    return "\"\(PlainText.sanitized(String(start)))\(isShortened ? "..." : "")\""
  }

  /// Bytes as text in quotes, shortened and made safe as a text is; sequences that are not UTF-8 become U+FFFD.
  static func quoted(_ bytes: some Collection<UInt8>) -> String {
    // A scalar has at most four bytes. One more than shown tells whether the text is longer.
    quoted(bytes.prefix((length + 1) * 4).repairedText)
  }
}
