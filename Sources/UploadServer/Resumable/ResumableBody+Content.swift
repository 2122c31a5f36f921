import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// The body on its way into the store, and its end.
extension ResumableBody {
  func append(_ plan: AppendPlan) {
    if endsBeforeContent { return endInterrupted() }
    guard let record else { return reject(UploadError(.internalFailure, "The upload is not known.")) }
    do throws(UploadError) { try delegate?.admitUpload() } catch { return reject(error) }
    guard plan.length != nil || isAging(record) else { return open(plan) }
    let type = record.detectedType
    prolong({ record in
      record.length = plan.length ?? record.length
      if case .none = record.detectedType { record.detectedType = type }
    }) { _ in self.open(plan) }
  }

  /// Whether the request has ended already, and none of its content has arrived that could be stored.
  private var endsBeforeContent: Bool { interruption != nil && input.isEmpty }

  func open(_ plan: AppendPlan) {
    if endsBeforeContent { return endInterrupted() }
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
    let earlier = interruption
    interruption = nil
    sink = uploads.store.append(
      to: record,
      isProvisional: content.isProvisional,
      meter: entry.meter,
      hash: content.hash,
      on: eventLoop,
      delegate: self
    )
    if case .failed(let error) = interruption { return fail(afterRelease: error) }
    interruption = earlier
    state = .appending
    if request.mayGetInterim, let interim = plan.interim { delegate?.sendInterim(HTTPResponse(interim: interim)) }
    while state == .appending, let bytes = input.removeFirst() { append(bytes) }
    // What had arrived before the request ended is stored.
    if state == .appending, interruption != nil { return endInterrupted() }
    if state == .appending, case .complete(let trailers) = input.removeEnd() { return endBody(trailers) }
    if state == .appending, hasRoom { delegate?.bodyHasRoom() }
  }

  func append(_ bytes: ByteBuffer) {
    if let action = exchange.receive(bytes.readableBytes) { return perform(action) }
    do throws(UploadError) {
      if try content?.receive(bytes) == true { noteType() }
    } catch {
      return fail(error)
    }
    sink?.write(bytes)
  }

  /// Records the type of the content once it is detected: after a crash the first bytes cannot be inspected again.
  func noteType() {
    guard let record, let content, !content.isProvisional else { return }
    _ = uploads.store.update(record.id, on: eventLoop) { content.note(in: &$0) }
  }

  func endBody(_ trailers: HTTPFields?) {
    meter?.setNetworkBytes(0)
    do throws(UploadError) {
      let matches = try content?.end(trailers)
      perform(exchange.bodyEnded(checksumMatches: matches ?? nil))
    } catch {
      fail(error)
    }
  }

  /// Records what has arrived, and continues the exchange.
  func suspend() {
    state = .ending
    recordBytes(of: sink) { self.perform(self.exchange.suspended(at: self.record?.offset ?? 0)) }
  }

  /// Syncs the bytes that have arrived, and records the offset.
  func recordBytes(of sink: (any AppendSink)?, _ next: @escaping () -> Void) {
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

  func publish() {
    guard let sink, let record else { return reject(UploadError(.internalFailure, "The upload is not known.")) }
    do throws(UploadError) {
      guard let request = try content?.finalizeRequest(record) else { return }
      state = .publishing
      sink.finalize(request).assumeIsolated().whenComplete { self.published(record.id, $0) }
    } catch {
      fail(error)
    }
  }

  func published(_ id: UnfinishedID, _ result: Result<StoredFile, any Error>) {
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
}
