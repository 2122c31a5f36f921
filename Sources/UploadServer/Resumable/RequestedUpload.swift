import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// The upload that a request creates, continues, reads or deletes: its record, and the request's turn at it. Begin a
/// step only when the one before has ended. Lives on the connection's event loop.
final class RequestedUpload {
  private let request: IncomingResumable
  private let context: ServerContext
  private let uploads: ResumableUploads
  private let eventLoop: any EventLoop
  private var turn: RequestTurn
  /// The protocol by which the request is understood: the one of the upload, as soon as that is known.
  private(set) var uploadProtocol: ResumableProtocol
  /// nil before the upload is created or found, and once it is deleted.
  private(set) var record: UnfinishedRecord?

  init(_ request: IncomingResumable, _ uploads: ResumableUploads, _ context: ServerContext, on eventLoop: any EventLoop)
  {
    (self.request, self.uploads, self.context, self.eventLoop) = (request, uploads, context, eventLoop)
    turn = RequestTurn(uploads)
    uploadProtocol = request.uploadProtocol { uploads.entry($0)?.uploadProtocol }
  }

  /// The protocol's state machine for the request.
  func makeExchange() -> any ResumableExchange {
    request.exchange(uploadProtocol, context.limits, canConcatenate: uploads.store.canConcatenate)
  }

  static let unknown = UploadError(.internalFailure, "The upload is not known.")

  /// The URL of the upload; nil where there is none.
  var location: String? { record.map { request.location(of: $0.id) } }

  /// Whether less than half of the upload's lifetime is left.
  var isAging: Bool {
    record.map { context.limits.isAging($0.expires, at: CurrentTime.seconds) } ?? false
  }

  // MARK: Creating and finding

  /// The record for a new upload.
  /// - Throws: ``UploadError`` when the server accepts no new uploads, its type is not accepted, or its digests,
  ///   preconditions or properties are invalid.
  func makeRecord(_ resource: NewUploadResource) throws(UploadError) -> UnfinishedRecord {
    if let error = context.admission.rejection(of: request.head.headerFields) { throw error }
    return try request.record(of: resource, uploadProtocol, context.limits)
  }

  /// Creates the upload; nothing of it is left where that fails.
  /// - Parameter record: from ``makeRecord(_:)``.
  /// - Returns: fails with ``UploadError``, with code `preconditionFailed` or `nameTaken` when the file could not be
  ///   published.
  /// - Throws: ``UploadError`` with code `tooManyUnfinished`, or `badRequest` for an invalid precondition.
  func create(_ record: UnfinishedRecord, end: @escaping RequestTurn.EndRequest) throws(UploadError)
    -> EventLoopFuture<Void>.Isolated
  {
    // The store checks them again when the file is published.
    var condition = try record.preconditions().condition(for: record.name(UploadID()).requested)
    // Parts of an upload are not published.
    if condition == nil, !record.isPart { condition = record.path.map(PublishCondition.place) }
    let meter = try uploads.add(record, on: eventLoop)
    let check = condition.map { context.store.check($0, on: eventLoop) } ?? eventLoop.makeSucceededVoidFuture()
    let (store, loop, uploads, ledger) = (uploads.store, eventLoop, uploads, context.ledger)
    return turn.take(record.id, on: loop, end)
      .flatMap { check }
      .flatMap { store.create(record, on: loop) }
      .assumeIsolated()
      .map {
        self.record = record
        ledger.begin(meter)
      }
      .flatMapErrorThrowing { error in
        uploads.forget(record.id)
        throw error
      }
  }

  /// Finds the upload, and lets it expire later where the request takes the turn.
  /// - Parameter end: takes the turn, unless the request has it: waits until no other request continues the upload. nil
  ///   only reads.
  /// - Returns: nil when there is none of that ID, or the request may not know of it.
  func find(_ id: UnfinishedID, takingTurn end: RequestTurn.EndRequest?) -> EventLoopFuture<UploadResource?>.Isolated {
    var ready = eventLoop.makeSucceededVoidFuture()
    if let end, !turn.isTaken { ready = turn.take(id, on: eventLoop, end) }
    let (store, loop) = (uploads.store, eventLoop)
    return ready.flatMap { store.find(id, on: loop) }.assumeIsolated().flatMap { self.found($0, id) }
  }

  private func found(_ record: UnfinishedRecord?, _ id: UnfinishedID) -> EventLoopFuture<UploadResource?> {
    guard let record, request.mayAccess(record) else {
      if record == nil, turn.isTaken { uploads.lose(id) }
      return eventLoop.makeSucceededFuture(nil)
    }
    let entry = uploads.known(record, on: eventLoop)
    self.record = record
    // Another server may have created it.
    uploadProtocol = ResumableProtocol(rawValue: record.protocolName) ?? uploadProtocol
    var known = record
    // The time of one that has just ended may not be recorded yet.
    if entry.phase == .ended { known.expires = min(known.expires, entry.expires) }
    let resource = known.resource(at: CurrentTime.seconds)
    // A request that another one continues is not prolonged by one that only reads.
    guard turn.isTaken, entry.phase == .idle, resource.state != .gone, isAging else {
      return eventLoop.makeSucceededFuture(resource)
    }
    return update()
      .map { record in
        var resource = resource
        resource.expires = record.expires
        return resource
      }
      .nonisolated()
  }

  // MARK: Changing

  /// Makes changes to the record, and lets the upload expire later.
  /// - Returns: fails with ``UploadError`` with code `uploadGone` where the upload does not exist any more.
  func update(
    _ change: @escaping @Sendable (inout UnfinishedRecord) -> Void = { _ in }
  ) -> EventLoopFuture<UnfinishedRecord>.Isolated {
    guard let record else { return eventLoop.makeFailedFuture(UploadError.lostUpload).assumeIsolated() }
    let expires = max(record.expires, context.limits.expiry(after: CurrentTime.seconds))
    let updated = uploads.store.update(record.id, on: eventLoop) { record in
      record.expires = expires
      change(&record)
    }
    return updated.assumeIsolated().flatMapThrowing { record in
      guard let record else { throw UploadError.lostUpload }
      self.record = record
      self.uploads.prolong(record.id, to: record.expires)
      return record
    }
  }

  /// Prepares for the body: records what a plan makes known, and continues the type detection. nil where there is
  /// nothing to do.
  func prepare(_ plan: AppendPlan) -> EventLoopFuture<Void>.Isolated? {
    guard let record else { return nil }
    let detection = uploads.resumeDetection(of: record, on: eventLoop)
    guard let recorded = recordKnown(plan, of: record) else { return detection?.assumeIsolated() }
    guard let detection else { return recorded }
    return recorded.flatMap { detection }
  }

  private func recordKnown(_ plan: AppendPlan, of known: UnfinishedRecord) -> EventLoopFuture<Void>.Isolated? {
    guard plan.length != nil || isAging else { return nil }
    let updated = update { record in
      record.length = plan.length ?? record.length
      record.isConcatenating = false
      if case .none = record.detectedType { record.detectedType = known.detectedType }
    }
    return updated.map { _ in }
  }

  /// Makes a change to the record, for which nothing waits.
  func note(_ change: @escaping @Sendable (inout UnfinishedRecord) -> Void) {
    if let id = record?.id { _ = uploads.store.update(id, on: eventLoop, change) }
  }

  /// Reads the record again; keeps the known one where that fails.
  func refresh() -> EventLoopFuture<Void>.Isolated {
    guard let id = record?.id else { return eventLoop.makeSucceededVoidFuture().assumeIsolated() }
    return uploads.store.find(id, on: eventLoop)
      .assumeIsolated()
      .map { if let record = $0 { self.record = record } }
      .flatMapErrorThrowing { _ in }
  }

  // MARK: Content

  /// The content of the request's body.
  /// - Throws: ``UploadError`` when the request's digests are invalid, or the type is not accepted.
  func content(_ plan: AppendPlan) throws(UploadError) -> AppendedContent {
    guard let record else { throw Self.unknown }
    return try AppendedContent(plan, to: record, request.head, uploads.known(record, on: eventLoop), context)
  }

  /// Begins to append the request's body; nil when the upload is not known.
  func append(_ content: AppendedContent, _ delegate: any UploadSinkDelegate) -> (any AppendSink)? {
    guard let record else { return nil }
    noteTree(of: record)
    uploads.activate(record)
    return uploads.store.append(
      to: record,
      isProvisional: content.isProvisional,
      meter: content.meter,
      hash: content.hash,
      on: eventLoop,
      delegate: delegate
    )
  }

  /// Moves the upload to the tree that the request states: each run of a client is a tree of its own.
  private func noteTree(of record: UnfinishedRecord) {
    guard let group = TreeField.group(in: request.head.headerFields), group.id != record.group?.id else { return }
    uploads.move(record.id, to: group)
    var moved = record
    moved.group = group
    // Otherwise the record keeps the old tree, which shows only after a restart of the server.
    if moved.propertiesSize <= UnfinishedRecord.maxProperties { note { $0.group = group } }
  }

  /// The interim response of a plan, where the client can read one.
  func interim(_ plan: AppendPlan) -> ResumableResponse? { request.mayGetInterim ? plan.interim : nil }

  /// Notes the bytes that the store has recorded, and how far the type detection has come.
  /// - Parameter sniffer: nil once the type is known.
  func recorded(_ offset: UInt64, _ sniffer: MediaTypeSniffer?) {
    guard var record else { return }
    record.offset = max(offset, record.offset)
    self.record = record
    uploads.note(sniffer, of: record.id, inspected: record.offset)
  }

  /// Appends the content of complete parts to the new upload.
  /// - Returns: the length; fails as ``UnfinishedStore/concatenate(_:into:upTo:on:mayUse:)`` does.
  func concatenate(_ ids: [String]) -> EventLoopFuture<UInt64>.Isolated {
    guard let record else { return eventLoop.makeFailedFuture(Self.unknown).assumeIsolated() }
    let (request, limit) = (request, context.limits.maxSize)
    return uploads.store.concatenate(ids, into: record, upTo: limit, on: eventLoop) { request.mayAccess($0) }
      .assumeIsolated()
      .map { record in
        self.record = record
        return record.offset
      }
  }

  // MARK: The end

  /// Notes that the file is published.
  func published(_ file: StoredFile) {
    guard let id = record?.id else { return }
    record?.state = .finished(file)
    let expires = CurrentTime.seconds + ResumableUploads.memory
    // The response need not wait for that.
    note { $0.expires = expires }
    uploads.end(id, with: .success(file), expires: expires)
  }

  /// Deletes the upload, and ends it in the ledger.
  /// - Parameters:
  ///   - isRemembered: whether later requests learn that it is gone, instead of that it does not exist.
  ///   - error: why; nil when the client has decided that.
  /// - Returns: fails with ``UploadError`` where the client has decided it and the store cannot: the upload remains.
  func delete(isRemembered: Bool, because error: UploadError? = nil) -> EventLoopFuture<Void>.Isolated {
    guard let known = record, case let id = known.id else {
      return eventLoop.makeSucceededVoidFuture().assumeIsolated()
    }
    record = nil
    let reason = error ?? UploadError(.cancelled, "The client has cancelled the upload.")
    let (uploads, expires) = (uploads, CurrentTime.seconds + ResumableUploads.memory)
    let gone: @Sendable (inout UnfinishedRecord) -> Void = { ($0.state, $0.expires) = (.gone, expires) }
    let deleted =
      isRemembered
      ? uploads.store.update(id, on: eventLoop, gone).map { _ in } : uploads.store.remove(id, on: eventLoop)
    return deleted.assumeIsolated()
      .flatMapErrorThrowing { failure in
        guard error == nil, !isRemembered else { return }
        self.record = known
        throw failure
      }
      .map {
        uploads.end(id, with: .failure(reason), expires: expires)
        if !isRemembered { uploads.forget(id) }
      }
  }

  /// Notes that a user has cancelled the upload.
  func noteCancelled() { turn.noteCancelled() }

  /// Ends the request's turn.
  func release() { turn.end(record) }
}
