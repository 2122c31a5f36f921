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
  ///   - meter: gets stored and durable bytes, the memory in use and the phase.
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

  /// Gives staged files of this store their names: all of them, or none. Two with the same requested name are numbered
  /// where that is allowed.
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
  /// - Returns: nil when the memory budget has no room for all names.
  /// - Throws: what ``check()`` throws; ``UploadError`` with code `storageFailed` when the system has no memory left.
  func list() async throws -> (any FileListing)?

  /// Bytes that may still be stored; nil when that is not known. May block.
  func freeSpace() -> UInt64?
}

/// Accepts the bytes of one upload. Lives on one event loop; every call is made there.
package protocol UploadSink: AnyObject {
  /// Accepts the next bytes. Bytes for which there is no room yet are queued, so that none are lost; check ``hasRoom``
  /// before writing more.
  func write(_ bytes: ByteBuffer)

  /// Whether more bytes may be written. Where not, ``UploadSinkDelegate/sinkHasRoom()`` is called once they may.
  var hasRoom: Bool { get }

  /// Ends the file, which is one of a form's: writes the bytes that are left, compares the digests and syncs.
  /// - Returns: fails with ``UploadError``, with code `contentMismatch` when a digest is not the expected one.
  func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile>

  /// Ends the file and gives it its name: stages and publishes in one step. The bytes that have arrived are the whole file,
  /// even if it is an interrupted upload that is kept.
  /// - Returns: the file under its name; fails with ``UploadError`` and leaves nothing behind, unless it has replaced
  ///   another file before the store failed.
  func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile>

  /// Releases everything and leaves nothing in the store. Does nothing after ``stage(_:)`` has succeeded. After
  /// ``finalize(_:)`` it may be too late: then the future still succeeds.
  func abort()
}

/// Is notified of what happens to an ``UploadSink`` between calls; always on the sink's event loop.
package protocol UploadSinkDelegate: AnyObject {
  /// There is room again: more bytes may be written.
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

/// How a file is to be finalized once its last byte has arrived.
package struct FinalizeRequest: Sendable {
  /// The requested name; the store may have to number it.
  package var name: FileName
  /// Media type to note with the file.
  package var type: String?
  /// The digests that its content must have; otherwise nothing is stored.
  package var expected: ContentDigests
  /// Computes digests that were not requested before the end, for which the file has to be read again.
  package var late: (any ContentHash)?
  /// What the file that has the name must satisfy when this one is published; nil for no condition.
  package var condition: PublishCondition?
  /// What happens when the name is taken; nil for the store's configured policy.
  package var onDuplicate: DuplicatePolicy?

  package init(
    name: FileName,
    type: String? = nil,
    expected: ContentDigests = ContentDigests(),
    late: (any ContentHash)? = nil,
    condition: PublishCondition? = nil,
    onDuplicate: DuplicatePolicy? = nil
  ) {
    self.name = name
    self.type = type
    self.expected = expected
    self.late = late
    self.condition = condition
    self.onDuplicate = onDuplicate
  }
}

/// What the file that has the requested name must satisfy for an upload to be published.
///
/// It is checked when the upload begins and again at the moment in which the file gets its name, so that an upload that
/// was published in between is noticed.
package struct PublishCondition: Sendable {
  /// The requested name; nil when the request names none, so that no file can have it.
  package let name: FileName?
  /// Throws why the upload must not be published. Gets the version of the file that has the name; nil when none has.
  package let check: @Sendable (FileVersion?) throws(UploadError) -> Void

  package init(name: FileName?, check: @escaping @Sendable (FileVersion?) throws(UploadError) -> Void) {
    self.name = name
    self.check = check
  }
}

/// A file in the store.
package struct StoredFile: Sendable, Equatable {
  /// The name, byte for byte.
  package var nameBytes: NameBytes
  /// The name as text; bytes that are not UTF-8 are escaped.
  package var name: String { nameBytes.description }
  /// In bytes.
  package var size: UInt64
  /// Media type as noted when it was stored; nil where that is not known.
  package var type: String?
  /// Last change, in seconds since 1970.
  package var modified: Int64
  /// Whether it has replaced another file of that name.
  package var replaced: Bool
  /// Those digests of its content that were computed when it was stored.
  package var digests: ContentDigests

  package init(
    name: NameBytes,
    size: UInt64,
    type: String?,
    modified: Int64,
    replaced: Bool = false,
    digests: ContentDigests = ContentDigests()
  ) {
    nameBytes = name
    self.size = size
    self.type = type
    self.modified = modified
    self.replaced = replaced
    self.digests = digests
  }
}

/// Distinguishes the contents that a name has had, as far as the store can.
package struct FileVersion: Sendable, Equatable {
  /// Last change, in seconds since 1970.
  package let modified: Int64
  /// Differs between contents: letters, digits and hyphens.
  package let text: String

  package init(modified: Int64, text: String) {
    self.modified = modified
    self.text = text
  }
}
