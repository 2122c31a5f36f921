import UploadCore
import UploadProtocol

extension OpenedSource {
  /// How much is read at once for a digest, in bytes.
  private static let pieceSize = 1 << 20

  /// The media type that the first bytes show; nil when they show none, and of a stream, which can be read only once.
  func detectedType() throws(UploadError) -> String? {
    guard let size else { return nil }
    return try MediaTypeSniffer.type { (offset, count) throws(UploadError) in
      let offset = UInt64(offset)
      return try bytes(at: offset, count: Int(min(UInt64(count), size - min(offset, size))))
    }
  }

  /// The digests of what a regular file holds, read again after it was sent.
  /// - Throws: ``UploadError`` with code `fileChanged`, `unreadableFile` or `cancelled`.
  func digests(_ hash: any ContentHash, isCancelled: () -> Bool) throws(UploadError) -> ContentDigests {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 4096)
    defer { buffer.deallocate() }
    var hash = hash
    var offset: UInt64 = 0
    let size = size ?? 0
    while offset < size {
      guard !isCancelled() else { throw UploadCancellation.error }
      let wanted = Int(min(UInt64(Self.pieceSize), size - offset))
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += UInt64(count)
      // It ends before it should: the check knows how to say that.
      if count < wanted { break }
    }
    try check()
    return hash.digests
  }

  private func bytes(at offset: UInt64, count: Int) throws(UploadError) -> [UInt8] {
    try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer throws(UploadError) in
      Array(buffer.prefix(try read(into: buffer, at: offset)))
    }
  }
}
