import Basics

/// Parses dictionaries and items of structured fields (RFC 9651 sections 4.2.2 and 4.2.3). A dictionary with an inner
/// list is rejected, since no field that is used here has any.
struct StructuredDictionary {
  private var rest: ArraySlice<UInt8>

  /// Parses a field's value.
  /// - Returns: the members by key, without their parameters; of a repeated key the last counts. Empty for an empty
  ///   value, nil where the value breaks the grammar or has an inner list.
  static func parse(_ value: some Collection<UInt8>) -> [String: StructuredItem]? {
    var reader = StructuredDictionary(rest: Array(value)[...])
    return reader.members()
  }

  /// Parses the value of a field that is a single item.
  /// - Returns: the item without its parameters; nil where the value breaks the grammar, as that of a repeated field
  ///   does, which is a list.
  static func parseItem(_ value: some Collection<UInt8>) -> StructuredItem? {
    var reader = StructuredDictionary(rest: Array(value)[...])
    reader.skipSpaces()
    guard let item = reader.item(), reader.skipParameters() else { return nil }
    reader.skipSpaces()
    return reader.rest.isEmpty ? item : nil
  }

  private mutating func members() -> [String: StructuredItem]? {
    var members: [String: StructuredItem] = [:]
    skipSpaces()
    while let key = key() {
      // A key alone stands for the boolean true.
      guard let value = rest.skip(ASCII.equals) ? item() : StructuredItem.boolean(true), skipParameters() else {
        return nil
      }
      members[key] = value
      rest.skipBlanks()
      if rest.isEmpty { return members }
      guard rest.skip(ASCII.comma) else { return nil }
      rest.skipBlanks()
      if rest.isEmpty { return nil }
    }
    return members.isEmpty && rest.isEmpty ? members : nil
  }

  private mutating func key() -> String? {
    guard let first = rest.first, Self.isLower(first) || first == UInt8(ascii: "*") else { return nil }
    return rest.read { Self.isLower($0) || ASCII.isDigit($0) || "_-.*".utf8.contains($0) }.repairedText
  }

  /// Skips parameters.
  /// - Returns: false where they break the grammar.
  private mutating func skipParameters() -> Bool {
    while rest.skip(ASCII.semicolon) {
      skipSpaces()
      guard key() != nil else { return false }
      if rest.skip(ASCII.equals), item() == nil { return false }
    }
    return true
  }

  private mutating func item() -> StructuredItem? {
    if rest.skip(ASCII.colon) {
      let text = rest.read { $0 != ASCII.colon }
      return rest.skip(ASCII.colon) ? Base64.decode(text).map(StructuredItem.bytes) : nil
    }
    if rest.skip(ASCII.quote) { return string() }
    if rest.skip(ASCII.percent) { return rest.skip(ASCII.quote) ? displayString() : nil }
    if rest.skip(UInt8(ascii: "?")) {
      if rest.skip(UInt8(ascii: "0")) { return .boolean(false) }
      return rest.skip(UInt8(ascii: "1")) ? .boolean(true) : nil
    }
    guard let first = rest.first else { return nil }
    if first == ASCII.dash || ASCII.isDigit(first) { return number() }
    guard ASCII.isAlphanumeric(first) || first == UInt8(ascii: "*") else { return nil }
    rest = rest.drop { ASCII.isTokenByte($0) || $0 == ASCII.colon || $0 == UInt8(ascii: "/") }
    return .other
  }

  /// Reads the rest of a string, behind its first quote; nil where it is malformed.
  private mutating func string() -> StructuredItem? {
    var text: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == ASCII.quote { return .string(text.repairedText) }
      guard byte >= 0x20, byte < 0x7F else { return nil }
      guard byte == ASCII.backslash else {
        text.append(byte)
        continue
      }
      guard let escaped = rest.popFirst(), escaped == ASCII.quote || escaped == ASCII.backslash else { return nil }
      text.append(escaped)
    }
    return nil
  }

  /// Reads the rest of a display string (RFC 9651 section 4.2.10), behind its first quote; nil where it is malformed.
  private mutating func displayString() -> StructuredItem? {
    let escaped = rest.read { $0 >= 0x20 && $0 < 0x7F && $0 != ASCII.quote }
    guard rest.skip(ASCII.quote), let bytes = PercentEncoding.decodedBytes(escaped) else { return nil }
    return String(validating: bytes, as: UTF8.self).map(StructuredItem.string)
  }

  private mutating func number() -> StructuredItem? {
    let isNegative = rest.skip(ASCII.dash)
    let digits = rest.read(while: ASCII.isDigit)
    guard !digits.isEmpty, digits.count <= 15, let value = Int(digits.repairedText) else { return nil }
    guard rest.skip(UInt8(ascii: ".")) else { return .integer(isNegative ? -value : value) }
    let fraction = rest.read(while: ASCII.isDigit)
    return (1...3).contains(fraction.count) && digits.count <= 12 ? .other : nil
  }

  /// Removes spaces, but not tabs (RFC 8941 section 3.1.2).
  private mutating func skipSpaces() {
    rest = rest.drop { $0 == ASCII.space }
  }

  private static func isLower(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
  }
}

/// A bare item of a structured field (RFC 9651 section 3.3). The values of decimals and tokens are not retained.
enum StructuredItem: Equatable {
  case integer(Int)
  case bytes([UInt8])
  case boolean(Bool)
  /// A string, or a display string, which may have any characters.
  case string(String)
  /// A decimal or token.
  case other
}
