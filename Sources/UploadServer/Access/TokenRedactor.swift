import UploadCore

/// Makes what is reported of a request safe: no token in it, no query, no control characters, and never long.
struct TokenRedactor: Sendable {
  /// How the message of a 401 spells the query that has the token; no secret.
  static let example = "?token=TOKEN,"
  private static let hidden = "[redacted]"
  /// In bytes; what is longer is cut.
  private static let longest = 256
  /// A target may be percent-encoded more than once.
  private static let decodings = 3

  private let token: String?

  /// - Parameter token: the server's; nil when it asks for none.
  init(_ token: AccessToken?) {
    self.token = token?.text.lowercased()
  }

  /// The path of a request's target. One that contains the token, or something given as a token, is not shown at all.
  func path(_ target: String) -> String {
    let path = target.prefix { $0 != "?" && $0 != "#" }
    // A user and a password may stand in the absolute form of a target.
    if !path.hasPrefix("/"), path.contains("@") { return Self.hidden }
    return revealsToken(path) ? "/\(Self.hidden)" : bounded(path)
  }

  /// A method, or words about a request.
  func text(_ text: String) -> String {
    if text.contains("@"), text.contains("://") { return Self.hidden }
    return revealsToken(text.replacing(Self.example, with: "")[...]) ? Self.hidden : bounded(text[...])
  }

  private func bounded(_ text: Substring) -> String {
    let isLong = text.utf8.count > Self.longest
    let cut = isLong ? String(decoding: text.utf8.prefix(Self.longest), as: UTF8.self) + "…" : String(text)
    return PlainText.sanitized(cut)
  }

  private func revealsToken(_ text: Substring) -> Bool {
    var text = String(text).lowercased()
    for _ in 0...Self.decodings {
      if text.contains("token=") { return true }
      if let token, text.contains(token) { return true }
      let decoded = Self.decoded(text)
      guard decoded.utf8.count < text.utf8.count else { return false }
      text = decoded.lowercased()
    }
    return true
  }

  /// Undoes percent-encoding where it is well-formed, and leaves the rest as it is.
  private static func decoded(_ text: String) -> String {
    guard text.utf8.contains(percent) else { return text }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == percent, digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let percent = UInt8(ascii: "%")
}
