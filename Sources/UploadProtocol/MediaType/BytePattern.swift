import UploadCore

/// A signature: bytes at a fixed offset, or behind whitespace from there on, that show the format of a file.
struct BytePattern: Sendable {
  /// Where the bytes begin in the file.
  private let offset: Int
  /// The expected bytes, with the bits cleared that ``mask`` excludes.
  private let bytes: [UInt8]
  /// For each byte the bits that are compared.
  private let mask: [UInt8]
  /// Whether whitespace between ``offset`` and the bytes is skipped.
  private let skipsWhitespace: Bool

  /// A pattern of bytes.
  /// - Parameters:
  ///   - bytes: must be 0 in the bits that `mask` excludes, otherwise nothing matches.
  ///   - mask: the bits to compare, one mask for each of `bytes`; nil compares all bits.
  ///   - offset: where the bytes begin in the file.
  ///   - skipsWhitespace: whether whitespace may come before the bytes, from `offset` on.
  init(_ bytes: [UInt8], mask: [UInt8]? = nil, at offset: Int = 0, skipsWhitespace: Bool = false) {
    self.offset = offset
    self.bytes = bytes
    self.mask = mask ?? bytes.map { _ in 0xFF }
    self.skipsWhitespace = skipsWhitespace
  }

  /// A pattern of ASCII characters, compared with their case; see ``init(_:mask:at:skipsWhitespace:)``.
  init(_ text: String, at offset: Int = 0, skipsWhitespace: Bool = false) {
    self.init(Array(text.utf8), at: offset, skipsWhitespace: skipsWhitespace)
  }

  /// A pattern of two hexadecimal digits per byte, separated by spaces, such as `52 49 .. 46`; `..` matches any byte.
  init(hex: String, at offset: Int = 0) {
    let values = hex.utf8.split(separator: ASCII.space).map { Hexadecimal.byte($0.first, $0.last) }
    self.init(values.map { $0 ?? 0 }, mask: values.map { $0 == nil ? 0 : 0xFF }, at: offset)
  }

  /// Whether a file that begins with `header` has this signature (MIME Sniffing, section 6, pattern matching
  /// algorithm); false where the bytes end before it does.
  func matches(_ header: [UInt8]) -> Bool {
    var start = offset
    if skipsWhitespace { start += header.dropFirst(offset).prefix(while: Self.isWhitespace).count }
    guard header.count - start >= bytes.count else { return false }
    return bytes.indices.allSatisfy { header[start + $0] & mask[$0] == bytes[$0] }
  }

  /// Whether files with this signature may have `byte` as their first.
  func mayBegin(with byte: UInt8) -> Bool {
    guard offset == 0, let first = bytes.first else { return true }
    return byte & mask[0] == first || skipsWhitespace && Self.isWhitespace(byte)
  }

  /// Whether a byte is one of the standard's whitespace bytes, which include the form feed.
  static func isWhitespace(_ byte: UInt8) -> Bool {
    ASCII.isWhitespace(byte) || byte == 0x0C
  }
}

/// Reads texts and numbers at an offset in the first bytes of a file, which may end before them.
extension [UInt8] {
  /// Whether the bytes at `offset` are `text`; false where the bytes end before or `offset` is negative.
  func has(_ text: StaticString, at offset: Int) -> Bool {
    text.withUTF8Buffer {
      offset >= 0 && count - offset >= $0.count && self[offset..<offset + $0.count].elementsEqual($0)
    }
  }

  /// The unsigned number of `length` bytes, at most four, at `offset`; nil where the bytes end before or `offset` is
  /// negative.
  /// - Parameter bigEndian: whether the most significant byte comes first.
  func number(_ length: Int, at offset: Int, bigEndian: Bool = true) -> Int? {
    guard offset >= 0, count - offset >= length else { return nil }
    let bytes = self[offset..<offset + length]
    return bigEndian ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
