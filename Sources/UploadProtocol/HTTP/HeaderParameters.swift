/// The parameters of a header field such as `multipart/form-data; boundary=x`, in the strict grammar of RFC 9110
/// sections 5.6.4 and 5.6.6.
struct HeaderParameters {
  /// The parameters in the order of the field, with their values unquoted.
  private var parameters: [(name: [UInt8], value: [UInt8])] = []

  /// Reads the parameters of a field.
  /// - Parameter text: the field's value; the text before the first semicolon is ignored. Without a semicolon there are
  ///   no parameters.
  /// - Returns: nil where the grammar is broken: no `=`, blanks around it, a name or an unquoted value that is not a
  ///   token, a quoted string without its end or with control characters other than tabs, text behind a value.
  init?(_ text: some Collection<UInt8>) {
    var rest = Array(text.drop { $0 != ASCII.semicolon })[...]
    while true {
      rest.skipBlanks()
      guard let next = rest.popFirst() else { return }
      guard next == ASCII.semicolon else { return nil }
      rest.skipBlanks()
      // The grammar allows empty parameters.
      if rest.isEmpty || rest.first == ASCII.semicolon { continue }
      guard let name = Self.readToken(&rest), rest.skip(ASCII.equals), let value = Self.readValue(&rest) else {
        return nil
      }
      parameters.append((name, value))
    }
  }

  /// The unquoted value of the first parameter with a name; nil where there is none.
  /// - Parameter name: in lower case; the field may have it in any letter case.
  subscript(_ name: StaticString) -> [UInt8]? {
    parameters.first { $0.name.equalsIgnoringCase(name) }?.value
  }

  private static func readToken(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    let token = rest.read(while: ASCII.isTokenByte)
    return token.isEmpty ? nil : Array(token)
  }

  private static func readValue(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard rest.skip(ASCII.quote) else { return readToken(&rest) }
    var value: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == ASCII.quote { return value }
      guard let character = byte == ASCII.backslash ? rest.popFirst() : byte, isText(character) else { return nil }
      value.append(character)
    }
    return nil
  }

  private static func isText(_ byte: UInt8) -> Bool {
    byte == ASCII.tab || (byte >= 0x20 && byte != 0x7F)
  }
}
