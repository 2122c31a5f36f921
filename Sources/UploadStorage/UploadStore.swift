package import NIOCore
package import UploadCore

/// A place where uploads are stored, and read again: any that can stage a file completely before the file gets its name.
/// Servers know a store by this protocol alone. ``DiskStore`` stores on local disks.
///
/// A file passes through three values: a ``FinalizeRequest`` says what it is to become, a ``StagedFile`` is complete and
/// synced but has no name yet, and a ``StoredFile`` has its name. An ``OpenFile`` is a stored file being read.
package protocol UploadStore: Sendable {
  /// Begins to store one file. Does not block; failures reach the delegate.
  /// - Parameters:
  ///   - meter: gets stored and durable bytes, the memory held and the phase.
  ///   - hash: computes digests of the content as it arrives; nil for none.
  ///   - condition: checked before the first byte is accepted; to be repeated at the end, in ``FinalizeRequest``.
  ///   - eventLoop: the loop that the returned sink, and its delegate, live on.
  func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink

  /// Gives staged files of this store their names: all of them, or none. Two with one requested name are numbered where
  /// that is allowed.
  /// - Returns: the files in the order given; fails with ``UploadError`` and leaves nothing behind, except what has
  ///   replaced another file before the store failed.
  func publish(_ files: [any StagedFile], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]>

  /// Deletes staged files that are not to be published. Does not block.
  func discard(_ files: [any StagedFile])

  // MARK: Reading

  /// Checks that files can be stored and read now.
  /// - Throws: ``UploadError`` that says why not.
  func check() async throws

  /// Opens a stored file for reading.
  /// - Returns: nil when there is no file of that name.
  /// - Throws: what ``check()`` throws.
  func open(_ name: NameBytes) async throws -> (any OpenFile)?

  /// The stored files now.
  /// - Returns: nil when the memory budget has no room for so many names.
  /// - Throws: what ``check()`` throws; ``UploadError`` with code `storageFailed` when the system has no memory left.
  func list() async throws -> (any FileListing)?

  /// Bytes that may still be stored; nil when that is not known. May block.
  func freeSpace() -> UInt64?
}

extension UploadStore {
  /// Begins to store one file without a condition.
  package func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink {
    begin(meter, hash: hash, condition: nil, on: eventLoop, delegate: delegate)
  }
}

/// Accepts the bytes of one upload. Lives on one event loop; every call is made there.
package protocol UploadSink: AnyObject {
  /// Accepts the next bytes. Bytes without room are queued, so that none are lost; check ``hasRoom`` before writing more.
  func write(_ bytes: ByteBuffer)

  /// Whether everything written so far has found room. When it has not, the delegate is notified once it has.
  var hasRoom: Bool { get }

  /// Ends the file, which belongs to a form of several: writes what is left, compares the digests and syncs.
  /// - Returns: fails with ``UploadError``, with code `contentMismatch` when a digest is not the expected one.
  func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile>

  /// Ends the file and gives it its name: stages and publishes in one step. What has arrived is the whole file, also when
  /// an interrupted upload is kept.
  /// - Returns: the file under its name; fails with ``UploadError`` and leaves nothing behind, unless it has replaced
  ///   another file before the store failed.
  func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile>

  /// Releases everything and leaves nothing in the store. Does nothing after ``stage(_:)`` has succeeded. After
  /// ``finalize(_:)`` it may be too late: then the future still succeeds.
  func abort()
}

/// Is notified of what happens to an ``UploadSink`` between calls; always on the sink's event loop.
package protocol UploadSinkDelegate: AnyObject {
  /// Everything has found room: more bytes may be written.
  func sinkHasRoom()
  /// The upload cannot be stored; the sink has already released everything.
  func sinkFailed(_ error: UploadError)
}

/// A file that is complete, and synced as far as configured, but has no name yet. Only the store that staged it can
/// publish it.
package protocol StagedFile: Sendable {
  /// The upload that it was received by.
  var meter: UploadMeter { get }
}
