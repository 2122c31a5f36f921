/// The bytes that the grammars of HTTP and MIME are written in, by name.
enum ASCII {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let quote = UInt8(ascii: "\"")
  static let percent = UInt8(ascii: "%")
  static let apostrophe = UInt8(ascii: "'")
  static let plus = UInt8(ascii: "+")
  static let dash = UInt8(ascii: "-")
  static let colon = UInt8(ascii: ":")
  static let semicolon = UInt8(ascii: ";")
  static let equals = UInt8(ascii: "=")
  static let backslash = UInt8(ascii: "\\")

  /// Whether a byte is optional whitespace: a space or a tab (RFC 9110 section 5.6.3).
  static func isBlank(_ byte: UInt8) -> Bool {
    byte == space || byte == tab
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    let lower = lowercased(byte)
    return isDigit(byte) || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z"))
  }

  /// Whether a byte may stand in a token (RFC 9110 section 5.6.2).
  static func isTokenByte(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || tokenPunctuation.contains(byte)
  }

  /// A capital letter of ASCII made small; every other byte as it is.
  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }

  /// The digit for a value of 0 to 15, in capitals as RFC 3986 section 2.1 asks; the low four bits count.
  static func hexDigit(_ value: UInt8) -> UInt8 {
    let low = value & 0x0F
    return low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "A") + (low - 10)
  }

  private static let tokenPunctuation = Array("!#$%&'*+-.^_`|~".utf8)
}

extension BidirectionalCollection<UInt8> {
  /// Without the spaces and tabs at either end.
  package var trimmingBlanks: SubSequence {
    guard let first = firstIndex(where: { !ASCII.isBlank($0) }),
      let last = lastIndex(where: { !ASCII.isBlank($0) })
    else { return self[endIndex...] }
    return self[first...last]
  }
}

/// Reading from the front of what is left of a text.
extension ArraySlice<UInt8> {
  /// Takes the first byte where it is this one.
  /// - Returns: whether it was.
  mutating func take(_ byte: UInt8) -> Bool {
    guard first == byte else { return false }
    removeFirst()
    return true
  }

  /// Takes bytes up to the first for which the condition does not hold.
  mutating func take(while condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let taken = prefix(while: condition)
    self = self[taken.endIndex...]
    return taken
  }

  mutating func skipBlanks() {
    self = drop(while: ASCII.isBlank)
  }
}

extension Collection<UInt8> {
  /// Whether these bytes are `text` but for the case of ASCII letters. `text` is in small letters.
  func equalsIgnoringCase(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { expected in
      count == expected.count && zip(self, expected).allSatisfy { ASCII.lowercased($0) == $1 }
    }
  }

  /// Whether every byte may stand in a token, and there is at least one.
  var isToken: Bool {
    !isEmpty && allSatisfy(ASCII.isTokenByte)
  }

  /// These bytes as text; what is not UTF-8 is repaired with U+FFFD.
  var repairedText: String {
    String(decoding: self, as: UTF8.self)
  }
}
