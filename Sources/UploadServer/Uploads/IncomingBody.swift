import HTTPTypes
import NIOCore
import UploadCore
import UploadStorage

/// The body of one request on its way into the store: a file, or a form of files. Lives on the connection's event loop.
protocol IncomingBody: AnyObject {
  /// Whether everything so far has found room; while not, no more should be read. The delegate hears when it has.
  var hasRoom: Bool { get }

  /// Whether an upload has begun, which its own events tell the end of.
  var hasUploads: Bool { get }

  /// Takes the next bytes of the body.
  func receive(_ bytes: ByteBuffer)

  /// A rate limit begins, or ceases, to hold it back; for those who watch.
  func noteLimit(_ isHeldBack: Bool)

  /// The body is complete: stores it. The delegate hears how that went.
  /// - Parameter trailers: the fields behind it, where there are any.
  func end(trailers: HTTPFields?)

  /// Gives everything back, because of `error`; what is stored already stays. The delegate hears of it.
  func fail(_ error: UploadError)
}

/// Hears what becomes of an ``IncomingBody``; on its event loop, perhaps within a call to it.
protocol IncomingBodyDelegate: AnyObject {
  /// More bytes may come.
  func bodyHasRoom()
  /// It is over: the files under their final names, or why there are none. Heard once.
  func bodyEnded(_ result: Result<[StoredFile], UploadError>)
}
