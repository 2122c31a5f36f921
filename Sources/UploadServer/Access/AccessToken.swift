package import UploadCore

/// What a client must show to be let in.
package struct AccessToken: Sendable {
  /// Bytes, since that is what is compared.
  private let bytes: [UInt8]

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The fewest characters: what can be guessed protects nothing.
  private static let shortest = 8
  /// So long are ours: 130 bits.
  private static let length = 26
  private static let letters = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

  /// A token that the server's user chose.
  /// - Throws: ``UploadError`` with code `badValue` when it would not pass through a header field and a URL unchanged.
  ///   The message does not repeat it.
  package init(_ text: String) throws(UploadError) {
    guard text.utf8.count >= Self.shortest, text.utf8.allSatisfy(Self.isPlain) else {
      throw UploadError(
        .badValue,
        "A token has at least \(Self.shortest) characters, letters, digits and - . _ ~ only."
      )
    }
    bytes = Array(text.utf8)
  }

  /// A new one from the system's generator.
  package init() {
    var generator = SystemRandomNumberGenerator()
    bytes = (0..<Self.length).map { _ in Self.letters[Int(generator.next() & 31)] }
  }

  /// Compares in the same time wherever the difference lies.
  func matches(_ candidate: some StringProtocol) -> Bool {
    let other = Array(candidate.utf8)
    var difference = UInt8(other.count == bytes.count ? 0 : 1)
    for index in bytes.indices { difference |= bytes[index] ^ (index < other.count ? other[index] : 0) }
    return difference == 0
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == 0x5F || byte == UInt8(ascii: "~")
    }
  }
}
