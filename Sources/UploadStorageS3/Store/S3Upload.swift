import NIOCore
import UploadCore
import UploadStorage

/// What all uploads of one ``S3Store`` share.
struct S3StoreParts: Sendable {
  /// To the bucket.
  let requests: any S3Requests
  /// Gives files their names.
  let publisher: ObjectPublisher
  /// Deletes what is left of uploads that have failed.
  let cleanup: ObjectCleanup
  /// Where parts are spooled.
  let directory: UploadDirectory
  /// Write and read spooled parts.
  let workers: WorkerPool
  /// Of the memory for bytes that are not spooled yet.
  let budget: MemoryBudget
  /// The smallest size of parts, in bytes.
  let partSize: UInt64

  /// Deletes the content of a staged file. Does not block.
  func discard(_ content: StagedObject.Content) {
    switch content {
    case .spooled(let part): if let file = part.file { workers.submit { _ in file.discard() } }
    case .parts(let object, _): cleanup.abort(object)
    }
  }
}

/// One upload on its way into an object. Lives on one event loop: every call is made there. A ``PartSender`` does the work.
final class S3Upload: UploadSink, PartSenderDelegate {
  /// How the upload is to end.
  private struct Ending {
    let request: FinalizeRequest
    let promise: EventLoopPromise<StagedObject>
  }

  /// The error for a call after an upload was aborted.
  static let aborted = UploadError(.cancelled, "The upload was cancelled before it was stored.")

  private let meter: UploadMeter
  private let eventLoop: any EventLoop
  private let store: S3StoreParts
  private let sender: PartSender
  private weak var delegate: (any UploadSinkDelegate)?
  private var ending: Ending?
  /// Of the whole file, once that is complete.
  private var digests = ContentDigests()
  private var isOver = false

  /// - Parameter condition: checked before the first byte is stored; nil for none.
  init(
    _ meter: UploadMeter,
    spool: PartSpool,
    condition: PublishCondition?,
    store: S3StoreParts,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) {
    (self.meter, self.store, self.eventLoop, self.delegate) = (meter, store, eventLoop, delegate)
    let owner = PartOwner(holder: meter.id, form: meter.request)
    sender = PartSender(meter, spool: spool, store: store, owner: owner, on: eventLoop)
    sender.delegate = self
    guard let condition else { return }
    let publisher = store.publisher
    sender.wait(for: eventLoop.makeFutureWithTask { try await publisher.check(condition) })
  }

  var hasRoom: Bool { sender.hasRoom }

  func announce(_ request: FinalizeRequest) { sender.announce(request) }

  func write(_ bytes: ByteBuffer) {
    guard !isOver, ending == nil, bytes.readableBytes > 0 else { return }
    sender.write(bytes)
  }

  func senderHasRoom() { delegate?.sinkHasRoom() }

  // MARK: The end

  func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile> {
    end(request).map { $0 as any StagedFile }
  }

  private func end(_ request: FinalizeRequest) -> EventLoopFuture<StagedObject> {
    let promise = eventLoop.makePromise(of: StagedObject.self)
    guard !isOver, ending == nil else {
      promise.fail(Self.aborted)
      return promise.futureResult
    }
    ending = Ending(request: request, promise: promise)
    sender.announce(request)
    sender.finish()
    return promise.futureResult
  }

  func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile> {
    let (store, eventLoop) = (store, eventLoop)
    return end(request).flatMap { staged in
      eventLoop.makeFutureWithTask { try await staged.publish(with: store).file }
    }
  }

  func senderFinished(_ last: SpooledPart?) {
    guard let request = ending?.request else { return }
    let digests = sender.digests
    guard let late = request.late else { return finish(last, digests) }
    guard sender.isSingle else { return sender.fail(Self.lateDigest) }
    sender.reread(late) { others in
      var all = digests
      all.fill(from: others)
      self.finish(last, all)
    }
  }

  /// The error for a digest that would need the parts at the engine to be read again.
  static let lateDigest = UploadError(
    .badRequest,
    "The digest is requested too late for a file of this size. State it in the header of the request, not behind the body."
  )

  /// Compares the digests, and ends the last part.
  private func finish(_ last: SpooledPart?, _ digests: ContentDigests) {
    guard let request = ending?.request else { return }
    do throws(UploadError) {
      try digests.require(request.expected)
    } catch {
      return sender.fail(error)
    }
    self.digests = digests
    sender.end(last)
  }

  func senderCompleted() {
    guard let ending else { return }
    let staged = StagedObject(
      sender.takeContent(),
      size: sender.size,
      digests: digests,
      request: ending.request,
      meter: meter
    ) { [store] in store.discard($0) }
    (self.ending, isOver) = (nil, true)
    ending.promise.succeed(staged)
  }

  /// Only uploads of several requests pause.
  func senderPaused() {}

  // MARK: Abort and failure

  func abort() {
    end(with: Self.aborted)
    sender.abort()
  }

  func senderFailed(_ error: UploadError) {
    end(with: error)
    delegate?.sinkFailed(error)
  }

  private func end(with error: UploadError) {
    isOver = true
    ending?.promise.fail(error)
    ending = nil
  }

  func senderStopped() {
    if let object = sender.object { store.cleanup.abort(object) }
  }
}
