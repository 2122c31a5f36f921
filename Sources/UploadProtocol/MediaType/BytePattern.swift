import UploadCore

/// A row of a table of signatures: bytes that a file of some type has at some place.
struct BytePattern: Sendable {
  let type: String
  /// Where the bytes are.
  let offset: Int
  /// What they are, each one under its mask.
  let bytes: [UInt8]
  /// Which bits count; nil for all.
  let mask: [UInt8]?
  /// Whether whitespace may come before.
  let skipsWhitespace: Bool

  /// A signature in hexadecimal: `52 49 .. 46`, where `..` is any byte.
  init(_ type: String, hex: StaticString, at offset: Int = 0) {
    let digits = hex.withUTF8Buffer { Array($0).split(separator: ASCII.space).map(Array.init) }
    self.init(
      type,
      bytes: digits.map { Self.byte($0) ?? 0 },
      mask: digits.map { Self.byte($0) == nil ? 0 : 0xFF },
      at: offset
    )
  }

  /// A signature in ASCII.
  init(_ type: String, _ text: String, at offset: Int = 0, skipsWhitespace: Bool = false) {
    self.init(type, bytes: Array(text.utf8), mask: nil, at: offset, skipsWhitespace: skipsWhitespace)
  }

  /// - Parameters:
  ///   - bytes: 0 wherever the mask is.
  ///   - mask: as many as there are bytes.
  init(_ type: String, bytes: [UInt8], mask: [UInt8]?, at offset: Int = 0, skipsWhitespace: Bool = false) {
    self.type = type
    self.offset = offset
    self.bytes = bytes
    self.mask = mask
    self.skipsWhitespace = skipsWhitespace
  }

  /// The standard's pattern matching algorithm (MIME Sniffing, section 6).
  func matches(_ header: [UInt8]) -> Bool {
    var start = offset
    if skipsWhitespace { start += header.dropFirst(offset).prefix(while: Self.isWhitespace).count }
    guard header.count - start >= bytes.count else { return false }
    return bytes.indices.allSatisfy { header[start + $0] & (mask?[$0] ?? 0xFF) == bytes[$0] }
  }

  /// The standard's whitespace bytes.
  static func isWhitespace(_ byte: UInt8) -> Bool {
    byte == ASCII.space || byte == ASCII.tab || byte == ASCII.lineFeed || byte == ASCII.carriageReturn || byte == 0x0C
  }

  private static func byte(_ digits: [UInt8]) -> UInt8? {
    digits.count == 2 ? Hexadecimal.byte(digits[0], digits[1]) : nil
  }
}

extension Sequence<BytePattern> {
  /// The type of the first pattern that matches.
  func type(of header: [UInt8]) -> String? {
    first { $0.matches(header) }?.type
  }
}

/// Reading numbers and words out of a file's first bytes, where any of them may be missing.
extension [UInt8] {
  /// Whether `text` stands at `offset`.
  func has(_ text: StaticString, at offset: Int) -> Bool {
    text.withUTF8Buffer {
      offset >= 0 && count - offset >= $0.count && self[offset..<offset + $0.count].elementsEqual($0)
    }
  }

  /// The unsigned number of `length` bytes, at most four, at `offset`; nil where the bytes end before.
  func number(_ length: Int, at offset: Int, bigEndian: Bool) -> Int? {
    guard offset >= 0, count - offset >= length else { return nil }
    let bytes = self[offset..<offset + length]
    return bigEndian ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The size of the first box of an ISO base media file, where it can be one: whole, and of whole words.
  var boxSize: Int? {
    guard count >= 12, let size = number(4, at: 0, bigEndian: true), size <= count, size % 4 == 0 else { return nil }
    return size
  }
}
