/// How much of the piece that the network layer has, the socket has taken by now.
struct PieceProgress {
  /// Bytes of content in the piece; 0 between pieces.
  private(set) var size = 0

  /// Bytes of the piece that have been reported.
  private(set) var counted = 0

  /// Whether the network layer has a piece.
  var isUnderway: Bool { size > 0 }

  /// A piece of `count` bytes goes to the network layer.
  mutating func begin(_ count: Int) {
    size = count
    counted = 0
  }

  /// The network layer still has `queued` bytes. What stands around the content counts among them as if it were content,
  /// so that this may be a few bytes low, never high.
  /// - Returns: bytes that have been taken since the last report.
  mutating func note(queued: Int) -> Int {
    let news = max(0, size - queued - counted)
    counted += news
    return news
  }

  /// The socket has taken the whole piece.
  /// - Returns: bytes that have been taken since the last report.
  mutating func end() -> Int {
    defer { begin(0) }
    return size - counted
  }
}
