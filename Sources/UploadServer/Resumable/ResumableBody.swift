import NIOCore
import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// A request of a resumable upload, whose body may be empty: performs what a ``ResumableExchange`` decides, from the
/// headers to the response. Lives on the connection's event loop.
final class ResumableBody: IncomingBody, ContentWriterDelegate {
  private let eventLoop: any EventLoop
  private weak var delegate: (any IncomingBodyDelegate)?
  private let upload: RequestedUpload
  private var exchange: any ResumableExchange
  /// Happened while the store was preparing, and is handled after that step; or while the file was being published.
  private var interruption: RequestInterruption?
  private lazy var writer = ContentWriter(for: self)

  /// The request begins in the loop's next turn.
  init(_ request: IncomingResumable, uploads: ResumableUploads, delegate: any IncomingBodyDelegate) {
    eventLoop = delegate.eventLoop
    self.delegate = delegate
    upload = RequestedUpload(request, uploads, delegate.server, on: delegate.eventLoop)
    exchange = upload.makeExchange()
    eventLoop.assumeIsolated().execute { self.perform(self.exchange.start()) }
  }

  // MARK: The connection

  var hasRoom: Bool { writer.hasRoom }

  var meter: UploadMeter? { writer.meter }

  func receive(_ bytes: ByteBuffer) throws(UploadError) { writer.receive(bytes) }
  func end(trailers: HTTPFields?) throws(UploadError) { writer.end(trailers) }
  func fail(_ error: UploadError) { interrupt(.failed(error)) }

  // MARK: Steps

  private func perform(_ action: ResumableAction) {
    switch action {
    case .respond(let response): end(response)
    case .discard(let response): delete(isRemembered: true, response.error) { self.end(response) }
    case .remove(let response): delete(isRemembered: false, response.error) { self.end(response) }
    case .create(let resource): create(resource)
    case .find(let id, let endsOther): find(id, endsOther: endsOther)
    case .append(let plan): append(plan)
    case .concatenate(let ids): concatenate(ids)
    case .suspend:
      wait(for: writer.record(in: upload)) {
        self.perform(self.exchange.suspended(at: self.upload.record?.offset ?? 0))
      }
    case .finalize: publish()
    case .respondStored(let fields): endStored(fields)
    }
  }

  /// Waits for a step of the store; nil for none. Its failure ends the request; the upload remains.
  private func wait(for step: EventLoopFuture<Void>.Isolated?, _ next: @escaping () -> Void) {
    if let step { wait(for: step) { _ in next() } } else { next() }
  }

  private func wait<Value>(for step: EventLoopFuture<Value>.Isolated, _ next: @escaping (Value) -> Void) {
    step.whenComplete { result in
      switch result {
      case .success(let value): next(value)
      case .failure(let error): self.end(after: .wrapping(error))
      }
    }
  }

  /// Asks this request to end. Retains it for as long as it has its turn.
  private var endRequest: RequestTurn.EndRequest {
    let (body, loop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
    return { reason in loop.execute { body.value.interrupt(RequestInterruption(reason)) } }
  }

  private func create(_ resource: NewUploadResource) {
    do throws(UploadError) {
      let record = try upload.makeRecord(resource)
      try delegate?.admitUpload()
      try upload.create(record, end: endRequest).whenComplete { self.created(record, $0) }
    } catch {
      reject(error)
    }
  }

  private func created(_ record: UnfinishedRecord, _ result: Result<Void, any Error>) {
    if case .failure(let error) = result { return reject(.wrapping(error)) }
    // No client knows the URL of the upload.
    if interruption != nil { return delete(isRemembered: false) { self.endInterrupted() } }
    perform(exchange.created(location: upload.location ?? "", expires: record.expires))
  }

  private func find(_ text: String, endsOther: Bool) {
    guard let id = UnfinishedID(text) else { return perform(exchange.found(nil)) }
    let asked = upload.uploadProtocol
    wait(for: upload.find(id, takingTurn: endsOther ? endRequest : nil)) { resource in
      guard self.upload.uploadProtocol != asked else { return self.perform(self.exchange.found(resource)) }
      self.exchange = self.upload.makeExchange()
      self.perform(self.exchange.start())
    }
  }

  private func concatenate(_ ids: [String]) {
    upload.concatenate(ids).whenComplete { result in
      switch result {
      // No client knows the URL of the upload.
      case .success where self.interruption != nil: self.delete(isRemembered: false) { self.endInterrupted() }
      case .success(let length): self.perform(self.exchange.concatenated(length: length))
      case .failure(let error):
        let error = UploadError.wrapping(error)
        self.delete(isRemembered: false, error) { self.end(self.failure(error, isFinal: true), rejection: error) }
      }
    }
  }

  private func append(_ plan: AppendPlan) {
    if endsWithoutContent { return endInterrupted() }
    do throws(UploadError) { try delegate?.admitUpload() } catch { return reject(error) }
    wait(for: upload.prepare(plan)) {
      if self.endsWithoutContent { return self.endInterrupted() }
      do throws(UploadError) {
        try self.writer.begin(plan, of: self.upload) {
          guard let interim = self.upload.interim(plan) else { return }
          self.delegate?.sendInterim(HTTPResponse(interim: interim))
        }
        // What had arrived before the request ended is stored.
        if self.interruption != nil, self.writer.state == .appending { self.endInterrupted() }
      } catch {
        self.end(after: error)
      }
    }
  }

  /// Whether the request has ended before any of its content arrived, or before a newer one that replaces it.
  private var endsWithoutContent: Bool {
    switch interruption {
    case nil: false
    case .replaced: true
    case .failed: !writer.hasQueued
    }
  }

  // MARK: The body

  func contentHasRoom() { delegate?.bodyHasRoom() }

  func mayStore(_ bytes: ByteBuffer) -> Bool {
    guard let action = exchange.receive(bytes.readableBytes) else { return true }
    perform(action)
    return false
  }

  func typeDetected(_ note: @escaping @Sendable (inout UnfinishedRecord) -> Void) { upload.note(note) }
  func contentEnded(checksumMatches: Bool?) { perform(exchange.bodyEnded(checksumMatches: checksumMatches)) }
  func contentRejected(_ error: UploadError) { interrupt(.failed(error)) }
  func storeFailed(_ error: UploadError) { end(after: error) }

  private func publish() {
    do throws(UploadError) {
      guard upload.record != nil, let file = try writer.publish() else {
        return reject(RequestedUpload.unknown)
      }
      file.whenComplete { self.published($0) }
    } catch {
      interrupt(.failed(error))
    }
  }

  private func published(_ result: Result<StoredFile, any Error>) {
    switch result {
    case .success(let file):
      upload.published(file)
      perform(exchange.finalized())
    case .failure(let error):
      if case .failed(let first) = interruption { end(after: first) } else { end(after: .wrapping(error)) }
    }
  }

  // MARK: Early ends

  private func interrupt(_ interruption: RequestInterruption) {
    if interruption.isCancellation { upload.noteCancelled() }
    switch writer.state {
    case .preparing: self.interruption = self.interruption ?? interruption
    case .appending:
      self.interruption = interruption
      endInterrupted()
    case .publishing:
      // Only a user can end that: the file is complete.
      guard interruption.isCancellation else { return }
      self.interruption = interruption
      writer.cancelPublishing()
    case .ending, .over: break
    }
  }

  /// Ends the request because of ``interruption``: what has arrived is recorded, unless the upload can never succeed.
  private func endInterrupted() {
    switch interruption {
    case .failed(let error) where error.endsResumableUpload: end(after: error)
    case .failed(let error):
      wait(for: writer.recordInterrupted(in: upload)) { self.end(self.failure(error, isFinal: false), rejection: nil) }
    case .replaced, nil: wait(for: writer.recordInterrupted(in: upload)) { self.end(.replaced) }
    }
  }

  /// Ends the request because of an error, and the upload with it where that can never succeed.
  private func end(after error: UploadError) {
    guard writer.state != .over else { return }
    writer.abort()
    guard upload.record != nil else { return reject(error) }
    guard !error.endsResumableUpload else {
      return delete(isRemembered: error.code != .cancelled, error) {
        self.end(self.failure(error, isFinal: true), rejection: nil)
      }
    }
    // The offset may have grown before the failure.
    wait(for: upload.refresh()) { self.end(self.failure(error, isFinal: false), rejection: nil) }
  }

  private func delete(isRemembered: Bool, _ error: UploadError? = nil, _ next: @escaping () -> Void) {
    writer.abort()
    wait(for: upload.delete(isRemembered: isRemembered, because: error), next)
  }

  // MARK: The response

  private func failure(_ error: UploadError, isFinal: Bool) -> ResumableResponse {
    let offset = isFinal ? nil : upload.record?.offset
    return exchange.failed(error, status: error.code.status.code, isFinal: isFinal, offset: offset)
  }

  /// Rejects the request; the upload, if there is one, is not changed.
  private func reject(_ error: UploadError) {
    end(failure(error, isFinal: upload.record == nil && error.endsResumableUpload), rejection: error)
  }

  private func endStored(_ fields: HTTPFields) {
    guard let record = upload.record, case .finished(let file) = record.state else {
      return reject(RequestedUpload.unknown)
    }
    var fields = fields
    for field in HTTPFields.settingTime(record.modified) { fields.append(field) }
    end(.stored([file], method: record.method, fields: fields))
  }

  /// Ends with a response of the protocol itself. What belongs to the normal course of resuming is not reported.
  private func end(_ response: ResumableResponse) {
    let isUsual = [.notFound, .offsetMismatch, .uploadGone].contains(response.error?.code)
    end(response, rejection: isUsual ? nil : response.error)
  }

  private func end(_ response: ResumableResponse, rejection: UploadError?) {
    end(.response(ServerResponse(response), rejection: rejection))
  }

  private func end(_ outcome: BodyOutcome) {
    guard writer.state != .over else { return }
    // Where the protocol has rejected what has arrived, it does not count.
    writer.close()
    upload.release()
    delegate?.bodyEnded(outcome)
  }
}
