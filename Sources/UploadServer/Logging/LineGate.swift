import NIOCore

/// Lets so many lines a second through and counts the others: a client that sends nonsense must not fill a log. A pure
/// machine; its time is given to it.
struct LineGate: Sendable {
  /// Lines a second.
  static let most = 10

  private var second = NIODeadline.distantPast
  private var count = 0
  private var skipped = 0

  /// Asks for a line.
  /// - Returns: nil when it is to be left out, else how many have been left out before it.
  mutating func pass(at now: NIODeadline) -> Int? {
    if now - second >= .seconds(1) { (second, count) = (now, 0) }
    guard count < Self.most else {
      skipped += 1
      return nil
    }
    count += 1
    defer { skipped = 0 }
    return skipped
  }
}
