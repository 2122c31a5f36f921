/// Damage to a request: what a broken client, or one that means harm, might make of it.
enum FuzzDamage {
  private enum Way: CaseIterable {
    case flip, set, delete, duplicate, insert, splice, truncate
  }

  /// Bytes with a meaning somewhere in a request.
  private static let tokens = [
    "\r\n", "\r", "\n", "\u{0}", "%", "\"", "\\", "--", ":", " ", "\t", ";", ",", "=", "0", "F", "\r\n\r\n", "\r\n ",
    "HTTP/1.1", "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "\r\n0\r\n\r\n",
    "\r\n--Z\r\n", "\r\n--Z--\r\n", "*=utf-8''", "/../", "\u{202E}", "\u{7F}",
  ]

  /// Does one thing to `bytes`.
  /// - Parameter other: a request whose end may replace that of `bytes`; not used when empty.
  static func apply(to bytes: inout [UInt8], splicing other: [UInt8], _ random: inout FuzzRandom) {
    guard !bytes.isEmpty else { return }
    let place = random.below(bytes.count)
    let length = 1 + random.below(random.oneIn(4) ? bytes.count - place : min(16, bytes.count - place))
    switch random.pick(Way.allCases) {
    case .flip: bytes[place] ^= 1 << UInt8(random.below(8))
    case .set: bytes[place] = UInt8(random.below(256))
    case .delete: bytes.removeSubrange(place..<place + length)
    case .duplicate: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
    case .insert: bytes.insert(contentsOf: random.pick(tokens).utf8, at: place)
    case .splice where !other.isEmpty:
      bytes.replaceSubrange(place..., with: other[random.below(other.count)...])
    case .splice, .truncate: bytes.removeSubrange(place...)
    }
  }
}
