/// The value of a header field with parameters, such as `multipart/form-data; boundary=x`, read strictly
/// (RFC 9110 sections 5.6.4 and 5.6.6).
struct HeaderParameters {
  /// What stands before the first semicolon, without blanks around it.
  let value: [UInt8]

  /// The parameters in the order of the field, unquoted; names in small letters.
  private let parameters: [(name: [UInt8], value: [UInt8])]

  /// Fails where the grammar is broken: no `=`, blanks around it, a name or an unquoted value that is no token, a
  /// quoted string without its end, controls inside of one.
  init?(_ text: some Collection<UInt8>) {
    let bytes = Array(text)
    let end = bytes.firstIndex(of: ASCII.semicolon) ?? bytes.endIndex
    value = Array(bytes[..<end].trimmingBlanks)
    var reader = Reader(rest: bytes[end...])
    guard let parameters = reader.readAll() else { return nil }
    self.parameters = parameters
  }

  /// The value of a parameter; of repeated ones the first counts. `name` is in small letters.
  subscript(_ name: StaticString) -> [UInt8]? {
    parameters.first { $0.name.equalsIgnoringCase(name) }?.value
  }
}

extension HeaderParameters {
  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func readAll() -> [(name: [UInt8], value: [UInt8])]? {
      var result: [(name: [UInt8], value: [UInt8])] = []
      while true {
        rest.skipBlanks()
        guard let next = rest.popFirst() else { return result }
        guard next == ASCII.semicolon else { return nil }
        rest.skipBlanks()
        // The grammar allows nothing at all between two semicolons.
        if rest.isEmpty || rest.first == ASCII.semicolon { continue }
        guard let name = readToken(), rest.popFirst() == ASCII.equals, let value = readValue() else { return nil }
        result.append((name, value))
      }
    }

    private mutating func readToken() -> [UInt8]? {
      let token = rest.take(while: ASCII.isTokenByte)
      return token.isEmpty ? nil : Array(token)
    }

    private mutating func readValue() -> [UInt8]? {
      guard rest.first == ASCII.quote else { return readToken() }
      rest.removeFirst()
      var value: [UInt8] = []
      while let byte = rest.popFirst() {
        switch byte {
        case ASCII.quote:
          return value
        case ASCII.backslash:
          guard let escaped = rest.popFirst(), isText(escaped) else { return nil }
          value.append(escaped)
        default:
          guard isText(byte) else { return nil }
          value.append(byte)
        }
      }
      return nil
    }

    private func isText(_ byte: UInt8) -> Bool {
      byte == ASCII.tab || (byte >= 0x20 && byte != 0x7F)
    }
  }
}
