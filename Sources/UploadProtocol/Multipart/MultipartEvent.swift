package import NIOCore

/// What a ``MultipartParser`` found. Text fields and form controls without a file chosen are not reported.
package enum MultipartEvent: Equatable, Sendable {
  /// A file begins. Next: `body` or `partEnded`.
  case partBegan(MultipartPartHead)
  /// The file's next bytes, never empty, in the storage of the buffer they came in. Next: `body` or `partEnded`.
  case body(ByteBuffer)
  /// The file is complete. Next: `partBegan` or `ended`.
  case partEnded
  /// The closing delimiter was seen; whatever follows is dropped. Next: nothing.
  case ended
}
