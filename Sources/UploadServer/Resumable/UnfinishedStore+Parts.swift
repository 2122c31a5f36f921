import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

extension UnfinishedStore {
  /// Appends the content of complete parts (tus) to a new upload.
  /// - Parameters:
  ///   - ids: of the parts in order, perhaps repeated.
  ///   - limit: on the size of the file; nil for none.
  ///   - mayUse: whether the request may know of a part.
  /// - Returns: the record with its offset, its length and the type that the content begins with, none of which is
  ///   recorded but the offset. Fails with ``UploadError``: with code `badRequest` when a part does not exist, may not be
  ///   used or is not complete, and with `tooLarge`.
  func concatenate(
    _ ids: [String],
    into record: UnfinishedRecord,
    upTo limit: SizeSetting?,
    on eventLoop: any EventLoop,
    mayUse: @escaping @Sendable (UnfinishedRecord) -> Bool
  ) -> EventLoopFuture<UnfinishedRecord> {
    // Each is read once, however often it is repeated.
    let found = Set(ids).compactMap { UnfinishedID($0) }.map { self.find($0, on: eventLoop) }
    return EventLoopFuture.whenAllSucceed(found, on: eventLoop).flatMap { found in
      let known = found.compactMap { $0 }.filter { mayUse($0) && $0.isCompletePart }
      let byID = Dictionary(known.map { ($0.id.description, $0) }) { first, _ in first }
      let parts = ids.compactMap { byID[$0] }
      guard parts.count == ids.count else {
        let message = "A part does not exist or is not complete. Upload all parts before the final request."
        return eventLoop.makeFailedFuture(UploadError(.badRequest, message))
      }
      // Before anything is copied.
      if let limit, parts.reduce(UInt64(0), { $0.saturatingSum($1.offset) }) > limit.bytes {
        return eventLoop.makeFailedFuture(UploadError.tooLarge(limit: limit))
      }
      return self.concatenate(parts, into: record, on: eventLoop).map { length in
        var whole = record
        (whole.offset, whole.length) = (length, length)
        whole.detectedType = parts.first?.detectedType
        return whole
      }
    }
  }
}
