import NIOCore
import Synchronization
import UploadCore
import UploadStorage

/// The objects of unfinished uploads: reads and writes them. What they mean is decided elsewhere.
struct UnfinishedObjects: Sendable {
  /// How often an upload is read again that another server changes at the same time.
  private static let readAttempts = 4
  private static let headers = S3ObjectHeaders(contentType: "application/json")

  let requests: any S3Requests
  let naming: ObjectNaming

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
  func find(_ id: UnfinishedID) async throws(S3Failure) -> Found? {
    for _ in 1...Self.readAttempts {
      let parts = try await list(id)
      guard parts.contains(where: { $0.kind == .record }), let record = try await record(id) else { return nil }
      guard let number = parts.compactMap(\.leaseNumber).max() else {
        return Found(record: record, lease: nil, others: parts.filter { $0.kind != .record })
      }
      let newest = UnfinishedPart(id: id, kind: .lease(number))
      // Otherwise another server has created the next one since.
      guard let lease = try await lease(newest, number) else { continue }
      return Found(record: record, lease: lease, others: parts.filter { $0.kind != .record && $0 != newest })
    }
    return nil
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

  func record(_ id: UnfinishedID) async throws(S3Failure) -> UnfinishedRecord? {
    let limit = UnfinishedDocument.maximumSize
    guard let (_, text) = try await requests.getSmall(naming.record(of: id), upTo: limit) else { return nil }
    return UnfinishedDocument.entry(of: id, in: Array(text.readableBytesView))?.record
  }

  func lease(_ part: UnfinishedPart, _ number: Int) async throws(S3Failure) -> Lease? {
    guard let (object, text) = try await requests.getSmall(naming.key(of: part), upTo: StoredContent.longest),
      let content = StoredContent(text.readableBytesView)
    else { return nil }
    let seen = LeaseStateMachine.Seen(number: number, modified: object.modified, isReleased: content.isReleased)
    return Lease(seen: seen, content: content)
  }

  func exists(_ part: UnfinishedPart) async throws(UploadError) -> Bool {
    try await storing { () async throws(S3Failure) in try await requests.head(naming.key(of: part)) } != nil
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
    try await storing { () async throws(S3Failure) in try await write(content, to: part, ifAbsent: false) }
  }

  private func write(_ content: StoredContent, to part: UnfinishedPart, ifAbsent: Bool) async throws(S3Failure) {
    let body: S3Body
    do {
      body = try content.body
    } catch {
      throw S3Failure(.rejected, "The lease of an upload cannot be written.", cause: error)
    }
    try await requests.put(naming.key(of: part), body, Self.headers, ifAbsent: ifAbsent)
  }

  /// Creates a lease.
  /// - Returns: false where another server has created it.
  func create(_ content: StoredContent, _ part: UnfinishedPart) async throws(S3Failure) -> Bool {
    do throws(S3Failure) {
      try await write(content, to: part, ifAbsent: true)
      return true
    } catch {
      guard error.isConflict else { throw error }
      // The response to the first attempt may have been lost.
      guard let number = part.leaseNumber, let found = try await lease(part, number) else { return false }
      return found.content.writer == content.writer
    }
  }

  func delete(_ part: UnfinishedPart) async throws(S3Failure) { try await requests.delete(naming.key(of: part)) }
}
