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
