package import NIOCore
package import UploadCore
package import UploadStorage

/// One upload into a ``MemoryStore``, on the thread that handler and test share. Bytes are stored also without room.
package final class MemorySink: UploadSink {
  package let meter: UploadMeter
  /// The bytes that have been written before the upload's end.
  package private(set) var bytes: [UInt8] = []
  /// How the file is to be finalized; nil until ``stage(_:)`` or ``finalize(_:)`` is called.
  package private(set) var request: FinalizeRequest?
  /// Computes the digests that the server requested when the upload began; nil where it requested none.
  package private(set) var hash: (any ContentHash)?
  /// Whether ``abort()`` has been called.
  package private(set) var isAborted = false
  /// Whether there is room for more bytes. The delegate is notified when this becomes true.
  package var hasRoom = true {
    didSet { if hasRoom, !oldValue { delegate?.sinkHasRoom() } }
  }
  private weak var delegate: (any UploadSinkDelegate)?
  private let store: MemoryStore
  private var promise: EventLoopPromise<any StagedFile>?

  init(_ meter: UploadMeter, _ hash: (any ContentHash)?, _ store: MemoryStore, _ delegate: (any UploadSinkDelegate)?) {
    self.meter = meter
    self.hash = hash
    self.store = store
    self.delegate = delegate
  }

  /// The bytes that have been written, as UTF-8.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
  /// The requested path as text; nil until the upload's end.
  package var name: String? { request?.path.description }
  /// Whether the upload was interrupted and is to be kept: only then the request asks for a free name.
  package var isKept: Bool { request?.onDuplicate == .rename }
  /// The media type to note; nil until the upload's end, and where there is none.
  package var type: String? { request?.type }

  package func write(_ bytes: ByteBuffer) {
    guard !isAborted, request == nil else { return }
    self.bytes += Array(bytes.readableBytesView)
    bytes.withUnsafeReadableBytes { hash?.update($0) }
  }

  package func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile> {
    self.request = request
    let promise = store.eventLoop.makePromise(of: (any StagedFile).self)
    self.promise = promise
    if store.stagesAtOnce { finishStaging() }
    return promise.futureResult
  }

  package func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile> {
    let store = store
    return stage(request)
      .flatMap { store.publish([$0], on: store.eventLoop) }
      .flatMapThrowing { files in
        guard let file = files.first else { throw UploadError(.internalFailure, "Nothing was published.") }
        return file
      }
  }

  /// Completes a pending ``stage(_:)``, or does nothing: with the file, or with `contentMismatch` where a digest is not
  /// the expected one.
  package func finishStaging() {
    guard let promise, let request else { return }
    self.promise = nil
    var digests = hash?.digests ?? ContentDigests()
    if var late = request.late {
      bytes.withUnsafeBytes { late.update($0) }
      digests.fill(from: late.digests)
    }
    promise.completeWith(
      Result { () throws -> any StagedFile in
        try digests.require(request.expected)
        return StagedMemoryFile(meter: meter, request: request, content: bytes, digests: digests)
      }
    )
  }

  package func abort() {
    isAborted = true
    guard store.abortsAtOnce else { return }
    let promise = promise
    self.promise = nil
    promise?.fail(UploadError(.cancelled, "Aborted."))
  }

  /// Fails the upload as a store does: a pending ``stage(_:)`` fails with the error, and the delegate is notified.
  package func fail(_ error: UploadError) {
    let promise = promise
    self.promise = nil
    promise?.fail(error)
    delegate?.sinkFailed(error)
  }
}
