import Basics
package import UploadCore

/// The secret that a client must present to use the server.
package struct AccessToken: Sendable {
  private let bytes: [UInt8]

  /// The token in clear, as clients send it.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The fewest characters of a token that a user chooses, so that it cannot be guessed easily.
  private static let shortest = 8
  /// The number of characters in a generated token, 5 bits each: 130 bits.
  private static let length = 26
  private static let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

  /// A token that the server's user chose: at least 8 ASCII letters, digits and `-._~`, which pass through a header
  /// field and a URL unchanged (RFC 3986 section 2.3).
  /// - Throws: ``UploadError`` with code `badValue` for any other text. The message does not repeat it.
  package init(_ text: String) throws(UploadError) {
    guard text.utf8.count >= Self.shortest,
      text.utf8.allSatisfy({ $0.isAlphanumeric || "-._~".utf8.contains($0) })
    else {
      let message = "A token has at least \(Self.shortest) characters, letters, digits and - . _ ~ only."
      throw UploadError(.badValue, message)
    }
    bytes = Array(text.utf8)
  }

  /// A new token of 26 random characters, 130 bits, from the system's secure generator.
  package init() {
    var generator = SystemRandomNumberGenerator()
    bytes = (0..<Self.length).map { _ in Self.letters[Int(generator.next() & 31)] }
  }

  /// Whether `candidate` is this token, byte for byte. Takes the same time wherever the first difference lies, so that
  /// the time does not help to guess.
  func matches(_ candidate: some StringProtocol) -> Bool {
    let other = Array(candidate.utf8)
    var difference = UInt8(other.count == bytes.count ? 0 : 1)
    for index in bytes.indices { difference |= bytes[index] ^ (index < other.count ? other[index] : 0) }
    return difference == 0
  }
}

/// Makes texts about a request safe for events and logs: replaces a text with a token or a URL's credentials as a
/// whole, replaces control characters, and truncates after 256 bytes. Callable on any thread.
///
/// Searches in bytes, not in characters: a combining mark after a token would make its last character another one.
struct TokenRedactor: Sendable {
  /// The example of a query with a token in the message of a 401 response. ``text(_:)`` does not hide it.
  static let example = "?token=TOKEN,"
  private static let hidden = "[redacted]"
  /// The length in bytes after which a text is truncated.
  private static let longest = 256
  /// How often a text is decoded in search of a token: a target may be percent-encoded more than once.
  private static let decodings = 3

  private let tokens: [String]

  /// - Parameter tokens: the server's; without any, texts with `token=` are hidden all the same.
  init(_ tokens: [AccessToken]) {
    self.tokens = tokens.map { $0.text.lowercased() }
  }

  /// The path of a request's target, without query and fragment. In its place `/[redacted]` when it contains the token
  /// or `token=`, in any case and percent-encoded or not, or is percent-encoded more than three times; `[redacted]` for
  /// a URL with credentials.
  func path(_ target: String) -> String {
    let path = Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
    // The absolute form of a target may contain a user name and a password.
    if path.utf8.first != UInt8(ascii: "/"), path.utf8.contains(UInt8(ascii: "@")) { return Self.hidden }
    return revealsToken(path) ? "/\(Self.hidden)" : bounded(path)
  }

  /// A method, a host, or a message about a request. In its place `[redacted]` when it contains the token, a `token=`
  /// that is not part of ``example`` (both in any case, percent-encoded or not) or a URL with credentials, or is
  /// percent-encoded more than three times.
  func text(_ text: String) -> String {
    let hasCredentials = text.utf8.contains(UInt8(ascii: "@")) && text.utf8.containsBytes("://".utf8)
    let isHidden = hasCredentials || revealsToken(text.replacing(Self.example, with: "")[...])
    return isHidden ? Self.hidden : bounded(text[...])
  }

  /// The text without control characters, truncated to ``longest``.
  private func bounded(_ text: Substring) -> String {
    guard text.utf8.count > Self.longest else { return PlainText.sanitized(String(text)) }
    return PlainText.sanitized(String(decoding: text.utf8.prefix(Self.longest), as: UTF8.self) + "…")
  }

  /// Whether the text, decoded up to ``decodings`` times, contains the token or a parameter named `token`. A text that
  /// is encoded more often counts as one that does.
  private func revealsToken(_ text: Substring) -> Bool {
    var text = text.lowercased()
    for _ in 0...Self.decodings {
      if text.utf8.containsBytes("token=".utf8) { return true }
      if tokens.contains(where: { text.utf8.containsBytes($0.utf8) }) { return true }
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
