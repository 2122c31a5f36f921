/// The header of a tar archive without the mark of later formats, as Unix version 7 wrote it: told by its checksum.
enum TarHeader {
  private static let length = 512
  /// Where the checksum is: octal digits, blanks before or behind them.
  private static let checksum = 148..<156

  /// Whether a file begins with one that has a name and whose checksum is right.
  static func begins(_ header: [UInt8]) -> Bool {
    guard header.count >= length, header[0] != 0 else { return false }
    let field = header[checksum].drop { $0 == ASCII.space }.prefix { $0 >= 0x30 && $0 <= 0x37 }
    guard !field.isEmpty else { return false }
    let stated = field.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    // Counted as if the field itself were blank.
    let rest = header[..<checksum.lowerBound] + header[checksum.upperBound..<length]
    let blanks = checksum.count * Int(ASCII.space)
    // Some old programs took the bytes for signed.
    return stated == rest.reduce(blanks) { $0 + Int($1) }
      || stated == rest.reduce(blanks) { $0 + Int(Int8(bitPattern: $1)) }
  }
}
