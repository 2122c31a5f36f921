/// Ways in which a network may cut a message into pieces: what a parser must not notice.
package enum SplitFeeder {
  /// Every cut of `bytes` into two (an empty first or second piece among them), then a byte at a time.
  ///
  /// As many ways as there are bytes, plus two, made one by one.
  package static func ways(_ bytes: [UInt8]) -> some Sequence<[[UInt8]]> {
    (0...bytes.count + 1).lazy.map { cut in
      cut > bytes.count ? bytes.map { [$0] } : [Array(bytes[..<cut]), Array(bytes[cut...])]
    }
  }

  /// `bytes` in pieces of `length`, the last one shorter.
  package static func pieces(_ bytes: [UInt8], of length: Int) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: max(1, length)).map {
      Array(bytes[$0..<min(bytes.count, $0 + max(1, length))])
    }
  }
}
