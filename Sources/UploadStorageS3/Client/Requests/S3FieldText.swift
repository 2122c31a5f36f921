import UploadProtocol

/// Texts in the form in which every engine returns them, and signs them like this client: header fields are trimmed and
/// runs of blanks shortened on the way, and bytes beyond ASCII are read in several ways.
enum S3FieldText {
  /// The text with everything percent-encoded that would not be kept as it is: control characters, bytes beyond ASCII,
  /// blanks at either end or after another one, and the percent sign itself.
  static func encoded(_ text: String) -> String {
    var result = ""
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() {
      let isBlank = byte == 0x20 && index > 0 && index < bytes.count - 1 && bytes[index - 1] != 0x20
      if isBlank || (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "%") {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        result += PercentEncoding.encode([byte])
      }
    }
    return result
  }

  /// The text that was encoded; one that another program has stored may contain a percent sign that is none of an escape, and
  /// is returned unchanged.
  static func decoded(_ text: String) -> String {
    PercentEncoding.decodedBytes(text.utf8).flatMap { String(validating: $0, as: UTF8.self) } ?? text
  }

  /// A media type that can be sent as it is; nil for any other text.
  static func mediaType(_ text: String) -> String? {
    !text.isEmpty && text.utf8.count <= 256 && encoded(text) == text ? text : nil
  }
}
