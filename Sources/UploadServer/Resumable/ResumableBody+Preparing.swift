import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// The steps before the body can be stored: the upload is created, or found once no other request continues it.
extension ResumableBody {
  func create(_ resource: NewUploadResource) {
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

  func created(_ record: UnfinishedRecord, _ result: Result<Void, any Error>) {
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

  func find(_ text: String, endsOther: Bool) {
    guard let id = UnfinishedID(text) else { return perform(exchange.found(nil)) }
    guard endsOther, turn == nil else { return read(id) }
    wait(for: takeTurn(id)) { self.read(id) }
  }

  /// Waits until no other request continues the upload.
  func takeTurn(_ id: UnfinishedID) -> EventLoopFuture<Void> {
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

  func read(_ id: UnfinishedID) {
    wait(for: uploads.store.find(id, on: eventLoop)) { self.found(id, $0) }
  }

  func found(_ id: UnfinishedID, _ record: UnfinishedRecord?) {
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
  func isAging(_ record: UnfinishedRecord) -> Bool {
    let (left, overflows) = record.expires.subtractingReportingOverflow(CurrentTime.seconds)
    return !overflows && left <= context.limits.lifetime / 2
  }

  /// Lets the upload expire later, and makes further changes to its record.
  func prolong(
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

  func concatenate(_ ids: [String]) {
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
        // The file begins as its first part does.
        self.record?.detectedType = parts.first?.detectedType
        self.perform(self.exchange.concatenated(length: length))
      }
    }
  }
}
