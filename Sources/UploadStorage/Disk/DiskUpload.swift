import NIOCore
import UploadCore

/// One upload being written into a directory. Lives on one event loop; its writes run on the workers, at most two at once.
///
/// Bytes are copied once, into a slab; a full slab is written at its offset. While no slab is free, or two writes are
/// running, further bytes are queued as they are and ``hasRoom`` is false. ``UploadBuffer`` holds what is not written yet,
/// ``WritePlan`` decides where the bytes go. A slab that is also hashed counts as being written until both are done. At the
/// end the ``Finalizer`` gets what is left.
final class DiskUpload: UploadSink {
  /// Writes running at once: one fills the disk's queue while the other's completion travels back.
  private static let writesAtOnce = 2

  /// The upload's end has been requested.
  private struct Ending {
    let request: FinalizeRequest
    let completion: FinalizeCompletion
  }

  private static let aborted = UploadError(.cancelled, "The upload was ended before it was stored.")

  private let meter: UploadMeter
  private let budget: MemoryBudget
  private let eventLoop: any EventLoop
  private let finalizer: Finalizer
  private let workers: WorkerPool
  private weak var delegate: (any UploadSinkDelegate)?

  private let hashing: HashChain?
  private var plan: WritePlan
  private var buffer = UploadBuffer()
  /// Whether the budget may recall the slab that is being filled.
  private var isOffered = false
  /// Whether the slab that is being filled is to be written as it is.
  private var isRecalled = false
  /// The next check of how long the slab has been filled.
  private var fillingCheck: Scheduled<Void>?
  private var ticket: MemoryBudget.Ticket?
  private var file: PartialFile?
  private var isOpening = false
  private var writesUnderWay = 0
  private var hadRoom = true
  private var ending: Ending?
  /// The file is getting its name: that succeeds or fails, and cannot be cancelled.
  private var isPublishing = false
  private var isOver = false

  init(
    meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    finalizer: Finalizer,
    budget: MemoryBudget,
    workers: WorkerPool,
    eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) {
    self.meter = meter
    self.finalizer = finalizer
    self.budget = budget
    self.workers = workers
    self.eventLoop = eventLoop
    self.delegate = delegate
    hashing = hash.map { HashChain($0, workers: workers, eventLoop: eventLoop) }
    plan = WritePlan(size: meter.size, isExact: meter.sizeExact)
    let range = plan.reserveWhole()
    if range != nil || condition != nil { open(if: condition, reserving: range) }
    if range == nil, let most = meter.size, !meter.sizeExact, most >= WritePlan.largeFrom { checkSpace(most) }
  }

  private var directory: UploadDirectory { finalizer.directory }

  var hasRoom: Bool { !buffer.hasQueued && !isOpening }

  /// Whether the upload's last byte has arrived.
  private var isEnding: Bool { ending != nil }

  func write(_ bytes: ByteBuffer) {
    guard !isOver, !isEnding, bytes.readableBytes > 0 else { return }
    buffer.append(bytes)
    pump()
    hadRoom = hasRoom
  }

  func abort() {
    end(with: Self.aborted)
  }

  // MARK: Moving bytes

  /// Does all that can be done now: copies queued bytes, hands full slabs to the workers, and the rest to the finalizer.
  ///
  /// A worker's result may arrive within the call that asks for it, as when the pool has been shut down, and calls this
  /// again: so nothing that was read before such a call is used after it.
  private func pump() {
    while !isOver, buffer.hasQueued {
      if let slab = buffer.filling, slab.room == 0 {
        guard canWrite else { break }
        writeFilling(slab)
      } else {
        guard buffer.filling != nil || beginSlab() else { break }
        buffer.fill()
      }
    }
    // A slab that is full to the last byte need not wait for the next chunk.
    if let slab = buffer.filling, canWrite {
      if slab.room == 0 { writeFilling(slab) } else if isRecalled, !isEnding { writeBlocks(of: slab) }
    }
    notePhase()
    if !buffer.hasQueued, writesUnderWay == 0, !isOver { handOver() }
  }

  /// Begins to fill a slab.
  /// - Returns: false while the upload has to wait for the budget, or has too little to need a slab.
  private func beginSlab() -> Bool {
    guard ticket == nil else { return false }
    let now = eventLoop.now
    if buffer.needsBlock, buffer.keepRemainder(at: now) { return false }
    buffer.noteSlowRemainder(at: now)
    if let slab = budget.take(upTo: buffer.nextSlabSize) {
      hold(slab)
      return true
    }
    // So the queues hold only uploads that have something to write.
    if buffer.keepRemainder(at: now) { return false }
    let upload = NIOLoopBound(self, eventLoop: eventLoop)
    let pace = buffer.isSlow ? MemoryBudget.Pace.slow : .fast
    ticket = budget.wait(upTo: buffer.nextSlabSize, as: pace, on: eventLoop) { upload.value.granted($0) }
    return false
  }

  private func hold(_ slab: Slab) {
    meter.hold(slab.region)
    buffer.begin(slab, at: eventLoop.now)
    if buffer.isSlow {
      offer(slab)
    } else if fillingCheck == nil {
      scheduleFillingCheck()
    }
  }

  private func granted(_ slab: Slab) {
    ticket = nil
    guard !isOver else { return budget.giveBack(slab) }
    hold(slab)
    resume()
  }

  /// No slab is being filled any more: it is about to be written or released.
  private func releaseFilling() {
    if isOffered, let slab = buffer.filling { budget.withdraw(slab) }
    buffer.endFilling()
    (isOffered, isRecalled) = (false, false)
  }

  private func giveBack(_ slab: Slab) {
    meter.letGo(slab.region)
    budget.giveBack(slab)
  }

  // MARK: Slow uploads

  /// Checks the slab that is being filled from time to time, until its upload is known to be slow.
  private func scheduleFillingCheck() {
    fillingCheck = eventLoop.assumeIsolated().scheduleTask(in: UploadBuffer.slow) { self.checkFilling() }
  }

  private func checkFilling() {
    fillingCheck = nil
    guard !isOver, !isEnding, let slab = buffer.filling else { return }
    let time = buffer.checkFilling(at: eventLoop.now)
    if time != .normal, !isOffered { offer(slab) }
    switch time {
    case .normal: scheduleFillingCheck()
    case .slow: if slab.bytes.count > Slab.small { scheduleFillingCheck() }
    case .tooLong: giveUp(slab)
    }
  }

  /// Lets the budget recall the slab when others wait.
  private func offer(_ slab: Slab) {
    isOffered = true
    let (upload, offered) = (NIOLoopBound(self, eventLoop: eventLoop), slab)
    budget.offer(slab, on: eventLoop) { upload.value.giveUp(offered) }
  }

  /// Writes what a slab holds and releases it, now or when the current write has ended.
  private func giveUp(_ slab: Slab) {
    guard !isOver, buffer.filling === slab else { return }
    isRecalled = true
    pump()
  }

  /// Writes the whole blocks of a slab and releases it; the rest becomes the remainder.
  private func writeBlocks(of slab: Slab) {
    buffer.keepBlocks(at: eventLoop.now)
    if slab.count > 0 {
      writeFilling(slab)
    } else {
      releaseFilling()
      giveBack(slab)
    }
  }

  // MARK: Writing

  /// The first write also creates the file, so it goes alone.
  private var canWrite: Bool {
    writesUnderWay < (file == nil ? 1 : Self.writesAtOnce)
  }

  /// Checks the condition, then creates the file and reserves its blocks where its size is known, before the first byte is
  /// accepted.
  private func open(if condition: PublishCondition?, reserving range: Range<UInt64>?) {
    (isOpening, hadRoom) = (true, false)
    meter.phase = .disk
    work { [directory] in
      if let condition { try directory.current().check(condition) }
      guard let range else { return PartialFile?.none }
      let file = try directory.createPartial()
      try file.reserve(range)
      return file
    } then: { upload, result in
      upload.isOpening = false
      upload.wrote(0, result)
    }
  }

  /// Fails early when the most that can arrive would not fit; bytes may arrive during the check.
  private func checkSpace(_ most: UInt64) {
    workers.runIfActive(eventLoop: eventLoop) { [directory] in try directory.space.check(most) }
      .assumeIsolated()
      .whenFailure { if !self.isOver { self.fail($0) } }
  }

  private func writeFilling(_ slab: Slab) {
    buffer.notePace(at: eventLoop.now)
    releaseFilling()
    let piece = plan.next(slab.count)
    work(beside: hashing?.add(slab)) { [file, directory] in
      let file = try file ?? directory.createPartial()
      try file.write(piece, slab.filled)
      return file
    } then: { upload, result in
      upload.giveBack(slab)
      upload.wrote(piece.count, result.map { $0 })
    }
  }

  private func wrote(_ count: Int, _ result: Result<PartialFile?, any Error>) {
    switch result {
    case .success(let file):
      if let file { self.file = file }
      meter.addStored(count)
      if isOver { finishEnding() } else { resume() }
    case .failure(let error):
      isOver ? finishEnding() : fail(error)
    }
  }

  /// Runs blocking work on a worker and returns to the loop.
  /// - Parameter other: work that uses the same slab and has to end as well.
  private func work<Outcome: Sendable>(
    beside other: EventLoopFuture<Void>? = nil,
    _ body: @escaping @Sendable () throws -> Outcome,
    then: @escaping (DiskUpload, Result<Outcome, any Error>) -> Void
  ) {
    let own = workers.runIfActive(eventLoop: eventLoop, body)
    let both = other.map { EventLoopFuture<Void>.andAllComplete([own.map { _ in }, $0], on: eventLoop) }
    wait(for: both?.flatMap { own } ?? own, then: then)
  }

  /// Counts work on the upload's file until it is over.
  private func wait<Outcome: Sendable>(
    for outcome: EventLoopFuture<Outcome>,
    then: @escaping (DiskUpload, Result<Outcome, any Error>) -> Void
  ) {
    writesUnderWay += 1
    outcome.assumeIsolated().whenComplete { result in
      self.writesUnderWay -= 1
      then(self, result)
    }
  }

  private func resume() {
    pump()
    let hadRoom = hadRoom
    self.hadRoom = hasRoom
    if !hadRoom, hasRoom, !isOver, !isEnding { delegate?.sinkHasRoom() }
  }

  private func notePhase() {
    if isEnding {
      meter.phase = .finishing
    } else if ticket != nil {
      meter.phase = .memory
    } else {
      // The handler sets and clears the phase of a rate limit.
      if !hasRoom { meter.phase = .disk } else if meter.phase != .limit { meter.phase = .peer }
    }
  }

  // MARK: The end

  func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile> {
    let promise = eventLoop.makePromise(of: StagedDiskFile.self)
    end(request, .staged(promise))
    return promise.futureResult.map { $0 as any StagedFile }
  }

  func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile> {
    let promise = eventLoop.makePromise(of: StoredFile.self)
    end(request, .stored(promise))
    return promise.futureResult
  }

  private func end(_ request: FinalizeRequest, _ completion: FinalizeCompletion) {
    guard !isOver, !isEnding else { return completion.fail(Self.aborted) }
    ending = Ending(request: request, completion: completion)
    pump()
  }

  /// Hands what is left to the finalizer, once the end has been requested and every write has ended.
  private func handOver() {
    guard let ending else { return }
    let tail = makeTail(ending.request)
    switch ending.completion {
    case .staged(let promise):
      wait(for: finalizer.stage(tail, on: eventLoop)) { upload, result in
        let isAborted = upload.isOver
        guard let staged = upload.handedOver(tail, result) else { return }
        if isAborted { upload.workers.submit { _ in staged.file.discard() } } else { promise.succeed(staged) }
      }
    case .stored(let promise):
      isPublishing = true
      wait(for: finalizer.finalize(tail, on: eventLoop)) { upload, result in
        upload.isPublishing = false
        guard let stored = upload.handedOver(tail, result) else { return }
        if upload.finalizer.configuration.durability != .none { upload.meter.markDurable() }
        promise.succeed(stored)
      }
    }
  }

  /// What is left to write. A file that has not been created yet is small.
  private func makeTail(_ request: FinalizeRequest) -> FileTail {
    let (slab, rest) = (buffer.filling, buffer.takeRemainder())
    releaseFilling()
    return FileTail(
      request: request,
      meter: meter,
      file: file,
      placement: plan.tail(slab?.count ?? rest?.readableBytes ?? 0, isAligned: slab != nil),
      content: slab.map { .slab($0) } ?? rest.map { .buffer($0) } ?? .empty,
      // Every slab before is hashed: this is the hash of all of them.
      hash: hashing?.hash
    )
  }

  /// The finalizer is done: the file is no longer this upload's.
  /// - Returns: nil when it failed; that has been reported.
  private func handedOver<Outcome>(_ tail: FileTail, _ result: Result<Outcome, any Error>) -> Outcome? {
    if case .slab(let slab) = tail.content { giveBack(slab) }
    switch result {
    case .success(let outcome):
      meter.addStored(tail.placement.piece.count)
      (file, ending, isOver) = (nil, nil, true)
      fillingCheck?.cancel()
      return outcome
    case .failure(let error):
      isOver ? finishEnding() : fail(error)
      return nil
    }
  }

  // MARK: Ending early

  private func fail(_ error: any Error) {
    let error = error as? UploadError ?? UploadError(.storageFailed, "The file could not be stored.", cause: error)
    end(with: error)
    delegate?.sinkFailed(error)
  }

  private func end(with error: UploadError) {
    guard !isOver, !isPublishing else { return }
    isOver = true
    fillingCheck?.cancel()
    if let ticket { budget.drop(ticket) }
    ticket = nil
    if let slab = buffer.filling {
      releaseFilling()
      giveBack(slab)
    }
    buffer = UploadBuffer()
    ending?.completion.fail(error)
    ending = nil
    if writesUnderWay == 0 { finishEnding() }
  }

  /// The last write has ended: the file can be deleted. That frees its blocks, which takes time, so a worker does it.
  private func finishEnding() {
    guard writesUnderWay == 0, let file else { return }
    self.file = nil
    workers.submit { _ in file.discard() }
  }
}
