/// Text in the encoded words of mail, `=?utf-8?B?w6Q=?=` (RFC 2047). RFC 7578 forbids them in forms, yet .NET and
/// PowerShell write every name so that is not ASCII.
enum EncodedWord {
  private static let start = Array("=?".utf8)
  private static let end = Array("?=".utf8)
  private static let questionMark = UInt8(ascii: "?")

  /// Whether `value` begins and ends as encoded words do.
  static func mayBegin(_ value: ArraySlice<UInt8>) -> Bool {
    value.starts(with: start) && value.count >= 8 && value.suffix(2).elementsEqual(end)
  }

  /// The text of a value that is one encoded word, or several with blanks between them (section 6.2: these do not
  /// count), in UTF-8. Nil when anything else is in it, or a word that cannot be decoded.
  static func decode(_ value: ArraySlice<UInt8>) -> [UInt8]? {
    var rest = value.trimmingBlanks
    var text: [UInt8] = []
    repeat {
      guard let word = takeWord(&rest) else { return nil }
      text += word
      rest = rest.drop(while: ASCII.isBlank)
    } while !rest.isEmpty
    return text
  }

  private static func takeWord(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard rest.starts(with: start) else { return nil }
    rest = rest.dropFirst(2)
    // A language may follow the set (RFC 2231 section 5).
    guard let charset = takeField(&rest).flatMap({ Charset($0.prefix { $0 != UInt8(ascii: "*") }) }),
      let encoding = takeField(&rest), let content = takeField(&rest), rest.popFirst() == ASCII.equals
    else { return nil }
    if encoding.equalsIgnoringCase("b") { return Base64.decode(content).map(charset.utf8) }
    return encoding.equalsIgnoringCase("q") ? quotedText(content).map(charset.utf8) : nil
  }

  /// What comes before the next question mark; takes that away as well.
  private static func takeField(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let field = rest.prefix { $0 != questionMark }
    guard field.endIndex < rest.endIndex else { return nil }
    rest = rest[(field.endIndex + 1)...]
    return field
  }

  /// The encoding `Q` (section 4.2): `=41` for a byte, `_` for a space.
  private static func quotedText(_ content: ArraySlice<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = content
    while let byte = rest.popFirst() {
      switch byte {
      case ASCII.equals:
        guard let high = rest.popFirst().flatMap(ASCII.hexValue), let low = rest.popFirst().flatMap(ASCII.hexValue)
        else {
          return nil
        }
        result.append(high << 4 | low)
      case UInt8(ascii: "_"): result.append(ASCII.space)
      default: result.append(byte)
      }
    }
    return result
  }
}
