/// Counts the informational responses of one exchange (RFC 9110 section 15.2), so that a server that sends nothing else
/// cannot keep it alive for ever.
struct InformationalResponseCount {
  /// The most that are read while the body does not move, before the server counts as broken.
  private static let limit = 64

  /// Those since the body moved last.
  private var count = 0
  /// How many bytes of the body were sent at the last one.
  private var sentBytes: UInt64 = 0

  /// Counts a response.
  /// - Parameter sent: bytes of the body that have been sent.
  /// - Returns: false when there are too many.
  mutating func add(sentBytes sent: UInt64) -> Bool {
    if sent > sentBytes { (count, sentBytes) = (0, sent) }
    count += 1
    return count <= Self.limit
  }
}
