/// Text between the brackets of a paste, collected until the closing one, however that is cut.
struct PasteBuffer {
  /// 1 MiB; what comes beyond is dropped.
  static let limit = 1 << 20

  private static let end = Array("\u{1B}[201~".utf8)
  private var bytes: [UInt8] = []
  /// How much of the closing bracket has been seen.
  private var matched = 0

  /// Takes a byte.
  /// - Returns: the whole text when that byte completed the closing bracket, with line ends as LF.
  mutating func append(_ byte: UInt8) -> String? {
    if bytes.count < Self.limit + Self.end.count { bytes.append(byte) }
    if byte == Self.end[matched] {
      matched += 1
    } else {
      matched = byte == Self.end[0] ? 1 : 0
    }
    guard matched == Self.end.count else { return nil }
    if bytes.suffix(Self.end.count).elementsEqual(Self.end) {
      bytes.removeLast(Self.end.count)
    }
    return text
  }

  /// Terminals send CR where a line ends, as the enter key does.
  private var text: String {
    var text = String.UnicodeScalarView()
    var isAfterReturn = false
    for scalar in String(decoding: bytes.prefix(Self.limit), as: UTF8.self).unicodeScalars {
      if scalar != "\n" || !isAfterReturn { text.append(scalar == "\r" ? "\n" : scalar) }
      isAfterReturn = scalar == "\r"
    }
    return String(text)
  }
}
