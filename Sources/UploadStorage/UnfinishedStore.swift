package import NIOCore
package import UploadCore

/// The part of a store that keeps unfinished uploads: each has a record and the bytes that have arrived, and later
/// requests continue it, also after a restart or a crash of the server.
///
/// A recorded offset is a promise: the bytes before it are synced as far as the durability requires, and it never
/// decreases. At most one sink appends to an upload at a time; callers see to that. What is on the disk is the truth:
/// another server on the same directory may have continued an upload.
package protocol UnfinishedStore: Sendable {
  /// Recovers what an earlier run has left: deletes what cannot be continued, publishes what was about to be published,
  /// and syncs the bytes of which the offsets are then promised. Call it once, before any other call. Blocks.
  /// - Returns: all uploads that can be continued, and the finished ones that are still remembered.
  func recover() -> [UnfinishedRecord]

  /// Creates an upload without bytes. Succeeds when its record is synced as far as the durability requires.
  /// - Returns: fails with ``UploadError``, as ``UploadStore/begin(_:hash:condition:on:delegate:)`` does.
  func create(_ record: UnfinishedRecord, on eventLoop: any EventLoop) -> EventLoopFuture<Void>

  /// Reads the record of an upload.
  /// - Returns: nil when there is none of that ID, or its file is damaged; fails with ``UploadError`` when the place
  ///   where uploads are stored is not available.
  func find(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<UnfinishedRecord?>

  /// Begins to append to an upload at its offset; call it on `eventLoop`. Does not block; failures reach the delegate,
  /// perhaps within this call.
  /// - Parameters:
  ///   - record: as ``find(_:on:)`` returned it: the bytes are appended at its offset.
  ///   - isProvisional: whether the bytes count only once ``AppendSink/suspend()`` or `finalize` is called: until then
  ///     no offset includes them, and ``UploadSink/abort()`` drops them.
  ///   - meter: gets stored and durable bytes, the memory in use and the phase.
  ///   - hash: computes digests of the whole content, and has no bytes yet; nil for none. Where the store does not
  ///     remember the digest of the bytes before the offset, it reads these again at the end.
  func append(
    to record: UnfinishedRecord,
    isProvisional: Bool,
    meter: UploadMeter,
    hash: (any ContentHash)?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any AppendSink

  /// Reads the first bytes of an upload: `count`, or as many as there are before its offset.
  /// - Parameter record: as ``find(_:on:)`` returned it.
  /// - Returns: fewer bytes, perhaps none, when the file does not have them any more; fails with ``UploadError``.
  func firstBytes(_ record: UnfinishedRecord, count: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer>

  /// Whether ``concatenate(_:into:on:)`` is supported.
  var canConcatenate: Bool { get }

  /// Copies the content of other uploads, in order, into an upload that has no bytes yet. The others do not change.
  ///
  /// While the property `concatenating` of the upload is `1`, ``recover()`` deletes it: no client knows its URL yet. The
  /// caller sets it at the creation, and removes it afterwards.
  /// - Returns: the new offset of the upload: the sum of theirs; fails with ``UploadError``.
  func concatenate(
    _ parts: [UnfinishedRecord],
    into record: UnfinishedRecord,
    on eventLoop: any EventLoop
  ) -> EventLoopFuture<UInt64>

  /// Changes what is recorded of an upload, but neither its offset nor its content.
  /// - Returns: the new record; nil when there is none of that ID; fails with ``UploadError``.
  func update(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop,
    _ change: @escaping @Sendable (inout UnfinishedRecord) -> Void
  ) -> EventLoopFuture<UnfinishedRecord?>

  /// Deletes an upload with its bytes and its record; a file that has been published stays. Ignores unknown IDs.
  /// - Returns: succeeds when it is deleted; fails with ``UploadError`` when its record cannot be deleted, as on a
  ///   read-only file system: then the upload is as it was.
  func remove(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<Void>
}

extension UnfinishedStore {
  package var canConcatenate: Bool { true }
}

/// Accepts the bytes that one request appends to an unfinished upload.
///
/// `finalize` publishes the upload's whole content, and records that. `stage` is not supported. `abort` ends the request
/// without a promise for its bytes: those that have been recorded before remain.
package protocol AppendSink: UploadSink {
  /// Ends the request, but not the upload: writes all bytes that have arrived, syncs them as far as the durability
  /// requires, and records the offset.
  /// - Returns: the new offset in bytes; fails with ``UploadError`` as `stage` does.
  func suspend() -> EventLoopFuture<UInt64>
}

/// Identifies an unfinished upload in URLs: 128 random bits in base64url, 22 characters.
package struct UnfinishedID: Hashable, Sendable, CustomStringConvertible {
  /// The 22 characters.
  package let description: String

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// A new random ID, which cannot be guessed.
  package init() {
    var generator = SystemRandomNumberGenerator()
    var (high, low) = (generator.next(), generator.next())
    var text: [UInt8] = []
    for _ in 0..<22 {
      text.append(Self.alphabet[Int(low & 63)])
      low = low >> 6 | high << 58
      high >>= 6
    }
    description = String(decoding: text, as: UTF8.self)
  }

  /// Reads an ID; nil for everything that ``init()`` does not make, such as a path.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 22, text.utf8.allSatisfy(Self.alphabet.contains) else { return nil }
    description = String(text)
  }
}

/// What a store knows of an unfinished upload, or of one that was finished a short time ago.
package struct UnfinishedRecord: Sendable, Equatable {
  /// How far the upload has come.
  package enum State: Sendable, Equatable {
    /// Bytes may be appended.
    case unfinished
    /// All bytes have arrived, and the file is being published, or was when the server stopped.
    case publishing
    /// The file is published under its name.
    case finished(StoredFile)
    /// It cannot be continued, for example because a request has exceeded its length. Its bytes are deleted.
    case gone
  }

  package var id: UnfinishedID
  /// The protocol that governs it, as the server names it.
  package var protocolName: String
  /// The path of the request that created it, with its query without tokens.
  package var target: String
  /// The path under which it is to be published; nil for a generated name.
  package var path: FilePath?
  /// The modification time to set, in seconds since 1970; nil for the time at which the last byte is written.
  package var modified: Int64?
  /// The media type that the client stated; nil for none.
  package var declaredType: String?
  /// The content's length in bytes; nil while it is not known.
  package var length: UInt64?
  /// Further properties that the protocol needs later, such as the metadata or the preconditions of the creation. The
  /// store does not interpret them, except `concatenating`
  /// (``UnfinishedStore/concatenate(_:into:on:)``). At most 16 KiB.
  package var properties: [String: String] = [:]
  /// The digests that the content must have.
  package var expected = ContentDigests()
  /// Seconds since 1970.
  package var created: Int64
  /// Seconds since 1970; from then on the upload may be deleted.
  package var expires: Int64
  /// A hash of the access token that the creation presented; nil where none was required.
  package var owner: String?
  /// The ``ClientAddress`` key of the client that created it: limits are counted by it.
  package var client: String
  /// The address of the client as it is shown.
  package var remote: String
  /// Bytes that have arrived and are promised. The store sets it.
  package var offset: UInt64 = 0
  /// The store sets `publishing` and `finished`.
  package var state = State.unfinished

  package init(
    id: UnfinishedID = UnfinishedID(),
    protocolName: String,
    target: String,
    path: FilePath? = nil,
    modified: Int64? = nil,
    declaredType: String? = nil,
    length: UInt64? = nil,
    created: Int64,
    expires: Int64,
    client: String,
    remote: String
  ) {
    self.id = id
    self.protocolName = protocolName
    self.target = target
    self.path = path
    self.modified = modified
    self.declaredType = declaredType
    self.length = length
    self.created = created
    self.expires = expires
    self.client = client
    self.remote = remote
  }
}
