/// Looks for the mark of an ISO 9660 disc image, `CD001` behind the 32 KiB that the standard leaves to others
/// (ECMA-119 section 8.1). Keeps a position, not the bytes before it.
struct DiscSignature: Sendable {
  static let type = "application/x-iso9660-image"

  private static let mark = Array("CD001".utf8)
  private static let offset = 32_769

  private var position = 0
  /// Bytes of the mark that have been seen.
  private var matched = 0

  /// Whether it is a disc image; nil while the mark has not come.
  private(set) var verdict: Bool?

  mutating func append(_ bytes: some Collection<UInt8>) {
    guard verdict == nil else { return }
    let (start, count) = (position, bytes.count)
    position += count
    guard position > Self.offset else { return }
    for byte in bytes.dropFirst(max(0, Self.offset + matched - start)) {
      guard byte == Self.mark[matched] else { return verdict = false }
      matched += 1
      if matched == Self.mark.count { return verdict = true }
    }
  }
}
