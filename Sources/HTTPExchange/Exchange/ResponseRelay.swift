import NIOCore

/// Passes the body of a response to its receiver, one buffer after the other.
///
/// The connection is not read while the receiver has a buffer: the server can send no more than the kernel buffers. When the
/// server closes the connection, SwiftNIO reads the rest of the kernel's buffer at once, which then waits here.
struct ResponseRelay {
  /// Received buffers that are not passed on yet, because the receiver has the one before; the first first.
  private var waiting = CircularBuffer<ByteBuffer>()
  /// Whether the receiver has a buffer.
  private(set) var isPassing = false
  /// Whether the channel has asked for a read that was not made.
  private var isReadPending = false

  /// The next bytes were received.
  /// - Returns: what to pass on now; nil to wait for ``passedOn()``.
  mutating func received(_ bytes: ByteBuffer) -> ByteBuffer? {
    guard !isPassing else {
      waiting.append(bytes)
      return nil
    }
    isPassing = true
    return bytes
  }

  /// The receiver has used its buffer.
  /// - Returns: what to pass on next; nil when there is nothing.
  mutating func passedOn() -> ByteBuffer? {
    if let next = waiting.popFirst() { return next }
    isPassing = false
    return nil
  }

  /// The channel asks for a read from the connection.
  /// - Returns: whether to make it now; otherwise ``takePendingRead()`` says when.
  mutating func readRequested() -> Bool {
    isReadPending = isPassing
    return !isPassing
  }

  /// Whether a read that had to wait is to be made now.
  mutating func takePendingRead() -> Bool {
    guard isReadPending, !isPassing else { return false }
    isReadPending = false
    return true
  }

  /// No read of the connection can be made any more.
  mutating func connectionLost() { isReadPending = false }

  /// Nothing more is passed on, and reads no longer wait.
  mutating func stop() {
    waiting = CircularBuffer()
    isPassing = false
  }
}
