import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// The body of one request, or of a raw connection, on its way into the store: a file, or a form of files. Lives on the
/// connection's event loop; every call is made there.
protocol IncomingBody: AnyObject {
  /// Whether there is room for more bytes. While there is none, nothing more should be read from the socket, until
  /// ``IncomingBodyDelegate/bodyHasRoom()`` is called or the body ends.
  var hasRoom: Bool { get }

  /// The meter of the file that arrives, or of the last one that has arrived. nil before a file has begun: then the
  /// failure of this body is reported as a rejected request.
  var meter: UploadMeter? { get }

  /// Accepts the next bytes of the body, also without room for them: what has been read must not be lost. Ignored after
  /// the end or a failure.
  /// - Throws: ``UploadError`` when the body has to be rejected: pass it to ``fail(_:)``.
  func receive(_ bytes: ByteBuffer) throws(UploadError)

  /// Call it when the body is complete: stores it, and reports the result to the delegate later or within this call.
  /// Ignored after a failure.
  /// - Parameter trailers: the trailer fields; nil when there are none.
  /// - Throws: ``UploadError`` when the body has to be rejected: pass it to ``fail(_:)``.
  func end(trailers: HTTPFields?) throws(UploadError)

  /// Aborts the upload because of `error`, which the delegate gets: within this call, or, when the file is already
  /// being finalized or its content is to be kept, once that has ended. Too late while the body is being published:
  /// then the delegate gets that result. Ignored after the end.
  func fail(_ error: UploadError)
}

/// The connection of an ``IncomingBody``. Is notified on the event loop, perhaps within a call to the body, but not
/// while the body is created.
protocol IncomingBodyDelegate: AnyObject {
  /// What all connections of the server share: the store, the limits, the ledger.
  var server: ServerContext { get }
  /// The event loop of the connection and of its body.
  var eventLoop: any EventLoop { get }
  /// There is room for more bytes of the body: reads may resume.
  func bodyHasRoom()
  /// The body has ended: all its files are stored, or it has failed. Called once.
  /// - Parameter result: the files under their final names, or why the upload failed. Then nothing was stored, except
  ///   `NAME.partial` where the message says that it is kept.
  func bodyEnded(_ result: Result<[StoredFile], UploadError>)
}

extension UploadMeter {
  /// Makes a cancellation of the upload fail `body` with ``UploadError/cancelledByServer``. Call it on the body's event
  /// loop. The body is retained until the upload ends.
  func cancels(_ body: any IncomingBody, on eventLoop: any EventLoop) {
    let body = NIOLoopBound(body, eventLoop: eventLoop)
    onCancel { eventLoop.execute { body.value.fail(.cancelledByServer) } }
  }

  /// Shows in the phase whether a rate limit blocks the upload (`limit`) or it waits for the client (`peer`). A phase
  /// that has another reason, such as the disk or memory, is unchanged.
  func noteLimit(_ isLimited: Bool) {
    switch phase {
    case .waiting, .peer, .limit: phase = isLimited ? .limit : .peer
    case .disk, .memory, .input, .pause, .interrupted, .userPause, .response, .finishing: break
    }
  }
}

extension UploadLedger {
  /// Ends an incoming upload: reports its stored file, or why there is none. An error with code `cancelled` ends it as
  /// cancelled, every other one as failed. A second end is ignored.
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
