import HTTPTypes
import NIOCore

/// What arrives of a body while the store still prepares for it.
struct QueuedInput {
  /// How a body ends.
  enum End {
    case complete(trailers: HTTPFields?)
  }

  private var chunks = CircularBuffer<ByteBuffer>()
  private(set) var end: End?

  /// Whether no bytes are queued; their end may be.
  var isEmpty: Bool { chunks.isEmpty }

  mutating func append(_ bytes: ByteBuffer) {
    chunks.append(bytes)
  }

  mutating func append(_ end: End) {
    self.end = end
  }

  mutating func removeFirst() -> ByteBuffer? { chunks.popFirst() }

  /// Removes the end, once all chunks are.
  mutating func removeEnd() -> End? {
    guard chunks.isEmpty else { return nil }
    defer { end = nil }
    return end
  }

  mutating func removeAll() {
    self = QueuedInput()
  }
}
