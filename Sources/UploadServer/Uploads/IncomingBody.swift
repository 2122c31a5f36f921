import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
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
  /// The body has ended. Called once.
  func bodyEnded(_ outcome: BodyOutcome)
  /// Counts the request as one with an upload until the body ends, and applies the rate limits to it. For a body that
  /// was begun without that; a second call does nothing.
  /// - Throws: ``UploadError`` when a limit on simultaneous uploads is reached.
  func admitUpload() throws(UploadError)
  /// Sends an interim response (1xx) before the final one.
  func sendInterim(_ response: HTTPResponse)
}

/// What has become of a body, and how to respond.
enum BodyOutcome {
  /// All its files are stored.
  /// - Parameters:
  ///   - files: the files under their final names.
  ///   - method: the method of the request that began the upload; nil for that of this request.
  ///   - fields: header fields that the response has besides its usual ones.
  case stored([StoredFile], method: String? = nil, fields: HTTPFields = [:])
  /// It has failed; nothing was stored, except `NAME.partial` where the message says that it is kept.
  case failed(UploadError)
  /// The response is complete.
  /// - Parameter rejection: why the request is rejected, to be reported; nil for a success, and for what is no reason
  ///   to report.
  case response(ServerResponse, rejection: UploadError? = nil)
  /// A newer request replaces this one: close the connection without a response.
  case replaced

  /// All files are stored, or the upload has failed.
  init(_ result: Result<[StoredFile], UploadError>) {
    switch result {
    case .success(let files): self = .stored(files)
    case .failure(let error): self = .failed(error)
    }
  }
}

extension HTTPFields {
  /// The response field that says that the modification time which the request states was set; none where it states
  /// none.
  static func settingTime(_ modified: Int64?) -> HTTPFields {
    modified == nil ? [:] : [.ocMtime: "accepted"]
  }
}

extension UploadMeter {
  /// Makes a cancellation of the upload fail `body` with ``UploadError/cancelledByServer``, and the end of the program
  /// with ``UploadError/stopping``, after which clients retry. Call it on the body's event loop. The body is retained
  /// until the upload ends.
  func cancels(_ body: any IncomingBody, on eventLoop: any EventLoop) {
    let body = NIOLoopBound(body, eventLoop: eventLoop)
    onCancel { [weak self] in
      let isStopped = self?.isStopped ?? false
      eventLoop.execute { body.value.fail(isStopped ? .stopping : .cancelledByServer) }
    }
  }

  /// Shows in the phase whether a rate limit blocks the upload (`limit`) or it waits for the client (`peer`). A phase
  /// that has another reason, such as the disk or memory, is unchanged.
  func noteLimit(_ isLimited: Bool) {
    switch phase {
    case .waiting, .peer, .limit: phase = isLimited ? .limit : .peer
    case .connecting, .network, .disk, .store, .memory, .input, .pause, .interrupted, .userPause, .response, .finishing:
      break
    }
  }
}

extension UploadLedger {
  /// Ends an incoming upload: reports its stored file, or why there is none. An error with code `cancelled` ends it as
  /// cancelled, and so does `shuttingDown` after ``UploadMeter/stop()``; every other one as failed. A second end is
  /// ignored.
  func end(_ meter: UploadMeter, with result: Result<StoredFile, UploadError>) {
    switch result {
    case .success(let file):
      let finished = FinishedUpload(
        path: file.name,
        nameBytes: file.nameBytes,
        bytes: file.size,
        type: file.type,
        declaredType: meter.declaredType,
        detectedType: meter.detectedType,
        sha256: file.digests.sha256Text
      )
      end(meter, .finished(finished))
    case .failure(let error):
      let isCancelled = error.code == .cancelled || error.code == .shuttingDown && meter.isStopped
      end(meter, isCancelled ? .cancelled : .failed(error))
    }
  }
}
