package import UploadCore

/// The secret that a client must present to use the server.
package struct AccessToken: Sendable {
  private let bytes: [UInt8]

  /// The token as clients send it.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The fewest characters of a token that a user chooses, so that it cannot be guessed easily.
  private static let shortest = 8
  /// The length of a generated token: 130 bits.
  private static let length = 26
  private static let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

  /// A token that the server's user chose.
  /// - Throws: ``UploadError`` with code `badValue` when it is shorter than 8 characters, or would not pass through a
  ///   header field and a URL unchanged (RFC 3986 section 2.3). The message does not repeat it.
  package init(_ text: String) throws(UploadError) {
    guard text.utf8.count >= Self.shortest,
      text.utf8.allSatisfy({ $0.isAlphanumeric || "-._~".utf8.contains($0) })
    else {
      let message = "A token has at least \(Self.shortest) characters, letters, digits and - . _ ~ only."
      throw UploadError(.badValue, message)
    }
    bytes = Array(text.utf8)
  }

  /// A new token of 26 random characters from the system's generator.
  package init() {
    var generator = SystemRandomNumberGenerator()
    bytes = (0..<Self.length).map { _ in Self.letters[Int(generator.next() & 31)] }
  }

  /// Compares in the same time wherever the difference lies, so that the time does not help to guess.
  func matches(_ candidate: some StringProtocol) -> Bool {
    let other = Array(candidate.utf8)
    var difference = UInt8(other.count == bytes.count ? 0 : 1)
    for index in bytes.indices { difference |= bytes[index] ^ (index < other.count ? other[index] : 0) }
    return difference == 0
  }
}

/// Makes what is reported of a request safe to show: without a token, a query or control characters, and of bounded length.
///
/// Searches in bytes, not in characters: a combining mark after a token would make its last character another one.
struct TokenRedactor: Sendable {
  /// How the message of a 401 response spells the query with the token. This is not a secret.
  static let example = "?token=TOKEN,"
  private static let hidden = "[redacted]"
  /// Longer texts are truncated, in bytes.
  private static let longest = 256
  /// A target may be percent-encoded more than once.
  private static let decodings = 3

  private let token: String?

  /// - Parameter token: the server's; nil when it requires none.
  init(_ token: AccessToken?) {
    self.token = token?.text.lowercased()
  }

  /// The path of a request's target. A path that contains the token, or something presented as a token, is not shown at
  /// all.
  func path(_ target: String) -> String {
    let path = Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
    // The absolute form of a target may contain a user name and a password.
    if path.utf8.first != UInt8(ascii: "/"), path.utf8.contains(UInt8(ascii: "@")) { return Self.hidden }
    return revealsToken(path) ? "/\(Self.hidden)" : bounded(path)
  }

  /// A method, a host, or a message about a request.
  func text(_ text: String) -> String {
    let hasCredentials = text.utf8.contains(UInt8(ascii: "@")) && text.utf8.contains("://".utf8)
    let isHidden = hasCredentials || revealsToken(text.replacing(Self.example, with: "")[...])
    return isHidden ? Self.hidden : bounded(text[...])
  }

  /// The text without control characters, truncated to ``longest``.
  private func bounded(_ text: Substring) -> String {
    guard text.utf8.count > Self.longest else { return PlainText.sanitized(String(text)) }
    return PlainText.sanitized(String(decoding: text.utf8.prefix(Self.longest), as: UTF8.self) + "…")
  }

  /// Whether the text, decoded up to ``decodings`` times, contains the token or a parameter named `token`. A text that is
  /// encoded more often counts as one that does.
  private func revealsToken(_ text: Substring) -> Bool {
    var text = text.lowercased()
    for _ in 0...Self.decodings {
      if text.utf8.contains("token=".utf8) { return true }
      if let token, text.utf8.contains(token.utf8) { return true }
      let decoded = Self.decoded(text)
      guard decoded.utf8.count < text.utf8.count else { return false }
      text = decoded.lowercased()
    }
    return true
  }

  /// Decodes percent-encoding where it is well-formed, and keeps the rest as it is.
  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      let digits = byte == UInt8(ascii: "%") ? String(decoding: rest.prefix(2), as: UTF8.self) : ""
      let escaped = digits.utf8.count == 2 ? UInt8(digits, radix: 16) : nil
      if escaped != nil { rest = rest.dropFirst(2) }
      bytes.append(escaped ?? byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
