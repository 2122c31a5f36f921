import NIOCore
import UploadCore
import UploadStorage

/// Divides the bytes of one request into parts and sends these. Lives on one event loop: every call is made there.
///
/// The ``SlabFiller`` copies the bytes once, as for local files; the ``PartSpool`` writes full slabs into the files of parts;
/// ``PartsStateMachine`` decides when parts are sent. Where a third part is full while two are being sent, or a file of several
/// parts has not begun at the engine, the store is what the upload waits for, and ``hasRoom`` is false.
final class PartSender: SlabFillerDelegate {
  private let meter: UploadMeter
  private let eventLoop: any EventLoop
  private let store: S3StoreParts
  private let owner: PartOwner
  private let filler: SlabFiller
  private let spool: PartSpool
  /// The sink; set it before the first call.
  weak var delegate: (any PartSenderDelegate)?
  private var parts: PartsStateMachine
  /// Parts that are full, until the engine has accepted them.
  private var full: [Int: SpooledPart] = [:]
  /// Parts that the engine has, in the order in which it accepted them.
  private(set) var accepted: [S3Part]
  /// The multipart upload, once it has begun.
  private(set) var object: MultipartObject?
  /// Parts that are being sent, by their numbers.
  private var tasks: [Int: Task<Void, Never>] = [:]
  /// The hash of all bytes up to the end of the last full part.
  private(set) var hashAtEnd: (any ContentHash)?
  /// Whether nothing is stored yet: bytes are only queued.
  private(set) var isWaiting = false
  private var announced: FinalizeRequest?
  /// Whether a second part has been opened before the file was announced.
  private var waitsForName = false
  private var repeated: UInt64
  /// What was durable before this request, in bytes.
  private let start: UInt64
  private var isFinishing = false
  /// Whether the last byte is in a part.
  private var isFinished = false
  /// Whether the only part is being read again for digests.
  private var isRereading = false
  /// Whether all that is left is to be deleted, once no worker uses it any more.
  private var isCleaning = false
  private var hadRoom = true
  /// Whether nothing is stored any more.
  private(set) var isOver = false

  init(
    _ meter: UploadMeter,
    spool: PartSpool,
    store: S3StoreParts,
    owner: PartOwner,
    from start: StoredParts = StoredParts(),
    isWithheld: Bool = false,
    on eventLoop: any EventLoop
  ) {
    (self.meter, self.spool, self.store, self.owner, self.eventLoop) = (meter, spool, store, owner, eventLoop)
    (object, accepted, repeated) = (start.object, start.parts, start.repeated)
    self.start = meter.durable
    parts = PartsStateMachine(accepted: start.parts.count, hasBegun: start.object != nil, isWithheld: isWithheld)
    filler = SlabFiller(meter: meter, budget: store.budget, eventLoop: eventLoop)
    filler.delegate = self
  }

  /// Whether more bytes should be written now.
  var hasRoom: Bool { !filler.hasQueued && !isWaiting }

  /// How many bytes the file has so far.
  var size: UInt64 { spool.size }

  /// Of the whole file, once the last byte is in a part.
  var digests: ContentDigests { spool.digests }

  /// Whether nothing of the file is at the engine.
  var isSingle: Bool { parts.isSingle }

  /// Tells the name of the file, which a multipart upload needs when it begins.
  func announce(_ request: FinalizeRequest) {
    announced = announced ?? request
    if waitsForName { begin() }
  }

  // MARK: Moving bytes

  /// Stores nothing until a future succeeds; fails with it.
  func wait(for future: EventLoopFuture<Void>) {
    isWaiting = true
    (hadRoom, meter.phase) = (false, .store)
    future.assumeIsolated().whenComplete { [delegate] result in
      self.isWaiting = false
      if case .failure(let error) = result { self.fail(error) } else { self.resume() }
      _ = delegate
    }
  }

  /// Takes the next bytes; they are queued where there is no room.
  func write(_ bytes: ByteBuffer) {
    filler.append(bytes)
    pump()
    hadRoom = hasRoom
  }

  func resume() {
    pump()
    let hadRoom = hadRoom
    self.hadRoom = hasRoom
    if !hadRoom, hasRoom, !isOver, !isFinishing { delegate?.senderHasRoom() }
  }

  /// Makes all progress that is possible now. A result may arrive within the call that requests it and call this again, so
  /// nothing that was read before such a call is used after it.
  private func pump() {
    guard !isWaiting else { return }
    while !isOver, filler.hasQueued {
      if filler.isFull {
        guard canWrite, let slab = filler.takeSlab() else { break }
        write(.slab(slab))
      } else {
        guard filler.fill() else { break }
      }
    }
    if !isOver, canWrite, let slab = slabToWrite() { write(.slab(slab)) }
    notePhase()
    if isFinishing, !filler.hasQueued, !spool.isWriting, !isOver { writeTail() }
  }

  /// The slab that is being filled, if it is to be written now.
  private func slabToWrite() -> Slab? {
    if filler.isFull { return filler.takeSlab() }
    return filler.isRecalled && !isFinishing ? filler.takeBlocks() : nil
  }

  /// Whether a slab may be written now: its bytes may need another part.
  private var canWrite: Bool { !spool.isWriting && (spool.room >= UInt64(Slab.large) || parts.canOpen || isTooLarge) }

  /// Whether the next part would be one too many; then the write fails.
  private var isTooLarge: Bool { !parts.hasNumbers }

  private func write(_ content: FileTail.Content) {
    if UInt64(content.count) > spool.room, !parts.hasNumbers {
      if let slab = content.slab { filler.release(slab) }
      return fail(spool.plan.tooLarge)
    }
    // A slab that is released is empty.
    let count = content.count
    var opened = PartsStateMachine.Step()
    spool.write(content) {
      guard let step = parts.open() else { return nil }
      opened = step
      return parts.opened
    } then: { [delegate] result in
      if let slab = content.slab { self.filler.release(slab) }
      self.wrote(count, result)
      _ = delegate
    }
    perform(opened)
  }

  private func wrote(_ count: Int, _ result: Result<[SpooledPart], any Error>) {
    switch result {
    case .failure(let error): fail(error)
    case .success(let parts) where isOver: parts.forEach(spool.discard)
    case .success(let parts):
      let old = min(UInt64(count), repeated)
      repeated -= old
      meter.addStored(count - Int(old))
      for part in parts { fill(part) }
      resume()
    }
    if isCleaning { cleanUp() }
  }

  private func notePhase() {
    guard !isOver else { return }
    if isFinishing {
      meter.phase = .finishing
    } else if filler.isWaiting {
      meter.phase = .memory
    } else if !hasRoom {
      meter.phase = spool.isWriting ? .disk : .store
    } else if meter.phase != .limit {
      // The connection's handler sets and clears the phase of a rate limit.
      meter.phase = .peer
    }
  }

  // MARK: Parts

  private func fill(_ part: SpooledPart) {
    full[part.number] = part
    hashAtEnd = part.hashAtEnd
    perform(parts.filled(part.number))
  }

  private func perform(_ step: PartsStateMachine.Step) {
    if step.begin { begin() }
    for number in step.send { send(number) }
    if step.isComplete { delegate?.senderCompleted() }
    if step.isPaused { delegate?.senderPaused() }
    if step.cleanUp { cleanUp() }
  }

  /// Begins the multipart upload, once the file's name is known.
  private func begin() {
    guard !isOver else { return perform(parts.beginFailed()) }
    guard let request = announced else {
      waitsForName = true
      return
    }
    waitsForName = false
    // Never cancelled: what it has claimed and begun could then not be removed.
    run { [publisher = store.publisher, owner] in
      let object = try await publisher.begin(request, holder: owner.holder, form: owner.form, of: owner.log?.id)
      try await owner.log?.noteBegun(object)
      return object
    } then: { result in
      switch result {
      case .success(let object):
        self.object = object
        self.noteParts()
        self.perform(self.parts.began())
      case .failure(let error):
        self.fail(error)
        self.perform(self.parts.beginFailed())
      }
    }
  }

  private func send(_ number: Int) {
    guard let part = full[number], let object else { return }
    tasks[number] = run { [requests = store.requests, owner] in
      try await owner.log?.noteFull(part)
      // Retains the part's file until the request has ended.
      return try await storing { () async throws(S3Failure) in
        try await requests.uploadPart(object.key, uploadID: object.uploadID, number: number, part.body)
      }
    } then: { result in
      self.tasks[number] = nil
      switch result {
      case .success(let tag):
        self.accepted.append(S3Part(number: number, size: part.size, tag: tag))
        self.meter.markDurable(upTo: max(self.start, self.accepted.reduce(0) { $0 + $1.size }))
        self.noteParts()
        self.release(number)
        self.perform(self.parts.accepted(number))
        if !self.isOver { self.resume() }
      case .failure(let error):
        self.fail(error)
        self.perform(self.parts.rejected(number))
      }
    }
  }

  private func noteParts() {
    let count = meter.sizeExact ? meter.size.map { UInt32(clamping: spool.plan.count(of: $0)) } : nil
    meter.parts = UploadParts(accepted: UInt32(clamping: accepted.count), of: count)
  }

  private func release(_ number: Int) {
    guard let part = full.removeValue(forKey: number) else { return }
    if isFinished || isOver { spool.discard(part) } else { spool.reuse(part) }
  }

  // MARK: The end

  /// Has the bytes written that are left: no more follow.
  func finish() {
    isFinishing = true
    filler.isComplete = true
    pump()
  }

  /// Writes the bytes that are left once, then ends the last part.
  private func writeTail() {
    guard !isFinished else { return }
    if filler.hasTail {
      if canWrite { write(filler.takeTail()) }
      return
    }
    isFinished = true
    spool.discardSpare()
    let last = spool.takeLast()
    if let last { full[last.number] = last }
    delegate?.senderFinished(last)
  }

  /// Reads the only part again, for digests that were not requested before.
  func reread(_ hash: any ContentHash, then completion: @escaping (ContentDigests) -> Void) {
    isRereading = true
    run { [workers = store.workers, part = full[1]] in
      try await workers.runIfActive { try part?.digests(hash) ?? hash.digests }
    } then: { result in
      self.isRereading = false
      if self.isCleaning { return self.cleanUp() }
      switch result {
      case .success(let digests): completion(digests)
      case .failure(let error): self.fail(error)
      }
    }
  }

  /// Allows that parts are sent which had to wait.
  func releaseParts() { perform(parts.release()) }

  /// Ends the file, which is complete.
  /// - Parameter last: as ``PartSenderDelegate/senderFinished(_:)`` got it.
  func end(_ last: SpooledPart?) {
    if let last {
      perform(parts.filled(last.number))
    } else if object != nil, parts.opened == 0 {
      // An object of several parts has one at least.
      guard let step = parts.open() else { return fail(UploadError(.internalFailure, "A part may not be opened.")) }
      perform(step)
      full[1] = SpooledPart(number: 1, isHashed: false)
      perform(parts.filled(1))
    }
    perform(parts.end())
  }

  /// Waits until all full parts are at the engine: other requests continue the file.
  func pause() { perform(parts.pause()) }

  /// The content of a file that is complete; ends the sender.
  func takeContent() -> StagedObject.Content {
    defer { close() }
    if let object { return .parts(object, accepted.sorted { $0.number < $1.number }) }
    return .spooled(full.removeValue(forKey: 1) ?? SpooledPart(number: 1, isHashed: false))
  }

  /// The bytes behind the last part at the engine; nil without any. Ends the sender.
  func takeRest() -> SpooledPart? {
    defer { close() }
    return full.popFirst()?.value
  }

  private func close() {
    isOver = true
    spool.discardSpare()
    filler.end()
  }

  // MARK: Abort and failure

  /// Ends the upload, and reports why to the delegate.
  func fail(_ error: any Error) {
    guard !isOver else { return }
    let other = UploadError(.storageFailed, "The file could not be stored.", cause: error)
    // First: where nothing is under way, the sender stops at once, and a sink that stops for no reason was cancelled.
    delegate?.senderFailed(error as? UploadError ?? other)
    abort()
  }

  func abort() {
    guard !isOver else { return }
    close()
    tasks.values.forEach { $0.cancel() }
    perform(parts.abort())
    if waitsForName {
      waitsForName = false
      perform(parts.beginFailed())
    }
  }

  /// Nothing is being sent any more: deletes all that is left, once no worker uses the files of parts.
  private func cleanUp() {
    isCleaning = true
    guard !spool.isWriting, !isRereading else { return }
    isCleaning = false
    full.values.forEach(spool.discard)
    full = [:]
    if let last = spool.takeLast() { spool.discard(last) }
    delegate?.senderStopped()
  }

  // MARK: Requests

  /// Runs requests in a task, which retains the sink.
  /// - Parameter completion: called on the event loop.
  @discardableResult
  private func run<Outcome: Sendable>(
    _ body: @escaping @Sendable () async throws -> Outcome,
    then completion: @escaping (Result<Outcome, any Error>) -> Void
  ) -> Task<Void, Never> {
    let promise = eventLoop.makePromise(of: Outcome.self)
    promise.futureResult.assumeIsolated().whenComplete { [delegate] result in
      completion(result)
      _ = delegate
    }
    return Task {
      do {
        promise.succeed(try await body())
      } catch {
        promise.fail(error)
      }
    }
  }
}
