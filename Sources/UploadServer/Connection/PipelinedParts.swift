/// Counts the parts of requests that a client has pipelined behind the one being served. The parts themselves are in the
/// ``RequestQueue``.
struct PipelinedParts {
  private var parts = 0
  private var ends = 0
  /// Parts are being taken from the queue.
  private(set) var isDraining = false

  var isEmpty: Bool { parts == 0 }

  /// Whether the end of a request is queued.
  var hasEnd: Bool { ends > 0 }

  /// A part goes into the queue.
  mutating func enqueue(_ part: RequestPart) {
    parts += 1
    if part == .end { ends += 1 }
  }

  /// A part leaves the queue.
  mutating func dequeue(_ part: RequestPart) {
    parts -= 1
    if part == .end { ends -= 1 }
  }

  /// The queue is discarded.
  mutating func removeAll() {
    (parts, ends) = (0, 0)
  }

  /// Begins to take parts from the queue.
  /// - Returns: false while that is under way: a response within it continues in the outer loop, since thousands of
  ///   requests that are served at once would be as many calls deep.
  mutating func beginDraining() -> Bool {
    guard !isDraining else { return false }
    isDraining = parts > 0
    return true
  }

  /// - Returns: whether parts could be taken since ``beginDraining()``.
  mutating func endDraining() -> Bool {
    defer { isDraining = false }
    return isDraining
  }
}
