import NIOCore
import UploadCore
import UploadStorage

/// The bytes that one request appends to an unfinished upload. Lives on one event loop: every call is made there.
///
/// Nothing is asked of the engine before the first byte arrives, or the end of the file. Then the lease is created, and the tail
/// of earlier requests is read back into the part that continues it; bytes that arrive meanwhile are queued. A ``PartSender``
/// does the rest.
final class S3Append: AppendSink, PartSenderDelegate {
  private enum Phase {
    /// No byte has arrived. Next: all others.
    case idle
    case opening
    /// The tail of earlier requests is read.
    case refilling
    case ready
    /// The end is being recorded or published, which is not cancelled. Next: ``over``.
    case storing
    case over
  }

  private enum Ending {
    case suspend(EventLoopPromise<UInt64>)
    case finalize(FinalizeRequest, EventLoopPromise<StoredFile>)

    func fail(_ error: any Error) {
      switch self {
      case .suspend(let promise): promise.fail(error)
      case .finalize(_, let promise): promise.fail(error)
      }
    }
  }

  private let store: S3UnfinishedStore
  private let record: UnfinishedRecord
  private let isProvisional: Bool
  private let meter: UploadMeter
  /// As the request wants it, without bytes; nil for none.
  private let hash: (any ContentHash)?
  private let eventLoop: any EventLoop
  private weak var delegate: (any UploadSinkDelegate)?
  /// The end of the request before on the upload; nil for none.
  private let previous: EventLoopFuture<Void>?
  /// Succeeds when nothing of this request is left.
  private let ended: EventLoopPromise<Void>
  private var phase = Phase.idle
  private var queue = CircularBuffer<ByteBuffer>()
  private var announced: FinalizeRequest?
  private var opened: OpenedUpload?
  private var sender: PartSender?
  private var ending: Ending?
  /// Of the whole file, once that is complete.
  private var digests = ContentDigests()
  /// Completed when the sender has room for more of the tail.
  private var refilled: EventLoopPromise<Void>?

  init(
    _ record: UnfinishedRecord,
    in store: S3UnfinishedStore,
    isProvisional: Bool,
    meter: UploadMeter,
    hash: (any ContentHash)?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) {
    (self.record, self.store, self.isProvisional) = (record, store, isProvisional)
    (self.meter, self.hash, self.eventLoop, self.delegate) = (meter, hash, eventLoop, delegate)
    (previous, ended) = store.sessions.begin(record.id, on: eventLoop)
  }

  deinit {
    ended.succeed()
  }

  var hasRoom: Bool {
    switch phase {
    case .idle: true
    case .opening, .refilling: false
    case .ready: sender?.hasRoom ?? true
    case .storing, .over: true
    }
  }

  func announce(_ request: FinalizeRequest) {
    announced = announced ?? request
    sender?.announce(request)
  }

  func write(_ bytes: ByteBuffer) {
    guard ending == nil, bytes.readableBytes > 0 else { return }
    switch phase {
    case .idle:
      queue.append(bytes)
      open()
    case .opening, .refilling: queue.append(bytes)
    case .ready: sender?.write(bytes)
    case .storing, .over: break
    }
  }

  // MARK: Opening

  private func open() {
    phase = .opening
    meter.phase = .store
    let ready = previous?.hop(to: eventLoop) ?? eventLoop.makeSucceededVoidFuture()
    run { [store, record, hash] in
      try await ready.get()
      return try await store.open(record, hash: hash)
    } then: { result in
      switch result {
      case .success(let opened): self.hasOpened(opened)
      case .failure(let error): self.fail(error)
      }
      // Aborted meanwhile.
      if case .failure = result { self.ended.succeed() }
    }
  }

  private func hasOpened(_ opened: OpenedUpload) {
    self.opened = opened
    guard phase == .opening else { return release() }
    let start = StoredParts(object: opened.object, parts: opened.parts, repeated: opened.stored.tail?.size ?? 0)
    let parts = store.parts
    let spool = PartSpool(
      opened.plan,
      hash: opened.hash,
      continuingAt: opened.stored.hash.length,
      hashesParts: parts.requests.signsFiles,
      directory: parts.directory,
      workers: parts.workers,
      on: eventLoop
    )
    let sender = PartSender(
      meter,
      spool: spool,
      store: parts,
      owner: PartOwner(holder: opened.holder, form: meter.request, log: opened.lease),
      from: start,
      isWithheld: isProvisional,
      on: eventLoop
    )
    sender.delegate = self
    self.sender = sender
    if let announced { sender.announce(announced) }
    let (bound, loop) = (NIOLoopBound(WeakAppend(append: self), eventLoop: eventLoop), eventLoop)
    Task { [lease = opened.lease] in
      await lease.renew { error in loop.execute { bound.value.append?.lose(error) } }
    }
    guard let tail = opened.stored.tail else { return begin() }
    phase = .refilling
    read(tail)
  }

  /// Another server receives the upload now: nothing more is sent.
  private func lose(_ error: UploadError) { sender?.fail(error) }

  private func read(_ tail: StoredContent.Tail) {
    let (bound, loop) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop)
    run { [objects = store.objects, record] in
      try await storing { () async throws(S3Failure) in
        try await objects.read(tail, of: record.id) { bytes in loop.flatSubmit { bound.value.refill(bytes) } }
      }
    } then: { result in
      guard self.phase == .refilling else { return }
      switch result {
      case .success: self.begin()
      case .failure(let error): self.sender?.fail(error)
      }
    }
  }

  private func refill(_ bytes: ByteBuffer) -> EventLoopFuture<Void> {
    guard phase == .refilling, let sender else { return eventLoop.makeFailedFuture(S3Upload.aborted) }
    sender.write(bytes)
    guard phase == .refilling else { return eventLoop.makeFailedFuture(S3Upload.aborted) }
    guard !sender.hasRoom else { return eventLoop.makeSucceededVoidFuture() }
    let promise = refilled ?? eventLoop.makePromise()
    refilled = promise
    return promise.futureResult
  }

  /// Stores what has arrived.
  private func begin() {
    phase = .ready
    while phase == .ready, let bytes = queue.popFirst() { sender?.write(bytes) }
    guard phase == .ready else { return }
    if ending != nil { return finish() }
    if hasRoom { delegate?.sinkHasRoom() }
  }

  func senderHasRoom() {
    refilled?.succeed()
    refilled = nil
    if phase == .ready, ending == nil { delegate?.sinkHasRoom() }
  }

  // MARK: The end

  func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile> {
    eventLoop.makeFailedFuture(UploadError(.internalFailure, "An unfinished upload can only be finalized."))
  }

  func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile> {
    let promise = eventLoop.makePromise(of: StoredFile.self)
    announce(request)
    end(.finalize(request, promise))
    return promise.futureResult
  }

  func suspend() -> EventLoopFuture<UInt64> {
    let promise = eventLoop.makePromise(of: UInt64.self)
    if phase == .idle, ending == nil {
      close()
      promise.succeed(record.offset)
    } else {
      end(.suspend(promise))
    }
    return promise.futureResult
  }

  private func end(_ ending: Ending) {
    guard self.ending == nil else { return ending.fail(S3Upload.aborted) }
    switch phase {
    case .idle:
      self.ending = ending
      open()
    case .opening, .refilling: self.ending = ending
    case .ready:
      self.ending = ending
      finish()
    case .storing, .over: return ending.fail(S3Upload.aborted)
    }
    store.sessions.noteEnding(record.id)
  }

  private func finish() {
    meter.setNetworkBytes(0)
    sender?.finish()
  }

  func senderFinished(_ last: SpooledPart?) {
    guard let ending, let sender else { return }
    sender.releaseParts()
    switch ending {
    case .suspend: sender.pause()
    case .finalize(let request, _): finish(request, last, sender)
    }
  }

  /// Compares the digests, and ends the last part.
  private func finish(_ request: FinalizeRequest, _ last: SpooledPart?, _ sender: PartSender) {
    let known = sender.digests
    let isWanted = request.expected.sha512 != nil || request.late?.digests.sha512 != nil
    guard known.sha512 == nil, isWanted else { return finish(request, last, sender, known) }
    guard sender.isSingle, let hash = request.late ?? hash else {
      return sender.fail(request.late == nil ? Self.unknownDigest : S3Upload.lateDigest)
    }
    sender.reread(hash) { others in
      var all = known
      all.fill(from: others)
      self.finish(request, last, sender, all)
    }
  }

  private func finish(_ request: FinalizeRequest, _ last: SpooledPart?, _ sender: PartSender, _ digests: ContentDigests)
  {
    do throws(UploadError) {
      try digests.require(request.expected)
    } catch {
      return sender.fail(error)
    }
    self.digests = digests
    sender.end(last)
  }

  private static let unknownDigest = UploadError(
    .badRequest,
    "The SHA-512 of the file is not known: another server, or this one before a restart, received a part of it. "
      + "State a sha-256 instead, and send the file again."
  )

  func senderPaused() {
    guard case .suspend(let promise) = ending, let sender, let opened else { return }
    phase = .storing
    let (rest, offset) = (sender.takeRest(), sender.size)
    remember(sender.hashAtEnd ?? opened.hash)
    run { [store] in
      try await store.suspend(opened, rest: rest, at: offset)
    } then: { [store] result in
      if let rest { store.parts.discard(.spooled(rest)) }
      self.ending = nil
      self.close()
      switch result {
      case .success:
        self.meter.markDurable(upTo: offset)
        promise.succeed(offset)
      case .failure(let error):
        store.hashes.remember(nil, for: self.record.id)
        promise.fail(error)
      }
    }
  }

  /// - Parameter hash: of all bytes up to the end of the last full part.
  private func remember(_ hash: any ContentHash) {
    guard let hash = hash as? ResumableHash else { return }
    store.hashes.remember(UnfinishedHashes.State(base: hash.sha256.length, hash: hash), for: record.id)
  }

  func senderCompleted() {
    guard case .finalize(let request, let promise) = ending, let sender, let opened else { return }
    phase = .storing
    let (content, digests) = (sender.takeContent(), digests)
    let size = sender.size
    run { [store] in
      try await store.publish(content, request, size: size, digests: digests, of: opened)
    } then: { [store] result in
      if case .spooled = content { store.parts.discard(content) }
      self.ending = nil
      self.close()
      if case .success = result { self.meter.markDurable() }
      promise.completeWith(result)
    }
  }

  // MARK: Abort and failure

  func abort() { end(with: S3Upload.aborted) }

  private func fail(_ error: any Error) {
    guard phase != .over else { return }
    let error = error as? UploadError ?? UploadError(.storageFailed, "The file could not be stored.", cause: error)
    end(with: error)
    delegate?.sinkFailed(error)
  }

  func senderFailed(_ error: UploadError) { fail(error) }

  private func end(with error: UploadError) {
    let last = phase
    guard last != .over, last != .storing else { return }
    phase = .over
    store.sessions.noteEnding(record.id)
    queue.removeAll()
    refilled?.fail(error)
    ending?.fail(error)
    (refilled, ending) = (nil, nil)
    switch last {
    case .idle: ended.succeed()
    case .opening: break
    case .refilling, .ready, .storing, .over: sender?.abort()
    }
  }

  func senderStopped() {
    if phase != .over { end(with: S3Upload.aborted) }
    release()
  }

  /// Gives the lease back, with all parts that the engine has.
  private func release() {
    guard let opened else { return close() }
    let accepted = sender?.accepted ?? opened.parts
    // The next request continues with the same bytes.
    if accepted.count == opened.parts.count { remember(opened.hash) }
    run { [store] in
      await store.release(opened, accepted)
    } then: { _ in
      self.close()
    }
  }

  private func close() {
    phase = .over
    ended.succeed()
  }

  // MARK: Requests

  /// Runs requests in a task, which retains the sink.
  /// - Parameter completion: called on the event loop.
  private func run<Outcome: Sendable>(
    _ body: @escaping @Sendable () async throws -> Outcome,
    then completion: @escaping (Result<Outcome, any Error>) -> Void
  ) {
    eventLoop.makeFutureWithTask(body).assumeIsolated().whenComplete(completion)
  }
}

/// Does not retain the request.
private struct WeakAppend {
  weak var append: S3Append?
}
