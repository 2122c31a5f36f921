import Basics
import UploadCore

/// Text encoded as RFC 2047 describes for message headers, such as `=?utf-8?B?w6Q=?=`. RFC 7578 forbids this in forms,
/// but .NET and PowerShell encode every name that is not ASCII in this way.
enum EncodedWord {
  private static let questionMark = UInt8(ascii: "?")

  /// Whether `value` has at least 8 bytes, begins with `=?` and ends with `?=`, as encoded text does. Only
  /// ``decode(_:)`` shows whether it is encoded text.
  static func mayBegin(_ value: ArraySlice<UInt8>) -> Bool {
    value.starts(with: "=?".utf8) && value.count >= 8 && value.suffix(2).elementsEqual("?=".utf8)
  }

  /// Decodes a value of one or more encoded sections; spaces and tabs between them are not part of the text (section
  /// 6.2).
  /// - Returns: the text in UTF-8, unchecked where a section is declared as UTF-8 or US-ASCII; nil where the value is
  ///   empty or contains other text, or a section has an unknown character set (``Charset``) or is malformed.
  static func decode(_ value: ArraySlice<UInt8>) -> [UInt8]? {
    var rest = value.trimmingBlanks
    var text: [UInt8] = []
    repeat {
      guard let section = readSection(&rest) else { return nil }
      text += section
      rest.skipBlanks()
    } while !rest.isEmpty
    return text
  }

  private static func readSection(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
    // A language may follow the character set (RFC 2231 section 5).
    guard rest.skip(ASCII.equals), rest.skip(questionMark),
      let charset = readField(&rest), let encoding = readField(&rest), let content = readField(&rest),
      rest.skip(ASCII.equals), let bytes = bytes(content, encoding)
    else { return nil }
    return Charset.utf8(bytes, from: charset.prefix { $0 != UInt8(ascii: "*") })
  }

  private static func bytes(_ content: ArraySlice<UInt8>, _ encoding: ArraySlice<UInt8>) -> [UInt8]? {
    if encoding.equalsIgnoringCase("b") { return Base64.decode(content) }
    guard encoding.equalsIgnoringCase("q") else { return nil }
    // The encoding `Q` (section 4.2): `=41` for a byte, `_` for a space.
    return Hexadecimal.undoingEscapes(in: content, mark: ASCII.equals, space: UInt8(ascii: "_"))
  }

  /// Reads up to the next question mark and skips it; nil where there is none.
  private static func readField(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    let field = rest.read { $0 != questionMark }
    return rest.skip(questionMark) ? field : nil
  }
}

/// A parameter value that states its character set, such as `utf-8''na%C3%AFve.txt` (RFC 8187 section 3.2.1, before
/// that RFC 5987).
enum ExtendedValue {
  /// The text in UTF-8; nil where the apostrophes around the language are missing, ``Charset`` does not know the
  /// character set, or a `%` is not followed by two hexadecimal digits. Bytes declared as UTF-8 or US-ASCII are
  /// returned unchecked.
  /// - Parameter value: without quotes around it.
  static func decode(_ value: ArraySlice<UInt8>) -> [UInt8]? {
    let charset = value.prefix { $0 != ASCII.apostrophe }
    let language = value[charset.endIndex...].dropFirst().prefix { $0 != ASCII.apostrophe }
    guard language.endIndex < value.endIndex,
      let bytes = PercentEncoding.decodedBytes(value[language.endIndex...].dropFirst())
    else { return nil }
    return Charset.utf8(bytes, from: charset)
  }
}

/// Converts names to UTF-8 from the three character sets that are supported.
enum Charset {
  /// The text of `bytes` in UTF-8; nil where `charset` is neither `utf-8`, `us-ascii` nor `iso-8859-1`, in any letter
  /// case. Bytes declared as UTF-8 or US-ASCII are returned unchecked.
  static func utf8(_ bytes: [UInt8], from charset: some Collection<UInt8>) -> [UInt8]? {
    if charset.equalsIgnoringCase("utf-8") || charset.equalsIgnoringCase("us-ascii") { return bytes }
    guard charset.equalsIgnoringCase("iso-8859-1") else { return nil }
    return bytes.flatMap { String(Unicode.Scalar($0)).utf8 }
  }
}
