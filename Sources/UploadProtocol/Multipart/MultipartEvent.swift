package import NIOCore
package import UploadCore

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

/// What a file part says about itself. All of it is untrusted: names are neither safe to show nor safe to open.
package struct MultipartPartHead: Equatable, Sendable {
  /// The form control's name; nil when the part has none, which is accepted.
  package var fieldName: String?

  /// The file's name as the client meant it, unescaped, not always UTF-8, with any directories still in it. Nil only for
  /// a nested multipart/mixed body, empty when the client has a file without a name.
  package var filename: NameBytes?

  /// The part's Content-Type as it was written.
  package var contentType: String?

  /// The part's Content-Length in bytes where it states one that is a number. The delimiter alone decides where a part
  /// ends, so this is only a hint (RFC 7578 section 4.8 has receivers ignore it).
  package var contentLength: UInt64?

  /// What the part's content must have, by its own `Repr-Digest` or `Content-Digest` (RFC 9530).
  package var digests = ContentDigests()
}
