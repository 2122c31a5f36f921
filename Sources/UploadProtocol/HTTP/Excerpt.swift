import UploadCore

/// Untrusted text, made safe and short enough for a message.
enum Excerpt {
  /// The most of a text that is shown, in Unicode scalars.
  static let length = 60

  /// Returns `text` in quotes, without what could steer a terminal, cut to ``length``.
  static func quoted(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(length)
    let isCut = start.endIndex < text.unicodeScalars.endIndex
    return "\"\(PlainText.sanitized(String(start)))\(isCut ? "..." : "")\""
  }

  /// Returns bytes that ought to be text, repaired, as ``quoted(_:)`` does.
  static func quoted(_ bytes: some Collection<UInt8>) -> String {
    // Four bytes are the most that a scalar takes, one more scalar tells that something was cut.
    quoted(bytes.prefix((length + 1) * 4).repairedText)
  }
}
