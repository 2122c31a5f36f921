/// Percent-encoding of paths and queries (RFC 3986 section 2.1).
package enum PercentEncoding {
  /// Returns `text` with its escapes undone; nil when a `%` is not followed by two hexadecimal digits. Bytes that do not
  /// make up UTF-8 are repaired with U+FFFD. `plusIsSpace` is for values of a query, where forms write `+` for a space.
  package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    decodedBytes(text.utf8, plusIsSpace: plusIsSpace)?.repairedText
  }

  /// Returns `text` with every byte escaped that is not unreserved (RFC 3986 section 2.3): fit for one segment of a path
  /// and for a name or value of a query.
  package static func encode(_ text: String) -> String {
    encode(text.utf8)
  }

  /// The same for bytes, which need not be UTF-8.
  package static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var result: [UInt8] = []
    for byte in bytes {
      if isUnreserved(byte) {
        result.append(byte)
      } else {
        result += [ASCII.percent, ASCII.hexDigit(byte >> 4), ASCII.hexDigit(byte)]
      }
    }
    return result.repairedText
  }

  /// ``decode(_:plusIsSpace:)`` before the bytes are taken as text.
  package static func decodedBytes(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
    var result: [UInt8] = []
    var bytes = text.makeIterator()
    while let byte = bytes.next() {
      switch byte {
      case ASCII.percent:
        guard let high = bytes.next().flatMap(ASCII.hexValue), let low = bytes.next().flatMap(ASCII.hexValue) else {
          return nil
        }
        result.append(high << 4 | low)
      case ASCII.plus where plusIsSpace:
        result.append(ASCII.space)
      default:
        result.append(byte)
      }
    }
    return result
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    ASCII.isAlphanumeric(byte) || byte == ASCII.dash || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "~")
  }
}
