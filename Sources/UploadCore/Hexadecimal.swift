/// Bytes written as two hexadecimal digits each.
package enum Hexadecimal {
  /// The digits of all bytes, in lower case.
  package static func text(_ bytes: some Sequence<UInt8>) -> String {
    bytes.lazy.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }

  /// The byte of two digits in either case; nil when one of them is missing, or is none.
  package static func byte(_ high: UInt8?, _ low: UInt8?) -> UInt8? {
    guard let high = high.flatMap(value), let low = low.flatMap(value) else { return nil }
    return high << 4 | low
  }

  /// A text with its escapes undone, such as `%41` in URLs and `=41` in mail; nil when a mark is not followed by two
  /// digits.
  /// - Parameters:
  ///   - mark: what an escape begins with.
  ///   - space: what stands for a space as well; nil for nothing.
  package static func undoingEscapes(
    in text: some Collection<UInt8>,
    mark: UInt8,
    space: UInt8? = nil
  ) -> [UInt8]? {
    var result: [UInt8] = []
    var bytes = text.makeIterator()
    while let byte = bytes.next() {
      if byte == mark {
        guard let escaped = Self.byte(bytes.next(), bytes.next()) else { return nil }
        result.append(escaped)
      } else {
        result.append(byte == space ? UInt8(ascii: " ") : byte)
      }
    }
    return result
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
