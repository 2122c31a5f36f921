import NIOCore
import Synchronization
import UploadCore
import UploadStorage

/// The objects of unfinished uploads: reads and writes them. What they mean is decided elsewhere.
struct UnfinishedObjects: Sendable {
  /// How often an upload is read again that another server changes at the same time.
  private static let readAttempts = 5
  /// The pause before the first of those again, in milliseconds; each later one is twice as long.
  private static let readPause = 50
  private static let headers = S3ObjectHeaders(contentType: "application/json")

  /// To the bucket.
  let requests: any S3Requests
  /// The keys of the objects.
  let naming: ObjectNaming
  /// What the engine was seen to support.
  let capabilities: S3Capabilities

  /// The newest lease of an upload.
  struct Lease: Sendable {
    var seen: LeaseStateMachine.Seen
    var content: StoredContent
  }

  /// All objects of an upload.
  struct Found: Sendable {
    var record: UnfinishedRecord
    /// Nil before the first byte.
    var lease: Lease?
    /// All objects but the record and the newest lease.
    var others: [UnfinishedPart]
  }

  // MARK: Reading

  /// Reads an upload: three requests, or two before its first byte.
  /// - Returns: nil where there is none of that ID, or it is damaged.
  /// - Throws: ``S3Failure``: with kind `server` where its lease cannot be found.
  func find(_ id: UnfinishedID) async throws(S3Failure) -> Found? {
    for attempt in 0..<Self.readAttempts {
      // The list of OpenStack Swift may lag behind: whether there is an upload is what its record says.
      guard let record = try await record(id) else { return nil }
      let parts = try await list(id)
      guard let number = parts.compactMap(\.leaseNumber).max() else {
        return Found(record: record, lease: nil, others: parts.filter { $0.kind != .record })
      }
      let newest = UnfinishedPart(id: id, kind: .lease(number))
      if let lease = try await lease(newest, number) {
        return Found(record: record, lease: lease, others: parts.filter { $0.kind != .record && $0 != newest })
      }
      // Another server has created the next one since, which the list shows soon.
      if attempt < Self.readAttempts - 1 { try? await Task.sleep(for: .milliseconds(Self.readPause << attempt)) }
    }
    throw S3Failure(.server, "The state of the upload cannot be found in the object store now. Try again later.")
  }

  /// The objects of an upload that are there.
  func list(_ id: UnfinishedID) async throws(S3Failure) -> [UnfinishedPart] {
    var (parts, continuation): ([UnfinishedPart], String?) = ([], nil)
    repeat {
      let page = try await requests.list(prefix: naming.all(of: id), delimiter: nil, continuation: continuation)
      parts += page.objects.compactMap { naming.part(ofKey: $0.key) }
      continuation = page.continuation
    } while continuation != nil
    return parts
  }

  /// The record of an upload, without what its lease says; nil where there is none, or it is damaged.
  func record(_ id: UnfinishedID) async throws(S3Failure) -> UnfinishedRecord? {
    let limit = UnfinishedDocument.maximumSize
    guard let (_, text) = try await requests.getSmall(naming.record(of: id), upTo: limit) else { return nil }
    return UnfinishedDocument.entry(of: id, in: Array(text.readableBytesView))?.record
  }

  /// A lease; nil where there is none, or it is damaged.
  /// - Parameter number: its own.
  func lease(_ part: UnfinishedPart, _ number: Int) async throws(S3Failure) -> Lease? {
    guard let (object, text) = try await requests.getSmall(naming.key(of: part), upTo: StoredContent.longest),
      let content = StoredContent(text.readableBytesView)
    else { return nil }
    let seen = LeaseStateMachine.Seen(number: number, modified: object.modified, isReleased: content.isReleased)
    return Lease(seen: seen, content: content)
  }

  /// Whether another server has become the holder of an upload.
  /// - Parameters:
  ///   - number: of the lease; less than ``UnfinishedPart/highestNumber``.
  ///   - writer: of the lease: ``StoredContent/writer``.
  ///   - wasLate: whether the lease was written so late that this may have created it again. Then all later ones count, not only
  ///     the next one, which may be deleted already.
  func isTakenOver(_ id: UnfinishedID, number: Int, writer: String, wasLate: Bool) async throws(UploadError) -> Bool {
    try await fetching { () async throws(S3Failure) in
      // Leases are deleted in the order of their numbers: once the next one is deleted again, this one is, too.
      let next = UnfinishedPart(id: id, kind: .lease(number + 1))
      if try await requests.head(naming.key(of: next)) != nil { return true }
      if wasLate, try await list(id).contains(where: { $0.leaseNumber ?? 0 > number }) { return true }
      return try await lease(UnfinishedPart(id: id, kind: .lease(number)), number)?.content.writer != writer
    }
  }

  /// Streams the bytes behind the last part.
  /// - Parameters:
  ///   - limit: how many; nil for all.
  ///   - onBytes: as in ``S3Client/get(_:range:ifMatch:onBytes:)``.
  /// - Throws: ``S3Failure``: with kind `rejected` when there are fewer.
  func read(
    _ tail: StoredContent.Tail,
    of id: UnfinishedID,
    upTo limit: UInt64? = nil,
    onBytes: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>
  ) async throws(S3Failure) {
    let count = Atomic<UInt64>(0)
    let wanted = min(tail.size, limit ?? tail.size)
    let key = naming.key(of: UnfinishedPart(id: id, kind: .tail(tail.number)))
    try await requests.get(key, range: 0..<wanted, ifMatch: nil) { bytes in
      count.wrappingAdd(UInt64(bytes.readableBytes), ordering: .relaxed)
      return onBytes(bytes)
    }
    guard count.load(ordering: .relaxed) == wanted else {
      throw S3Failure(.rejected, "The object store has lost bytes of the upload. Send the file again.")
    }
  }

  // MARK: Writing

  /// Stores the bytes behind the last part.
  func write(_ rest: SpooledPart, to part: UnfinishedPart) async throws(S3Failure) {
    let headers = S3ObjectHeaders(contentType: "application/octet-stream")
    try await requests.put(naming.key(of: part), rest.body, headers, ifAbsent: false)
  }

  /// Stores the record of an upload.
  func write(_ record: UnfinishedRecord) async throws(S3Failure) {
    let bytes: [UInt8]
    do {
      bytes = try UnfinishedDocument.bytes(of: UnfinishedEntry(record: record))
    } catch {
      throw S3Failure(.rejected, "The record of an upload cannot be written.", cause: error)
    }
    let key = naming.record(of: record.id)
    try await requests.put(key, .bytes(ByteBuffer(bytes: bytes)), Self.headers, ifAbsent: false)
  }

  /// Writes a lease again.
  func replace(_ content: StoredContent, _ part: UnfinishedPart) async throws(UploadError) {
    try await storing { () async throws(S3Failure) in
      try await requests.put(naming.key(of: part), body(content), Self.headers, ifAbsent: false)
    }
  }

  private func body(_ content: StoredContent) throws(S3Failure) -> S3Body {
    do {
      return try content.body
    } catch {
      throw S3Failure(.rejected, "The lease of an upload cannot be written.", cause: error)
    }
  }

  /// Creates a lease.
  /// - Returns: false where another server has created it.
  func create(_ content: StoredContent, _ part: UnfinishedPart) async throws(S3Failure) -> Bool {
    do throws(S3Failure) {
      try await requests.putIfAbsent(naming.key(of: part), body(content), Self.headers, capabilities)
    } catch {
      guard error.isConflict else { throw error }
    }
    // After a conflict, because the response to the first attempt may have been lost; after a success, because of two at once the
    // later one may have replaced the other, as on OpenStack Swift.
    guard let number = part.leaseNumber, let found = try await lease(part, number) else { return false }
    return found.content.writer == content.writer
  }

  /// Deletes an object; succeeds where there is none.
  func delete(_ part: UnfinishedPart) async throws(S3Failure) { try await requests.delete(naming.key(of: part)) }
}
