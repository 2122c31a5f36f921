import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// The body of one request on its way into the store: a file, or a form of files. Lives on the connection's event loop.
protocol IncomingBody: AnyObject {
  /// Whether everything so far has found room; while not, no more should be read, until the delegate's
  /// ``IncomingBodyDelegate/bodyHasRoom()`` is called.
  var hasRoom: Bool { get }

  /// Whether an upload has begun, which its own events tell the end of.
  var hasUploads: Bool { get }

  /// Takes the next bytes of the body.
  func receive(_ bytes: ByteBuffer)

  /// A rate limit begins, or ceases, to block it; shown to observers.
  func noteLimit(_ isHeldBack: Bool)

  /// The body is complete: stores it, and reports the result to the delegate.
  /// - Parameter trailers: the trailer fields, where there are any.
  func end(trailers: HTTPFields?)

  /// Discards the upload because of `error`, which the delegate gets; files that are already stored stay.
  func fail(_ error: UploadError)
}

/// Is told what becomes of an ``IncomingBody``; on its event loop, perhaps within a call to it.
protocol IncomingBodyDelegate: AnyObject {
  /// There is room for more bytes.
  func bodyHasRoom()
  /// The upload ended: the files under their final names, or why there are none. Called once.
  func bodyEnded(_ result: Result<[StoredFile], UploadError>)
}

extension UploadMeter {
  /// Has a cancellation end `body`, on the body's event loop, where this is called.
  func cancels(_ body: any IncomingBody, on eventLoop: any EventLoop) {
    let body = NIOLoopBound(body, eventLoop: eventLoop)
    onCancel {
      eventLoop.execute { body.value.fail(.cancelledByServer) }
    }
  }

  /// Counts the connection's receive buffer, of which `bytes` is a slice, as held by this upload.
  func noteNetwork(_ bytes: ByteBuffer) {
    setNetworkBytes(bytes.storageCapacity)
  }

  /// Notes that a rate limit begins, or ceases, to hold it back; what waits for the disk or for memory still does.
  func noteLimit(_ isHeldBack: Bool) {
    switch phase {
    case .waiting, .peer, .limit: phase = isHeldBack ? .limit : .peer
    case .disk, .memory, .input, .pause, .response, .finishing: break
    }
  }
}

extension StoredFile {
  /// What the events tell of this file.
  func finished(_ meter: UploadMeter) -> FinishedUpload {
    FinishedUpload(
      path: name,
      bytes: size,
      type: type,
      declaredType: meter.declaredType,
      detectedType: meter.detectedType,
      sha256: digests.sha256Text
    )
  }
}
