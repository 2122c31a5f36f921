import NIOCore
import UploadProtocol
import UploadStorage

extension ResumableUploads {
  /// How many first bytes are read again at most. The type of content that needs more, such as an archive whose first
  /// entry is larger, is the one that these show.
  static let inspectedAgain = 256 * 1024

  /// Continues the type detection of an upload whose type is not known, and of which this server has not seen all bytes:
  /// they came before a restart, to another server, or as parts. Reads the first ones again.
  /// - Returns: nil where nothing has to be read; fails with ``UploadError``.
  func resumeDetection(of record: UnfinishedRecord, on eventLoop: any EventLoop) -> EventLoopFuture<Void>? {
    guard case .none = record.detectedType, record.offset > 0 else { return nil }
    let entry = known(record, on: eventLoop)
    if entry.sniffer != nil, entry.inspected == record.offset { return nil }
    let count = min(Self.inspectedAgain, Int(clamping: record.offset))
    return store.firstBytes(record, count: count, on: eventLoop).map { bytes in
      // Otherwise the store reports what is wrong as soon as bytes are appended.
      guard bytes.readableBytes == count else { return }
      var sniffer = MediaTypeSniffer()
      if case .needMore = sniffer.append(bytes.readableBytesView), record.offset > UInt64(count) { sniffer.conclude() }
      self.note(sniffer, of: record.id, inspected: record.offset)
    }
  }
}
