/// Text that begins with a byte order mark: UTF-8, or UTF-16 of either order.
enum MarkedText {
  /// The text behind the mark in UTF-8; nil without a mark. A scalar that the bytes end in is left out, what is not
  /// valid is replaced.
  static func utf8(_ header: [UInt8]) -> [UInt8]? {
    if header.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(header.dropFirst(3)) }
    guard header.starts(with: [0xFE, 0xFF]) || header.starts(with: [0xFF, 0xFE]) else { return nil }
    let isBigEndian = header[0] == 0xFE
    let units = stride(from: 2, to: header.count - 1, by: 2).map { index in
      let (first, second) = (UInt16(header[index]), UInt16(header[index + 1]))
      return isBigEndian ? first << 8 | second : second << 8 | first
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
  }
}
