import NIOCore
import Synchronization
import UploadCore
import UploadStorage

/// Keeps unfinished uploads as objects, so that every server in front of the bucket can continue them.
///
/// `ID.json` is what the server knows of an upload, `ID.lease.N` which server may append to it and what of it is stored
/// (``StoredContent``), `ID.tail.N` the bytes behind the last part. Retains nothing for an upload except its offset and the state
/// of its digests.
final class S3UnfinishedStore: UnfinishedStore {
  /// What it shares with uploads of one request.
  let parts: S3StoreParts
  /// Reads and writes the objects.
  let objects: UnfinishedObjects
  /// The requests of this process that append.
  let sessions = UnfinishedSessions()
  /// The states of digests between the requests that this process receives.
  let hashes = UnfinishedHashes()
  /// The offsets that this process has seen last of uploads that have not ended.
  private let offsets = Mutex<[UnfinishedID: UInt64]>([:])
  private let eventLoopGroup: any EventLoopGroup

  /// Those of all uploads of the store.
  var claims: ObjectClaims { parts.publisher.claims }

  init(_ parts: S3StoreParts, eventLoopGroup: any EventLoopGroup) {
    (self.parts, self.eventLoopGroup) = (parts, eventLoopGroup)
    let publisher = parts.publisher
    objects = UnfinishedObjects(
      requests: parts.requests,
      naming: publisher.naming,
      capabilities: publisher.capabilities
    )
  }

  /// The engine's clock, in seconds since 1970.
  var now: Int64 { parts.requests.engineTime }

  // MARK: Records

  func recover() -> [UnfinishedRecord] {
    let found = eventLoopGroup.next().makeFutureWithTask { [self] in await recoverRecords() }
    return (try? found.wait()) ?? []
  }

  func create(_ record: UnfinishedRecord, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    var record = record
    (record.offset, record.state) = (0, .unfinished)
    return eventLoop.makeFutureWithTask { [objects, partSize = parts.partSize, record] in
      _ = try PartPlan(size: record.length, chosen: partSize)
      try await storing { () async throws(S3Failure) in try await objects.write(record) }
    }
  }

  func find(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<UnfinishedRecord?> {
    whenIdle(id, on: eventLoop) { [self] in try await find(id) }
  }

  /// The record of an upload with the offset that may be announced now.
  func find(_ id: UnfinishedID) async throws(UploadError) -> UnfinishedRecord? {
    guard let found = try await fetching({ () async throws(S3Failure) in try await objects.find(id) }) else {
      forget(id)
      return nil
    }
    let record = try await current(found)
    switch record.state {
    case .unfinished, .publishing: offsets.withLock { $0[id] = record.offset }
    case .finished, .gone: forget(id)
    }
    return record
  }

  func update(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop,
    _ change: @escaping @Sendable (inout UnfinishedRecord) -> Void
  ) -> EventLoopFuture<UnfinishedRecord?> {
    whenIdle(id, on: eventLoop) { [self] in
      guard let known = try await fetching({ () async throws(S3Failure) in try await objects.record(id) }) else {
        return nil
      }
      var record = known
      change(&record)
      (record.id, record.offset) = (id, 0)
      // What has ended stays so.
      if known.state != .unfinished || record.state != .gone { record.state = known.state }
      let changed = record
      try await storing { () async throws(S3Failure) in try await objects.write(changed) }
      if changed.state == .gone, known.state != .gone { try await deleteContent(of: id) }
      guard changed.state != .gone, let offset = offsets.withLock({ $0[id] }) else {
        return changed.state == .gone ? changed : try await find(id)
      }
      record.offset = offset
      return record
    }
  }

  func remove(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    whenIdle(id, on: eventLoop) { [self] in try await remove(id) }
  }

  /// Waits until no request of this process on an upload is about to end, and then runs requests.
  private func whenIdle<Result: Sendable>(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop,
    _ body: @escaping @Sendable () async throws -> Result
  ) -> EventLoopFuture<Result> {
    sessions.ended(id, on: eventLoop).flatMapWithEventLoop { _, eventLoop in eventLoop.makeFutureWithTask(body) }
  }

  /// Forgets what this process remembers of an upload that has ended.
  func forget(_ id: UnfinishedID) {
    hashes.remember(nil, for: id)
    offsets.withLock { $0[id] = nil }
    claims.drop(id)
  }

  /// Remembers the offset of an upload after a request.
  func noteOffset(_ offset: UInt64, of id: UnfinishedID) { offsets.withLock { $0[id] = offset } }

  // MARK: Bytes

  func append(
    to record: UnfinishedRecord,
    isProvisional: Bool,
    meter: UploadMeter,
    hash: (any ContentHash)?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any AppendSink {
    meter.resumeStored(at: record.offset)
    return S3Append(
      record,
      in: self,
      isProvisional: isProvisional,
      meter: meter,
      hash: hash,
      on: eventLoop,
      delegate: delegate
    )
  }

  /// Only bytes that are no part yet can be read.
  func firstBytes(_ record: UnfinishedRecord, count: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer> {
    whenIdle(record.id, on: eventLoop) { [self] in
      let found = try await fetching { () async throws(S3Failure) in try await objects.find(record.id) }
      guard let tail = found?.lease?.content.stored([]).tail else { return ByteBuffer() }
      let collected = Mutex(ByteBuffer())
      try await fetching { () async throws(S3Failure) in
        try await objects.read(tail, of: record.id, upTo: UInt64(max(0, count))) { bytes in
          _ = collected.withLock { $0.writeImmutableBuffer(bytes) }
          return eventLoop.makeSucceededVoidFuture()
        }
      }
      return collected.withLock { $0 }
    }
  }

  var canConcatenate: Bool { false }

  /// Engines copy only from objects, not from parts of unfinished uploads.
  func concatenate(
    _ parts: [UnfinishedRecord],
    into record: UnfinishedRecord,
    on eventLoop: any EventLoop
  ) -> EventLoopFuture<UInt64> {
    let message = "The object store cannot make one upload of several. Send the file as one upload."
    return eventLoop.makeFailedFuture(UploadError(.notImplemented, message))
  }
}
