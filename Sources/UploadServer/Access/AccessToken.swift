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
