import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// Publishes an upload of which all bytes had arrived when an earlier server stopped, without a request for it.
/// Lives on one event loop.
final class RecoveredUpload: UploadSinkDelegate {
  private let id: UnfinishedID
  private let uploads: ResumableUploads
  private let context: ServerContext
  private let eventLoop: any EventLoop
  private var sink: (any AppendSink)?

  private init(_ id: UnfinishedID, _ uploads: ResumableUploads, _ context: ServerContext, _ eventLoop: any EventLoop) {
    (self.id, self.uploads, self.context, self.eventLoop) = (id, uploads, context, eventLoop)
  }

  /// Begins to publish it; requests on the upload wait for that. Callable on any thread.
  static func publish(_ id: UnfinishedID, _ uploads: ResumableUploads, _ context: ServerContext, on loop: any EventLoop)
  {
    loop.execute { RecoveredUpload(id, uploads, context, loop).begin() }
  }

  func sinkHasRoom() {}

  /// The future of the publishing fails, too.
  func sinkFailed(_ error: UploadError) {}

  private func begin() {
    let (uploads, id, eventLoop) = (uploads, id, eventLoop)
    uploads.turns.begin(id, on: eventLoop) { _ in }
      .flatMap { uploads.store.find(id, on: eventLoop) }
      .assumeIsolated()
      .whenComplete { result in
        guard case .success(.some(let record)) = result, record.awaitsPublishing else { return self.end() }
        self.inspect(record)
      }
  }

  private func inspect(_ record: UnfinishedRecord) {
    let detected = uploads.resumeDetection(of: record, on: eventLoop) ?? eventLoop.makeSucceededVoidFuture()
    detected.assumeIsolated().whenComplete { result in
      switch result {
      case .success: self.publish(record)
      // The next request on the upload continues it.
      case .failure: self.end()
      }
    }
  }

  private func publish(_ record: UnfinishedRecord) {
    let entry = uploads.known(record, on: eventLoop)
    let head = HTTPRequest(method: .patch, scheme: nil, authority: nil, path: nil)
    do throws(UploadError) {
      var content = try AppendedContent(AppendPlan(), to: record, head, entry, context)
      let request = try content.finalizeRequest()
      uploads.activate(record)
      let sink = uploads.store.append(
        to: record,
        isProvisional: false,
        meter: entry.meter,
        hash: content.hash,
        on: eventLoop,
        delegate: self
      )
      self.sink = sink
      sink.finalize(request).assumeIsolated().whenComplete { self.published(record, $0) }
    } catch {
      uploads.interrupt(record)
      end()
    }
  }

  private func published(_ record: UnfinishedRecord, _ result: Result<StoredFile, any Error>) {
    switch result {
    case .success(let file):
      let expires = CurrentTime.seconds + ResumableUploads.memory
      _ = uploads.store.update(id, on: eventLoop) { $0.expires = expires }
      uploads.end(id, with: .success(file), expires: expires)
    // The next request on the upload publishes it, or reports why that fails.
    case .failure: uploads.interrupt(record)
    }
    end()
  }

  private func end() {
    sink = nil
    uploads.turns.end(id)
  }
}
