import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// The body of a request of a resumable upload, which may be empty: performs what a ``ResumableExchange`` decides, from
/// the headers to the response. Lives on the connection's event loop.
///
/// The steps of the store are asynchronous. What arrives meanwhile is queued, and there is no room for more. The steps
/// are in extensions, each in a file of its own, and nothing else uses the members that they share.
final class ResumableBody: IncomingBody, UploadSinkDelegate {
  enum State {
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
  enum Interruption {
    /// A newer request on the upload waits.
    case replaced
    case failed(UploadError)
  }

  let request: IncomingResumable
  let context: ServerContext
  let uploads: ResumableUploads
  let eventLoop: any EventLoop
  weak var delegate: (any IncomingBodyDelegate)?
  var uploadProtocol: ResumableProtocol
  var exchange: any ResumableExchange
  var state = State.preparing
  var input = QueuedInput()
  /// The upload whose turn this request has; nil for none.
  var turn: UnfinishedID?
  /// The upload, once it is created or found.
  var record: UnfinishedRecord?
  /// nil while no bytes are stored: failures of a resumable upload are never reported by the session.
  var meter: UploadMeter?
  var content: AppendedContent?
  var sink: (any AppendSink)?
  /// Happened while the store was preparing, and is handled after that step; or while the file was being published.
  var interruption: Interruption?
  /// Whether a user has cancelled the upload.
  var isCancelled = false

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

  func perform(_ action: ResumableAction) {
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
  func wait<Value>(for future: EventLoopFuture<Value>, _ next: @escaping (Value) -> Void) {
    future.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let value): next(value)
      case .failure(let error): self.fail(afterRelease: .wrapping(error))
      }
    }
  }

  // MARK: The end

  func failure(_ error: UploadError, isFinal: Bool) -> ResumableResponse {
    let offset = isFinal ? nil : record?.offset
    return exchange.failed(error, status: error.code.status.code, isFinal: isFinal, offset: offset)
  }

  /// Rejects the request; the upload, if there is one, is not changed.
  func reject(_ error: UploadError) {
    end(failure(error, isFinal: record == nil && error.endsResumableUpload), rejection: error)
  }

  func endStored(_ fields: HTTPFields) {
    guard case .finished(let file) = record?.state else {
      return reject(UploadError(.internalFailure, "The stored file is not known."))
    }
    end(.stored([file], method: record?.method, fields: fields))
  }

  /// Ends with a response of the protocol itself. What belongs to the normal course of resuming is not reported.
  func end(_ response: ResumableResponse) {
    let isUsual = [.notFound, .offsetMismatch, .uploadGone].contains(response.error?.code)
    end(response, rejection: isUsual ? nil : response.error)
  }

  func end(_ response: ResumableResponse, rejection: UploadError?) {
    // The protocol has rejected what has arrived.
    sink?.abort()
    sink = nil
    end(.response(ServerResponse(response), rejection: rejection))
  }

  func end(_ outcome: BodyOutcome) {
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
