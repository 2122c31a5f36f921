package import UploadCore

extension ContentDisposition {
  /// The value of a response's `Content-Disposition` field that has the client save the body under a name: as `filename`
  /// for clients that know nothing else, such as `curl -OJ`, and exactly as `filename*` (RFC 6266 section 4.3 and
  /// appendix D). A name that is not UTF-8 cannot be stated (RFC 8187 section 3.2.1): clients then use the URL's last
  /// component.
  package static func attachment(named name: NameBytes) -> String {
    guard name.isUTF8 else { return "attachment" }
    let text = name.description
    return "attachment; filename=\"\(fallback(text))\"; filename*=UTF-8''\(PercentEncoding.encode(text))"
  }

  /// The name in what every client reads alike: ASCII, with `_` for each other character. So are quotes and backslashes,
  /// which some clients do not unescape, and a percent sign before two hexadecimal digits, which some decode.
  private static func fallback(_ name: String) -> String {
    var text = ""
    let scalars = Array(name.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let isEscape =
        scalar == "%" && index + 2 < scalars.count
        && scalars[(index + 1)...(index + 2)].allSatisfy { $0.isASCII && $0.properties.isASCIIHexDigit }
      let isPlain = (0x20..<0x7F).contains(scalar.value) && scalar != "\"" && scalar != "\\" && !isEscape
      text.unicodeScalars.append(isPlain ? scalar : "_")
    }
    return text
  }
}
