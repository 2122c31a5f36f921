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
