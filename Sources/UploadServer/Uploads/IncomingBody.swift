import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// The body of one request on its way into the store: a file, or a form of files. Lives on the connection's event loop.
protocol IncomingBody: AnyObject {
  /// Whether everything so far has found room. While it has not, no more should be read, until
  /// ``IncomingBodyDelegate/bodyHasRoom()`` is called.
  var hasRoom: Bool { get }

  /// Whether an upload has begun, so that the failure of this body is reported as that of an upload.
  var hasUploads: Bool { get }

  /// Accepts the next bytes of the body.
  func receive(_ bytes: ByteBuffer)

  /// A rate limit begins or ceases to block the body, which observers are shown.
  func noteLimit(_ isLimited: Bool)

  /// The body is complete: stores it, and reports the result to the delegate.
  /// - Parameter trailers: the trailer fields; nil when there are none.
  func end(trailers: HTTPFields?)

  /// Aborts the upload because of `error`, which the delegate gets. Files that are already stored are kept.
  func fail(_ error: UploadError)
}

/// Is notified by an ``IncomingBody``, on its event loop and perhaps within a call to it, but not while it is created.
protocol IncomingBodyDelegate: AnyObject {
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
    onCancel {
      eventLoop.execute { body.value.fail(.cancelledByServer) }
    }
  }

  /// Counts the connection's receive buffer, of which `bytes` is a slice, as memory of this upload.
  func noteNetwork(_ bytes: ByteBuffer) {
    setNetworkBytes(bytes.storageCapacity)
  }

  /// Shows in the phase that a rate limit begins or ceases to block the upload, unless it waits for the disk or for memory.
  func noteLimit(_ isLimited: Bool) {
    switch phase {
    case .waiting, .peer, .limit: phase = isLimited ? .limit : .peer
    case .disk, .memory, .input, .pause, .response, .finishing: break
    }
  }
}

extension StoredFile {
  /// The file as the event of the finished upload reports it.
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
