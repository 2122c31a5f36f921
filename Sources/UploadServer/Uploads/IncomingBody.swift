import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// The body of one request on its way into the store: a file, or a form of files. Lives on the connection's event loop.
protocol IncomingBody: AnyObject {
  /// Whether everything so far has found room. While it has not, no more should be read, until
  /// ``IncomingBodyDelegate/bodyHasRoom()`` is called.
  var hasRoom: Bool { get }

  /// The upload that arrives, or the last one that has arrived. nil before one has begun: then the failure of this body is
  /// reported as a rejected request.
  var meter: UploadMeter? { get }

  /// Accepts the next bytes of the body.
  /// - Throws: ``UploadError`` when the body has to be rejected, which ``fail(_:)`` then does.
  func receive(_ bytes: ByteBuffer) throws(UploadError)

  /// The body is complete: stores it, and reports the result to the delegate.
  /// - Parameter trailers: the trailer fields; nil when there are none.
  /// - Throws: ``UploadError`` when the body has to be rejected, which ``fail(_:)`` then does.
  func end(trailers: HTTPFields?) throws(UploadError)

  /// Aborts the upload because of `error`, which the delegate gets. Files that are already stored are kept.
  func fail(_ error: UploadError)
}

/// The connection of an ``IncomingBody``. Is notified on the event loop, perhaps within a call to the body, but not while it
/// is created.
protocol IncomingBodyDelegate: AnyObject {
  /// What all connections of the server share: the store, the limits, the ledger.
  var server: ServerContext { get }
  /// The event loop of the connection and of its body.
  var eventLoop: any EventLoop { get }
  /// There is room for more bytes.
  func bodyHasRoom()
  /// The body has ended. Called once.
  /// - Parameter result: the files under their final names, or why nothing was stored.
  func bodyEnded(_ result: Result<[StoredFile], UploadError>)
}

extension UploadMeter {
  /// Makes a cancellation of the upload fail `body`. To be called on the body's event loop.
  func cancels(_ body: any IncomingBody, on eventLoop: any EventLoop) {
    let body = NIOLoopBound(body, eventLoop: eventLoop)
    onCancel { eventLoop.execute { body.value.fail(.cancelledByServer) } }
  }

  /// Shows in the phase that a rate limit begins or ceases to block the upload, unless it waits for the disk or for memory.
  func noteLimit(_ isLimited: Bool) {
    switch phase {
    case .waiting, .peer, .limit: phase = isLimited ? .limit : .peer
    case .disk, .memory, .input, .pause, .response, .finishing: break
    }
  }
}

extension UploadLedger {
  /// Ends an incoming upload: reports its stored file, or why there is none.
  func end(_ meter: UploadMeter, with result: Result<StoredFile, UploadError>) {
    switch result {
    case .success(let file):
      let finished = FinishedUpload(
        path: file.name,
        bytes: file.size,
        type: file.type,
        declaredType: meter.declaredType,
        detectedType: meter.detectedType,
        sha256: file.digests.sha256Text
      )
      end(meter, .finished(finished))
    case .failure(let error): end(meter, error.code == .cancelled ? .cancelled : .failed(error))
    }
  }
}
