package import NIOCore
package import UploadCore

/// A place where uploads are stored, and read again: any that can stage a file completely before the file gets its name.
/// Servers know a store by this protocol alone. ``DiskStore`` stores on local disks.
///
/// A file passes through three values: a ``FinalizeRequest`` says what it is to become, a ``StagedFile`` is complete
/// but has no name yet, and a ``StoredFile`` has its name. An ``OpenFile`` is a stored file being read.
package protocol UploadStore: Sendable {
  /// Begins to store one file; call it on `eventLoop`. Does not block; failures reach the delegate, perhaps within this
  /// call.
  /// - Parameters:
  ///   - meter: states what is known of the size; gets stored and durable bytes, the memory in use and the phase.
  ///   - hash: computes digests of the content as it arrives; nil for none.
  ///   - condition: checked before the first byte is stored, with whether a file could be published at its path; repeat it in the ``FinalizeRequest`` to have it checked at
  ///     the end too. nil for none.
  ///   - eventLoop: the loop that the returned sink, and its delegate, live on.
  ///   - delegate: is notified on `eventLoop`; not retained.
  func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink

  /// What happens when a file of that name exists and the request does not say.
  var onDuplicate: DuplicatePolicy { get }

  /// Checks a condition before an upload begins that is stored by other means than ``begin(_:hash:condition:on:delegate:)``,
  /// and whether a file could be published at its path now.
  /// - Returns: fails with ``UploadError``: with what the condition throws, or code `nameTaken`.
  func check(_ condition: PublishCondition, on eventLoop: any EventLoop) -> EventLoopFuture<Void>

  /// Stores small files that have arrived completely, each by itself and whatever becomes of the others. Does not block.
  /// - Parameters:
  ///   - files: at least one. Their meters get stored and durable bytes.
  ///   - completion: called once, on `eventLoop`, when the last has ended, perhaps within this call: the results in the
  ///     order of the files. Each fails as ``UploadSink/finalize(_:)`` does, or with `CancellationError` when the store
  ///     has been shut down.
  func store(
    _ files: [CompleteFile],
    on eventLoop: any EventLoop,
    completion: @escaping @Sendable ([Result<StoredFile, any Error>]) -> Void
  )

  /// Gives staged files of this store their names: all of them, or none. Of several with the same requested path all
  /// but the first are numbered; where the policy is `error` the call fails.
  /// - Returns: the files in the order given; fails with ``UploadError``, or `CancellationError` when the store has
  ///   been shut down, and leaves nothing behind, except what has replaced another file before the store failed.
  func publish(_ files: [any StagedFile], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]>

  /// Deletes staged files that are not to be published; ignores those of other stores. Does not block.
  func discard(_ files: [any StagedFile])

  /// Keeps uploads that are sent in several requests; nil for a store that cannot.
  var unfinished: (any UnfinishedStore)? { get }

  /// The requests to another machine that stores the files; nil where this one does.
  var counters: StoreCounters? { get }

  // MARK: Reading

  /// Checks that files can be stored and read now: that the place where they are stored is available.
  /// - Throws: ``UploadError`` that says why not, or `CancellationError` when the store has been shut down.
  func check() async throws

  /// Opens a stored file for reading, by its exact path: the names of directories and the file, separated by slashes.
  /// - Returns: nil when there is no file at that path, or it cannot be opened; also for a directory, and for a path that
  ///   leads over a symbolic link, contains `.`, `..` or an empty component, or names the store's own files.
  /// - Throws: what ``check()`` throws.
  func open(_ path: NameBytes) async throws -> (any OpenFile)?

  /// Opens a stored file, by its exact name, and calls `body` with it, in one step on a thread of the store, where it may
  /// block.
  /// - Returns: what `body` returns, on `eventLoop`; nil when there is no file of that name, or it cannot be opened.
  ///   Fails with what ``check()`` and `body` throw.
  func open<Result: Sendable>(
    _ name: NameBytes,
    on eventLoop: any EventLoop,
    _ body: @escaping @Sendable (any OpenFile) throws -> Result
  ) -> EventLoopFuture<Result?>

  /// The stored files and the directories in one directory now, without files that are still being stored.
  /// - Parameter directory: its exact path, names separated by slashes; empty for the root.
  /// - Returns: nil when all names together need more of the memory budget than listings may use; waits for memory that
  ///   uploads are to release.
  /// - Throws: what ``check()`` throws; ``UploadError`` with code `notFound` when there is no such directory, or
  ///   `storageFailed` when the system has no memory left.
  func list(_ directory: NameBytes) async throws -> (any FileListing)?

  /// Makes a directory, with its parents, synced as far as configured.
  /// - Returns: whether it was created; false when it existed, as the root does.
  /// - Throws: what ``check()`` throws; ``UploadError`` with code `nameTaken` when a component is no directory, or why it
  ///   cannot be created.
  func makeDirectory(_ path: DirectoryPath) async throws -> Bool

  /// Free bytes where files are stored, including those that are to stay free or are promised to running uploads; nil
  /// when that is not known. May block.
  func freeSpace() -> UInt64?

  /// How many bytes further uploads may have: the free ones, without those that are to stay free or are promised to running
  /// uploads; nil when that is not known.
  /// - Throws: what ``check()`` throws.
  func availableSpace() async throws -> UInt64?
}

extension UploadStore {
  /// This machine stores the files.
  package var counters: StoreCounters? { nil }
}

/// Accepts the bytes of one upload. Lives on one event loop; every call is made there.
package protocol UploadSink: AnyObject {
  /// Says what the file is going to be: once, as soon as its path and type are known, which takes a few kilobytes of it.
  /// The request that ends the file may state more, but the same path. A store that has to name a large file before its last
  /// byte has arrived needs this; others ignore it.
  func announce(_ request: FinalizeRequest)

  /// Accepts the next bytes. Bytes for which there is no room yet are queued, so that none are lost; check ``hasRoom``
  /// before writing more. Ignored once the end was requested, or the upload has failed or was aborted.
  func write(_ bytes: ByteBuffer)

  /// Whether more bytes may be written. Where not, ``UploadSinkDelegate/sinkHasRoom()`` is called once they may, unless
  /// the upload ends before.
  var hasRoom: Bool { get }

  /// Ends the file, which is to be published later by ``UploadStore/publish(_:on:)``, with others of a form: writes the
  /// bytes that are left, compares the digests and syncs as far as configured.
  /// - Returns: fails with ``UploadError``: with code `contentMismatch` when a digest is not the expected one,
  ///   `cancelled` when the end was requested before or the upload is over, otherwise why the file cannot be stored.
  func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile>

  /// Ends the file and gives it its name: stages and publishes in one step. The bytes that have arrived are the whole
  /// file, even if it is an interrupted upload that is kept.
  /// - Returns: the file under its name; fails with ``UploadError``, as ``stage(_:)`` does or for the name, and leaves
  ///   nothing behind, unless it has replaced another file before the store failed.
  func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile>

  /// Releases everything and leaves nothing in the store; a pending future fails with code `cancelled`, and the
  /// delegate is not notified. Does nothing after ``stage(_:)`` has succeeded. After ``finalize(_:)`` it may be too
  /// late: then the future completes as if this had not been called.
  func abort()
}

extension UploadSink {
  /// For stores that name a file at its end.
  package func announce(_ request: FinalizeRequest) {}
}

/// Is notified when an ``UploadSink`` has room again, or has failed; always on the sink's event loop.
package protocol UploadSinkDelegate: AnyObject {
  /// There is room again after ``UploadSink/hasRoom`` was false: more bytes may be written.
  func sinkHasRoom()
  /// The upload cannot be stored: the future of ``UploadSink/stage(_:)`` or ``UploadSink/finalize(_:)``, if one is
  /// pending, has failed, and the sink releases everything by itself. May be called within
  /// ``UploadStore/begin(_:hash:condition:on:delegate:)``. Not called after ``UploadSink/abort()``, nor when
  /// ``UploadStore/publish(_:on:)`` fails.
  func sinkFailed(_ error: UploadError)
}

/// A small file of which every byte has arrived, in memory.
package struct CompleteFile: Sendable {
  package let meter: UploadMeter
  /// Its whole content.
  package let content: ByteBuffer
  /// Computes digests of the content, of which it has no bytes yet; nil for none.
  package let hash: (any ContentHash)?
  package let request: FinalizeRequest

  package init(_ content: ByteBuffer, _ request: FinalizeRequest, hash: (any ContentHash)?, meter: UploadMeter) {
    (self.content, self.request, self.hash, self.meter) = (content, request, hash, meter)
  }
}

/// A file that is complete, and synced as far as configured, but has no name yet. Only the store that staged it can
/// publish it. Deleted with its last reference unless it has been published.
package protocol StagedFile: Sendable {
  /// The meter of the upload that it was received by.
  var meter: UploadMeter { get }
}

/// How a file is to be finalized once its last byte has arrived.
package struct FinalizeRequest: Sendable {
  /// The requested path; the store may have to number the name. Its directories are made when the file is published.
  package var path: FilePath
  /// The modification time to set, in seconds since 1970; nil for the time at which the last byte is written.
  package var modified: Int64?
  /// Media type to note with the file; nil for none.
  package var type: String?
  /// The digests that its content must have; otherwise nothing is stored. Each must be computed, by the hash given to
  /// ``UploadStore/begin(_:hash:condition:on:delegate:)`` or by ``late``.
  package var expected: ContentDigests
  /// Computes digests that were not requested before the end, for which the file is read again; nil for none.
  package var late: (any ContentHash)?
  /// What the file that has the name must satisfy when this one is published; nil for no condition.
  package var condition: PublishCondition?
  /// What happens when the name is taken; nil for the store's configured policy.
  package var onDuplicate: DuplicatePolicy?

  package init(
    path: FilePath,
    modified: Int64? = nil,
    type: String? = nil,
    expected: ContentDigests = ContentDigests(),
    late: (any ContentHash)? = nil,
    condition: PublishCondition? = nil,
    onDuplicate: DuplicatePolicy? = nil
  ) {
    self.path = path
    self.modified = modified
    self.type = type
    self.expected = expected
    self.late = late
    self.condition = condition
    self.onDuplicate = onDuplicate
  }
}

/// What the file at the requested path must satisfy for an upload to be published.
///
/// Given both to ``UploadStore/begin(_:hash:condition:on:delegate:)`` and in the ``FinalizeRequest``, it is checked
/// when the upload begins and again when the file gets its name, so that an upload published in between is noticed.
package struct PublishCondition: Sendable {
  /// The requested path; nil when the request names none, so that no file can be there.
  package let path: FilePath?
  /// Throws why the upload must not be published. Gets the version of the file at the path; nil when there is none.
  /// Called on a thread of the store.
  package let check: @Sendable (FileVersion?) throws(UploadError) -> Void

  package init(path: FilePath?, check: @escaping @Sendable (FileVersion?) throws(UploadError) -> Void) {
    self.path = path
    self.check = check
  }

  /// No condition of the request: only whether a file could be published at the path, so that a conflict of a file with a
  /// directory is noticed before the body is received.
  package static func place(_ path: FilePath) -> PublishCondition { PublishCondition(path: path) { _ in } }
}

/// A file in the store, as it was when it was stored or opened.
package struct StoredFile: Sendable, Equatable {
  /// The whole path, byte for byte: the names of directories and the file, separated by slashes.
  package var nameBytes: NameBytes
  /// The path as text; bytes that are not UTF-8 are escaped.
  package var name: String { nameBytes.description }
  /// In bytes.
  package var size: UInt64
  /// Media type as noted when it was stored; nil where that is not known.
  package var type: String?
  /// Last change, in seconds since 1970.
  package var modified: Int64
  /// Whether storing it has replaced another file of that name; false for a file that was opened.
  package var replaced: Bool
  /// Those digests of its content that are known: computed when it was stored, or noted with it then.
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
  /// Differs between contents, even if their bytes are equal but were stored at different times. Letters, digits and
  /// hyphens.
  package let text: String

  package init(modified: Int64, text: String) {
    self.modified = modified
    self.text = text
  }
}
