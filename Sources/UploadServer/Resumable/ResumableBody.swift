import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// The body of a request of a resumable upload, which may be empty: performs what a ``ResumableExchange`` decides, from
/// the headers to the response. Lives on the connection's event loop.
///
/// The steps of the store are asynchronous. What arrives meanwhile is queued, and there is no room for more.
final class ResumableBody: IncomingBody, UploadSinkDelegate {
  private enum State {
    /// A step before the body can be stored; it is queued. Next: all others.
    case preparing
    /// The body is stored as it arrives. Next: ``ending``, ``over``.
    case appending
    /// The body is over, and its bytes are being recorded or deleted.
    case ending
    /// The file is being published. Next: ``ending``, ``over``.
    case publishing
    case over
  }

  /// Why the request ends before its body is stored.
  private enum Interruption {
    /// A newer request on the upload waits.
    case replaced
    case failed(UploadError)
  }

  let request: IncomingResumable
  let context: ServerContext
  let uploads: ResumableUploads
  let eventLoop: any EventLoop
  private weak var delegate: (any IncomingBodyDelegate)?
  private var uploadProtocol: ResumableProtocol
  private var exchange: any ResumableExchange
  private var state = State.preparing
  private var input = QueuedInput()
  /// The upload whose turn this request has; nil for none.
  private var turn: UnfinishedID?
  /// The upload, once it is created or found.
  private var record: UnfinishedRecord?
  /// nil while no bytes are stored: failures of a resumable upload are never reported by the session.
  private(set) var meter: UploadMeter?
  private var content: AppendedContent?
  private var sink: (any AppendSink)?
  /// Happened while the store was preparing, and is handled after that step; or while the file was being published.
  private var interruption: Interruption?
  /// Whether a user has cancelled the upload.
  private var isCancelled = false

  /// The request begins in the loop's next turn.
  init(_ request: IncomingResumable, uploads: ResumableUploads, delegate: any IncomingBodyDelegate) {
    self.request = request
    self.uploads = uploads
    context = delegate.server
    eventLoop = delegate.eventLoop
    self.delegate = delegate
    uploadProtocol = request.uploadProtocol { uploads.entry($0)?.uploadProtocol }
    exchange = request.exchange(uploadProtocol, delegate.server.limits)
    eventLoop.assumeIsolated().execute { self.perform(self.exchange.start()) }
  }

  // MARK: The connection

  var hasRoom: Bool {
    switch state {
    case .preparing: false
    case .appending: sink?.hasRoom ?? true
    case .ending, .publishing, .over: true
    }
  }

  func receive(_ bytes: ByteBuffer) throws(UploadError) {
    switch state {
    case .preparing: input.append(bytes)
    case .appending: append(bytes)
    case .ending, .publishing, .over: break
    }
  }

  func end(trailers: HTTPFields?) throws(UploadError) {
    switch state {
    case .preparing: input.append(.complete(trailers: trailers))
    case .appending: endBody(trailers)
    case .ending, .publishing, .over: break
    }
  }

  func fail(_ error: UploadError) {
    interrupt(.failed(error))
  }

  func sinkHasRoom() {
    if state == .appending { delegate?.bodyHasRoom() }
  }

  func sinkFailed(_ error: UploadError) {
    switch state {
    // The store has failed within the call that begins to append.
    case .preparing: interruption = .failed(error)
    case .appending: fail(afterRelease: error)
    // The future of that step reports the failure.
    case .ending, .publishing, .over: break
    }
  }

  // MARK: Actions

  private func perform(_ action: ResumableAction) {
    switch action {
    case .respond(let response): end(response)
    case .discard(let response): delete(isRemembered: true, response.error) { self.end(response) }
    case .remove(let response): delete(isRemembered: false, response.error) { self.end(response) }
    case .create(let resource): create(resource)
    case .find(let id, let endsOther): find(id, endsOther: endsOther)
    case .append(let plan): append(plan)
    case .concatenate(let ids): concatenate(ids)
    case .suspend: suspend()
    case .finalize: publish()
    case .respondStored(let fields): endStored(fields)
    }
  }

  /// Waits for a step of the store. Its failure ends the request; the upload remains.
  private func wait<Value>(for future: EventLoopFuture<Value>, _ next: @escaping (Value) -> Void) {
    future.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let value): next(value)
      case .failure(let error): self.fail(afterRelease: .wrapping(error))
      }
    }
  }

  // MARK: Preparing

  private func create(_ resource: NewUploadResource) {
    do throws(UploadError) {
      let record = try request.record(of: resource, uploadProtocol, context.limits)
      try delegate?.admitUpload()
      _ = try uploads.add(record, on: eventLoop)
      let condition = try record.preconditions().condition(for: record.name(UploadID()).requested)
      let check = condition.map { context.check($0, on: eventLoop) } ?? eventLoop.makeSucceededVoidFuture()
      let store = uploads.store
      let (loop, id) = (eventLoop, record.id)
      wait(for: takeTurn(id)) {
        check.flatMap { store.create(record, on: loop) }.assumeIsolated().whenComplete { self.created(record, $0) }
      }
    } catch {
      reject(error)
    }
  }

  private func created(_ record: UnfinishedRecord, _ result: Result<Void, any Error>) {
    if case .failure(let error) = result {
      uploads.forget(record.id)
      return reject(.wrapping(error))
    }
    self.record = record
    if let meter = uploads.entry(record.id)?.meter { context.ledger.begin(meter) }
    // No client knows the URL of the upload.
    if interruption != nil { return delete(isRemembered: false) { self.endInterrupted() } }
    perform(exchange.created(location: request.location(of: record.id), expires: record.expires))
  }

  private func find(_ text: String, endsOther: Bool) {
    guard let id = UnfinishedID(text) else { return perform(exchange.found(nil)) }
    guard endsOther, turn == nil else { return read(id) }
    wait(for: takeTurn(id)) { self.read(id) }
  }

  /// Waits until no other request continues the upload.
  private func takeTurn(_ id: UnfinishedID) -> EventLoopFuture<Void> {
    let (body, loop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
    turn = id
    return uploads.turns.begin(id, on: eventLoop) { reason in
      loop.execute {
        switch reason {
        case .replaced: body.value.interrupt(.replaced)
        case .cancelled: body.value.interrupt(.failed(.cancelledByServer))
        case .stopping: body.value.interrupt(.failed(.stopping))
        }
      }
    }
  }

  private func read(_ id: UnfinishedID) {
    wait(for: uploads.store.find(id, on: eventLoop)) { self.found(id, $0) }
  }

  private func found(_ id: UnfinishedID, _ record: UnfinishedRecord?) {
    guard let record, request.mayAccess(record) else { return perform(exchange.found(nil)) }
    let entry = uploads.known(record, on: eventLoop)
    if let actual = ResumableProtocol(rawValue: record.protocolName), actual != uploadProtocol {
      // Another server has created it.
      uploadProtocol = actual
      exchange = request.exchange(actual, context.limits)
      let action = exchange.start()
      guard case .find(_, let endsOther) = action else { return perform(action) }
      if endsOther, turn == nil { return wait(for: takeTurn(id)) { self.read(id) } }
    }
    self.record = record
    var resource = record.resource(at: CurrentTime.seconds)
    // A request that another one continues is not prolonged by one that only reads.
    if turn != nil, entry.phase == .idle, resource.state != .gone, isAging(record) {
      return prolong { record in
        resource.expires = record.expires
        self.perform(self.exchange.found(resource))
      }
    }
    perform(exchange.found(resource))
  }

  /// Whether less than half of the upload's lifetime is left.
  private func isAging(_ record: UnfinishedRecord) -> Bool {
    let (left, overflows) = record.expires.subtractingReportingOverflow(CurrentTime.seconds)
    return !overflows && left <= context.limits.lifetime / 2
  }

  /// Lets the upload expire later, and makes further changes to its record.
  private func prolong(
    _ change: @escaping @Sendable (inout UnfinishedRecord) -> Void = { _ in },
    _ next: @escaping (UnfinishedRecord) -> Void
  ) {
    guard let record else { return reject(UploadError(.internalFailure, "The upload is not known.")) }
    let expires = max(record.expires, context.limits.expiry(after: CurrentTime.seconds))
    let update = uploads.store.update(record.id, on: eventLoop) { record in
      record.expires = expires
      change(&record)
    }
    wait(for: update) { record in
      guard let record else { return self.reject(UploadError(.uploadGone, "The upload does not exist any more.")) }
      self.record = record
      self.uploads.prolong(record.id, to: record.expires)
      next(record)
    }
  }

  private func concatenate(_ ids: [String]) {
    let (store, loop, request) = (uploads.store, eventLoop, request)
    let parts = ids.map { text in
      guard let id = UnfinishedID(text) else { return loop.makeSucceededFuture(nil as UnfinishedRecord?) }
      return store.find(id, on: loop)
    }
    wait(for: EventLoopFuture.whenAllSucceed(parts, on: eventLoop)) { found in
      let parts = found.compactMap { $0 }.filter { request.mayAccess($0) && $0.isCompletePart }
      guard let record = self.record, parts.count == ids.count else {
        let message = "A part does not exist or is not complete. Upload all parts before the final request."
        return self.delete(isRemembered: false) { self.reject(UploadError(.badRequest, message)) }
      }
      self.wait(for: store.concatenate(parts, into: record, on: loop)) { length in
        self.record?.offset = length
        self.record?.length = length
        self.perform(self.exchange.concatenated(length: length))
      }
    }
  }

  // MARK: The body

  private func append(_ plan: AppendPlan) {
    if interruption != nil { return endInterrupted() }
    guard let record else { return reject(UploadError(.internalFailure, "The upload is not known.")) }
    do throws(UploadError) { try delegate?.admitUpload() } catch { return reject(error) }
    guard plan.length != nil || isAging(record) else { return open(plan) }
    prolong({ $0.length = plan.length ?? $0.length }) { _ in self.open(plan) }
  }

  private func open(_ plan: AppendPlan) {
    if interruption != nil { return endInterrupted() }
    guard let record else { return reject(UploadError(.internalFailure, "The upload is not known.")) }
    let entry = uploads.known(record, on: eventLoop)
    let content: AppendedContent
    do throws(UploadError) {
      content = try AppendedContent(plan, to: record, request.head, entry, context)
    } catch {
      return fail(afterRelease: error)
    }
    (self.content, meter) = (content, entry.meter)
    uploads.activate(record)
    sink = uploads.store.append(
      to: record,
      isProvisional: content.isProvisional,
      meter: entry.meter,
      hash: content.hash,
      on: eventLoop,
      delegate: self
    )
    if case .failed(let error) = interruption { return fail(afterRelease: error) }
    state = .appending
    if let interim = plan.interim { delegate?.sendInterim(HTTPResponse(interim: interim)) }
    while state == .appending, let bytes = input.removeFirst() { append(bytes) }
    if state == .appending, case .complete(let trailers) = input.removeEnd() { return endBody(trailers) }
    if state == .appending, hasRoom { delegate?.bodyHasRoom() }
  }

  private func append(_ bytes: ByteBuffer) {
    if let action = exchange.receive(bytes.readableBytes) { return perform(action) }
    do throws(UploadError) {
      if try content?.receive(bytes) == true { noteType() }
    } catch {
      return fail(error)
    }
    sink?.write(bytes)
  }

  /// Records the type of the content once it is detected: after a crash the first bytes cannot be inspected again.
  private func noteType() {
    guard let record, let content, !content.isProvisional else { return }
    _ = uploads.store.update(record.id, on: eventLoop) { content.note(in: &$0) }
  }

  private func endBody(_ trailers: HTTPFields?) {
    meter?.setNetworkBytes(0)
    do throws(UploadError) {
      let matches = try content?.end(trailers)
      perform(exchange.bodyEnded(checksumMatches: matches ?? nil))
    } catch {
      fail(error)
    }
  }

  /// Records what has arrived, and continues the exchange.
  private func suspend() {
    state = .ending
    record(sink) { self.perform(self.exchange.suspended(at: self.record?.offset ?? 0)) }
  }

  /// Syncs the bytes that have arrived, and records the offset.
  private func record(_ sink: (any AppendSink)?, _ next: @escaping () -> Void) {
    guard let sink, let content else { return next() }
    wait(for: sink.suspend()) { offset in
      self.sink = nil
      self.prolong({ content.note(in: &$0) }) { record in
        self.record?.offset = max(offset, record.offset)
        self.uploads.note(content.sniffer, of: record.id, inspected: max(offset, record.offset))
        next()
      }
    }
  }

  private func publish() {
    guard let sink, let record else { return reject(UploadError(.internalFailure, "The upload is not known.")) }
    do throws(UploadError) {
      guard let request = try content?.finalizeRequest(record) else { return }
      state = .publishing
      sink.finalize(request).assumeIsolated().whenComplete { self.published(record.id, $0) }
    } catch {
      fail(error)
    }
  }

  private func published(_ id: UnfinishedID, _ result: Result<StoredFile, any Error>) {
    sink = nil
    switch result {
    case .success(let file):
      record?.state = .finished(file)
      let expires = CurrentTime.seconds + ResumableUploads.memory
      // The response need not wait for that.
      _ = uploads.store.update(id, on: eventLoop) { $0.expires = expires }
      uploads.end(id, with: .success(file), expires: expires)
      perform(exchange.finalized())
    case .failure(let error):
      if case .failed(let first) = interruption {
        fail(afterRelease: first)
      } else {
        fail(afterRelease: .wrapping(error))
      }
    }
  }

  // MARK: Failures

  private func interrupt(_ interruption: Interruption) {
    if case .failed(let error) = interruption, error.code == .cancelled { isCancelled = true }
    switch state {
    case .preparing: self.interruption = self.interruption ?? interruption
    case .appending:
      self.interruption = interruption
      endInterrupted()
    case .publishing:
      // Only a user can end that: the file is complete.
      guard case .failed(let error) = interruption, error.code == .cancelled else { return }
      self.interruption = interruption
      sink?.abort()
    case .ending, .over: break
    }
  }

  /// Ends the request because of ``interruption``: what has arrived is recorded, unless the upload can never succeed.
  private func endInterrupted() {
    switch interruption {
    case .failed(let error) where error.endsResumableUpload: fail(afterRelease: error)
    case .failed(let error):
      suspendInterrupted { self.end(self.failure(error, isFinal: false), rejection: nil) }
    case .replaced: suspendInterrupted { self.end(.replaced) }
    case nil: end(.replaced)
    }
  }

  private func suspendInterrupted(_ next: @escaping () -> Void) {
    let isProvisional = content?.isProvisional ?? false
    state = .ending
    guard let sink, !isProvisional else {
      self.sink?.abort()
      self.sink = nil
      return next()
    }
    record(sink, next)
  }

  /// Ends the request because of an error, and the upload with it where that can never succeed.
  private func fail(afterRelease error: UploadError) {
    guard state != .over else { return }
    state = .ending
    sink?.abort()
    sink = nil
    guard let id = record?.id else { return reject(error) }
    guard !error.endsResumableUpload else {
      return delete(isRemembered: error.code != .cancelled, error) {
        self.end(self.failure(error, isFinal: true), rejection: nil)
      }
    }
    // The offset may have grown before the failure.
    uploads.store.find(id, on: eventLoop).assumeIsolated().whenComplete { result in
      if case .success(.some(let record)) = result { self.record = record }
      self.end(self.failure(error, isFinal: false), rejection: nil)
    }
  }

  /// Deletes the upload, and ends it in the ledger.
  /// - Parameters:
  ///   - isRemembered: whether later requests learn that it is gone, instead of that it does not exist.
  ///   - error: why; nil when the client has decided that.
  private func delete(isRemembered: Bool, _ error: UploadError? = nil, _ next: @escaping () -> Void) {
    state = .ending
    sink?.abort()
    sink = nil
    guard let id = record?.id else { return next() }
    record = nil
    let reason = error ?? UploadError(.cancelled, "The client has cancelled the upload.")
    let uploads = uploads
    let expires = CurrentTime.seconds + ResumableUploads.memory
    let deleted: EventLoopFuture<Void> =
      isRemembered
      ? uploads.store.update(id, on: eventLoop) { record in (record.state, record.expires) = (.gone, expires) }.map {
        _ in
      }
      : uploads.store.remove(id, on: eventLoop)
    deleted.assumeIsolated().whenComplete { _ in
      uploads.end(id, with: .failure(reason), expires: expires)
      if !isRemembered { uploads.forget(id) }
      next()
    }
  }

  // MARK: The end

  private func failure(_ error: UploadError, isFinal: Bool) -> ResumableResponse {
    let offset = isFinal ? nil : record?.offset
    return exchange.failed(error, status: error.code.status.code, isFinal: isFinal, offset: offset)
  }

  /// Rejects the request; the upload, if there is one, is not changed.
  private func reject(_ error: UploadError) {
    end(failure(error, isFinal: record == nil && error.endsResumableUpload), rejection: error)
  }

  private func endStored(_ fields: HTTPFields) {
    guard case .finished(let file) = record?.state else {
      return reject(UploadError(.internalFailure, "The stored file is not known."))
    }
    end(.stored([file], method: record?.method, fields: fields))
  }

  /// Ends with a response of the protocol itself. What belongs to the normal course of resuming is not reported.
  private func end(_ response: ResumableResponse) {
    let isUsual = [.notFound, .offsetMismatch, .uploadGone].contains(response.error?.code)
    end(response, rejection: isUsual ? nil : response.error)
  }

  private func end(_ response: ResumableResponse, rejection: UploadError?) {
    // The protocol has rejected what has arrived.
    sink?.abort()
    sink = nil
    end(.response(ServerResponse(response), rejection: rejection))
  }

  private func end(_ outcome: BodyOutcome) {
    guard state != .over else { return }
    state = .over
    input.removeAll()
    (content, meter) = (nil, nil)
    if let turn {
      if let record, uploads.entry(turn)?.phase == .active { uploads.interrupt(record) }
      uploads.turns.end(turn)
      // Too late for this request to do it.
      if isCancelled { uploads.cancel(turn) }
    }
    turn = nil
    delegate?.bodyEnded(outcome)
  }
}
