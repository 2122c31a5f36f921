import UploadCore
import UploadStorage

/// The sink that a ``PartSender`` works for. Called on its event loop.
protocol PartSenderDelegate: AnyObject {
  /// There is room for bytes again.
  func senderHasRoom()
  /// Every byte is in a part, after ``PartSender/finish()``.
  /// - Parameter last: the part that is not full; nil where the last one is, and without bytes.
  func senderFinished(_ last: SpooledPart?)
  /// All parts are at the engine, or the only one is spooled: take them with ``PartSender/takeContent()``.
  func senderCompleted()
  /// All full parts are at the engine: take the other one with ``PartSender/takeRest()``.
  func senderPaused()
  /// The bytes cannot be stored. The sender ends by itself.
  func senderFailed(_ error: UploadError)
  /// After a failure or ``PartSender/abort()``: nothing is being sent any more, and all files are deleted.
  func senderStopped()
}

/// Whose object a ``PartSender`` stores.
struct PartOwner: Sendable {
  /// The upload.
  var holder: UploadID
  /// The request that it belongs to.
  var form: UploadID
  /// Of an upload that other requests may continue; nil for one that only this request sends.
  var log: (any PartLog)?
}

/// Notes what is sent of an upload, so that another request, perhaps to another server, can continue it.
protocol PartLog: Sendable {
  /// Of the upload.
  var id: UnfinishedID { get }
  /// Notes that the multipart upload has begun. Parts are sent when this has succeeded.
  func noteBegun(_ object: MultipartObject) async throws(UploadError)
  /// Notes a part that is full, or the last one. It is sent when this has succeeded.
  func noteFull(_ part: SpooledPart) async throws(UploadError)
}

/// What is stored already of an upload that a ``PartSender`` continues.
struct StoredParts {
  /// The multipart upload; nil where it has not begun.
  var object: MultipartObject?
  /// Those that the engine has.
  var parts: [S3Part] = []
  /// How many bytes the sender gets again although they were stored before.
  var repeated: UInt64 = 0
}
