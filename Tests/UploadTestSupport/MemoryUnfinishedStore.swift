package import NIOCore
package import UploadCore
package import UploadStorage

/// Unfinished uploads in memory, for tests that need no disk. By default every step succeeds at once; a test can delay
/// steps or let them fail. Published files are added to a ``MemoryStore``.
///
/// Unchecked: for the one thread that handler and test share, where embedded channels run.
package final class MemoryUnfinishedStore: UnfinishedStore, @unchecked Sendable {
  private let files: MemoryStore
  /// All records, also of uploads that are finished or gone.
  package var records: [UnfinishedID: UnfinishedRecord] = [:]
  /// The promised bytes of each upload.
  package var contents: [UnfinishedID: [UInt8]] = [:]
  /// The sinks of all requests that appended, in their order.
  package private(set) var sinks: [MemoryAppendSink] = []
  /// Whether steps complete at once, or with ``finishSteps()``. Appending, suspending and publishing are no such steps.
  package var stepsAtOnce = true
  /// Whether requests have room when they begin to append.
  package var beginsWithRoom = true
  /// Whether suspending and publishing complete at once, or with ``MemoryAppendSink/finish()``.
  package var endsAtOnce = true
  /// Whether publishing that has begun cannot be aborted any more.
  package var abortsTooLate = false
  /// Why creations fail; nil when they succeed.
  package var createFailure: UploadError?
  /// Why appending fails within the call that begins it; nil when it does not.
  package var appendFailure: UploadError?
  /// Why removals fail; nil when they succeed.
  package var removeFailure: UploadError?
  /// Why publishing fails; nil when it succeeds.
  package var publishFailure: UploadError?
  private var waiting: [() -> Void] = []

  package init(_ files: MemoryStore) {
    self.files = files
  }

  /// The sink of the request that began to append last; nil before the first.
  package var sink: MemoryAppendSink? { sinks.last }

  /// The record of the only upload; nil where there is none, or more than one.
  package var record: UnfinishedRecord? { records.count == 1 ? records.values.first : nil }

  /// The promised bytes of an upload as text.
  package func text(_ id: UnfinishedID) -> String { String(decoding: contents[id] ?? [], as: UTF8.self) }

  /// Completes the steps that wait.
  package func finishSteps() {
    let steps = waiting
    waiting = []
    for step in steps { step() }
  }

  private func step<Value: Sendable>(
    on eventLoop: any EventLoop,
    _ body: @escaping () throws -> Value
  ) -> EventLoopFuture<Value> {
    let promise = eventLoop.makePromise(of: Value.self)
    waiting.append { promise.completeWith(Result { try body() }) }
    if stepsAtOnce { finishSteps() }
    return promise.futureResult
  }

  // MARK: UnfinishedStore

  package func recover() -> [UnfinishedRecord] { records.values.filter { $0.state != .gone } }

  package func create(_ record: UnfinishedRecord, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    step(on: eventLoop) {
      if let createFailure = self.createFailure { throw createFailure }
      self.records[record.id] = record
      self.contents[record.id] = []
    }
  }

  package func find(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<UnfinishedRecord?> {
    step(on: eventLoop) { self.records[id] }
  }

  package func append(
    to record: UnfinishedRecord,
    isProvisional: Bool,
    meter: UploadMeter,
    hash: (any ContentHash)?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any AppendSink {
    let sink = MemoryAppendSink(record.id, meter, hash, isProvisional, self, eventLoop, delegate)
    sink.hasRoom = beginsWithRoom
    sinks.append(sink)
    if let appendFailure { delegate.sinkFailed(appendFailure) }
    return sink
  }

  package func firstBytes(
    _ record: UnfinishedRecord,
    count: Int,
    on eventLoop: any EventLoop
  ) -> EventLoopFuture<ByteBuffer> {
    step(on: eventLoop) {
      ByteBuffer(bytes: (self.contents[record.id] ?? []).prefix(min(count, Int(clamping: record.offset))))
    }
  }

  package func concatenate(
    _ parts: [UnfinishedRecord],
    into record: UnfinishedRecord,
    on eventLoop: any EventLoop
  ) -> EventLoopFuture<UInt64> {
    step(on: eventLoop) { self.promise(parts.flatMap { self.contents[$0.id] ?? [] }, of: record.id) }
  }

  package func update(
    _ id: UnfinishedID,
    on eventLoop: any EventLoop,
    _ change: @escaping @Sendable (inout UnfinishedRecord) -> Void
  ) -> EventLoopFuture<UnfinishedRecord?> {
    step(on: eventLoop) {
      guard var record = self.records[id] else { return nil }
      change(&record)
      self.records[id] = record
      return record
    }
  }

  package func remove(_ id: UnfinishedID, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    step(on: eventLoop) {
      if let removeFailure = self.removeFailure { throw removeFailure }
      self.records[id] = nil
      self.contents[id] = nil
    }
  }

  // MARK: Sinks

  /// Appends bytes that are promised from now on.
  /// - Returns: the new offset.
  fileprivate func promise(_ bytes: [UInt8], of id: UnfinishedID) -> UInt64 {
    contents[id, default: []] += bytes
    let offset = UInt64(contents[id]?.count ?? 0)
    records[id]?.offset = offset
    return offset
  }

  /// Publishes a file with all promised bytes.
  fileprivate func publish(
    _ id: UnfinishedID,
    _ request: FinalizeRequest,
    _ hash: (any ContentHash)?
  ) throws(UploadError) -> StoredFile {
    if let publishFailure { throw publishFailure }
    let content = contents[id] ?? []
    var digests = ContentDigests()
    for var hash in [hash, request.late].compactMap({ $0 }) {
      content.withUnsafeBytes { hash.update($0) }
      digests.fill(from: hash.digests)
    }
    try digests.require(request.expected)
    let modified = request.modified ?? 0
    files.add(request.path.description, content, type: request.type, modified: modified)
    let file = StoredFile(
      name: request.path.bytes,
      size: UInt64(content.count),
      type: request.type,
      modified: modified,
      digests: digests
    )
    records[id]?.state = .finished(file)
    return file
  }
}

/// One request that appends to an upload of a ``MemoryUnfinishedStore``.
package final class MemoryAppendSink: AppendSink {
  private let id: UnfinishedID
  package let meter: UploadMeter
  private let hash: (any ContentHash)?
  /// Whether the bytes count only at the end of the request.
  package let isProvisional: Bool
  private let store: MemoryUnfinishedStore
  private let eventLoop: any EventLoop
  private weak var delegate: (any UploadSinkDelegate)?
  /// The bytes of this request.
  package private(set) var bytes: [UInt8] = []
  /// How the file is to be published; nil until that is requested.
  package private(set) var request: FinalizeRequest?
  /// Whether ``abort()`` has been called.
  package private(set) var isAborted = false
  private var waiting: [() -> Void] = []
  /// Whether there is room for more bytes. The delegate is notified when this becomes true.
  package var hasRoom = true {
    didSet { if hasRoom, !oldValue { delegate?.sinkHasRoom() } }
  }

  init(
    _ id: UnfinishedID,
    _ meter: UploadMeter,
    _ hash: (any ContentHash)?,
    _ isProvisional: Bool,
    _ store: MemoryUnfinishedStore,
    _ eventLoop: any EventLoop,
    _ delegate: any UploadSinkDelegate
  ) {
    (self.id, self.meter, self.hash, self.isProvisional) = (id, meter, hash, isProvisional)
    (self.store, self.eventLoop, self.delegate) = (store, eventLoop, delegate)
  }

  /// The bytes of this request as UTF-8.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package func write(_ bytes: ByteBuffer) {
    guard !isAborted else { return }
    self.bytes += Array(bytes.readableBytesView)
    meter.addStored(bytes.readableBytes)
  }

  package func suspend() -> EventLoopFuture<UInt64> {
    end { self.store.promise(self.bytes, of: self.id) }
  }

  package func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile> {
    self.request = request
    return end {
      guard !self.isAborted else { throw UploadError(.cancelled, "Aborted.") }
      _ = self.store.promise(self.bytes, of: self.id)
      return try self.store.publish(self.id, request, self.hash)
    }
  }

  package func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile> {
    eventLoop.makeFailedFuture(UploadError(.internalFailure, "Not supported."))
  }

  package func abort() {
    if store.abortsTooLate, request != nil { return }
    isAborted = true
    finish()
  }

  /// Completes a pending ``suspend()`` or ``finalize(_:)``.
  package func finish() {
    let steps = waiting
    waiting = []
    for step in steps { step() }
  }

  /// Fails the request as a store does.
  package func fail(_ error: UploadError) {
    isAborted = true
    delegate?.sinkFailed(error)
  }

  private func end<Value: Sendable>(_ body: @escaping () throws -> Value) -> EventLoopFuture<Value> {
    let promise = eventLoop.makePromise(of: Value.self)
    waiting.append { promise.completeWith(Result { try body() }) }
    if store.endsAtOnce { finish() }
    return promise.futureResult
  }
}
