/// Ways in which a network may split a message into chunks, which must make no difference to a parser.
package enum SplitFeeder {
  /// Every split of `bytes` into two chunks (of which one may be empty), then a byte at a time.
  ///
  /// There are two more ways than bytes; each is made when it is used.
  package static func ways(_ bytes: [UInt8]) -> some Sequence<[[UInt8]]> {
    (0...bytes.count + 1).lazy.map { cut in
      cut > bytes.count ? bytes.map { [$0] } : [Array(bytes[..<cut]), Array(bytes[cut...])]
    }
  }

  /// `bytes` in chunks of `length` bytes, at least 1; the last may be shorter. No chunk for no bytes.
  package static func pieces(_ bytes: [UInt8], of length: Int) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: max(1, length)).map {
      Array(bytes[$0..<min(bytes.count, $0 + max(1, length))])
    }
  }
}
