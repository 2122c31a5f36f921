import Basics
import UploadCore

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
      rest.skipBlanks()
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
    guard encoding.equalsIgnoringCase("q") else { return nil }
    // The encoding `Q` (section 4.2): `=41` for a byte, `_` for a space.
    return Hexadecimal.undoingEscapes(in: content, mark: ASCII.equals, space: UInt8(ascii: "_")).map(charset.utf8)
  }

  /// What comes before the next question mark; takes that away as well.
  private static func takeField(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let field = rest.prefix { $0 != questionMark }
    guard field.endIndex < rest.endIndex else { return nil }
    rest = rest[(field.endIndex + 1)...]
    return field
  }
}

/// A parameter value that states its character set, such as `utf-8''na%C3%AFve.txt` (RFC 8187 section 3.2.1, before
/// that RFC 5987).
enum ExtendedValue {
  /// Returns the text in UTF-8; nil when there is no character set and language in front, when the set is neither UTF-8
  /// nor ISO-8859-1, or when a `%` is not followed by two hexadecimal digits. What is claimed to be UTF-8 is returned as
  /// it is.
  static func decode(_ value: ArraySlice<UInt8>) -> [UInt8]? {
    let charset = value.prefix { $0 != ASCII.apostrophe }
    let language = value[charset.endIndex...].dropFirst().prefix { $0 != ASCII.apostrophe }
    guard language.endIndex < value.endIndex,
      let bytes = PercentEncoding.decodedBytes(value[language.endIndex...].dropFirst())
    else { return nil }
    return Charset(charset)?.utf8(bytes)
  }
}

/// A character set of which names are converted to UTF-8.
enum Charset {
  /// Includes US-ASCII.
  case utf8
  case latin1

  /// Nil for every other set.
  init?(_ name: some Collection<UInt8>) {
    if name.equalsIgnoringCase("utf-8") || name.equalsIgnoringCase("us-ascii") {
      self = .utf8
    } else if name.equalsIgnoringCase("iso-8859-1") {
      self = .latin1
    } else {
      return nil
    }
  }

  /// The text that `bytes` stand for, in UTF-8. Bytes that are UTF-8 by name only are returned as they are.
  func utf8(_ bytes: [UInt8]) -> [UInt8] {
    switch self {
    case .utf8: bytes
    case .latin1: bytes.flatMap { String(Unicode.Scalar($0)).utf8 }
    }
  }
}
