/// What kind of EBML document a file is, by the standard's way (MIME Sniffing, section 6.2.2): the element `DocType` is
/// looked for in the first 38 bytes.
enum Matroska {
  /// `webm`, `matroska` or another; nil when it is no EBML, or does not say early.
  static func documentType(of header: [UInt8]) -> String? {
    guard header.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) else { return nil }
    for start in 4..<38 where header.number(2, at: start, bigEndian: true) == 0x4282 {
      guard let (size, length) = number(header, at: start + 2), size <= 32 else { continue }
      let text = header.dropFirst(start + 2 + length)
      guard text.count >= size else { continue }
      // Zeros may fill it up, on either side.
      return text.prefix(size).filter { $0 != 0 }.repairedText
    }
    return nil
  }

  /// A number of variable length, and how many bytes it takes.
  private static func number(_ header: [UInt8], at start: Int) -> (value: Int, length: Int)? {
    guard let first = header.dropFirst(start).first, first != 0 else { return nil }
    let length = first.leadingZeroBitCount + 1
    // A name's length takes no more than two bytes.
    guard length <= 2, let whole = header.number(length, at: start, bigEndian: true) else { return nil }
    return (whole & (1 << (7 * length) - 1), length)
  }
}
