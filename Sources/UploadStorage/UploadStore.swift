package import NIOCore
package import UploadCore

/// A place where uploads end up. A local directory is one; others come through the same door and the same budget.
package protocol UploadStore: Sendable {
  /// Begins to store one file. Nothing blocks; what goes wrong reaches the delegate.
  /// - Parameters:
  ///   - meter: gets stored and durable bytes, the slabs held and the phase.
  ///   - hash: computes digests of the content on its way; nil for none.
  ///   - condition: checked before there is room for the first byte; to be given again at the end, in ``FileEnd``.
  ///   - eventLoop: the loop that the returned sink, and its delegate, live on.
  func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink

  /// Gives sealed uploads their names: all of them, or none. Two of one name are numbered where they may not be refused.
  /// - Returns: the files in the order given; fails with ``UploadError`` and leaves nothing behind, but what has replaced
  ///   another file before the disk failed.
  func publish(_ uploads: [SealedUpload], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]>

  /// Drops sealed uploads that are not to be published. Nothing blocks.
  func discard(_ uploads: [SealedUpload])
}

extension UploadStore {
  /// Begins to store one file, whatever has its name.
  package func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink {
    begin(meter, hash: hash, condition: nil, on: eventLoop, delegate: delegate)
  }
}

/// Where the bytes of one upload go. Lives on one event loop; every call is made there.
package protocol UploadSink: AnyObject {
  /// Takes the next bytes; keeps those that find no room yet, so that none are lost, but ask ``hasRoom`` before
  /// bringing more.
  func write(_ bytes: ByteBuffer)

  /// Whether everything so far has found room. When it has not, the delegate hears when it has.
  var hasRoom: Bool { get }

  /// No byte comes after this: writes what is left, compares the digests and syncs.
  /// - Returns: fails with ``UploadError``, with code `contentMismatch` when a digest is not the one expected.
  func seal(_ end: FileEnd) -> EventLoopFuture<SealedUpload>

  /// No byte comes after this, and no other file belongs to it: seals and publishes in one.
  /// - Returns: the file under its name; fails with ``UploadError`` and leaves nothing behind, unless it has replaced
  ///   another file before the disk failed.
  func store(_ end: FileEnd) -> EventLoopFuture<StoredFile>

  /// No byte comes after this although more were to come: stores what has come under a name that is not taken, numbered
  /// if need be, whatever the store does otherwise when a name is taken.
  func keep(as name: FileName) -> EventLoopFuture<StoredFile>

  /// Gives everything back and leaves nothing in the store. Also right after ``seal(_:)``; after ``store(_:)`` it may
  /// come too late, which the future tells.
  func abort()
}

/// Hears what happens to an ``UploadSink`` between calls; always on the sink's event loop.
package protocol UploadSinkDelegate: AnyObject {
  /// Everything has found room: more bytes may come.
  func sinkHasRoom()
  /// The upload cannot be stored; the sink has already given everything back.
  func sinkFailed(_ error: UploadError)
}
