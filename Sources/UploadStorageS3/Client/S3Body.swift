package import NIOCore

/// What a request sends as its body.
package enum S3Body: Sendable {
  case bytes(ByteBuffer)
  /// A region of an open file, which is sent again on a retry.
  /// - Parameters:
  ///   - descriptor: must remain open until the call that was given the body returns; read at offsets, never moved.
  ///   - offset: where the region begins, in bytes.
  ///   - length: how many bytes it has; the file must have them until the call returns.
  ///   - sha256: the digest of the region, 32 bytes; not needed where ``S3Client/signsFiles`` is false.
  case file(descriptor: CInt, offset: UInt64, length: UInt64, sha256: [UInt8])

  /// How many bytes it has.
  package var length: UInt64 {
    switch self {
    case .bytes(let buffer): UInt64(buffer.readableBytes)
    case .file(_, _, let length, _): length
    }
  }
}
