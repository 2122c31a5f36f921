import NIOCore
import UploadCore

/// One upload being written into a directory. Lives on one event loop: every call is made there.
///
/// Bytes are copied once, by the ``SlabFiller``; the ``SlabWriter`` writes each full slab at its offset. Bytes for
/// which no slab is free, or only a full one that cannot be written yet, are queued; then, and while the file is being
/// opened, ``hasRoom`` is false. At the end the ``Finalizer`` writes the tail. This type decides which of the three
/// acts next.
///
/// A request that continues an unfinished upload is stored in the same way. Its file exists already and begins with
/// bytes of earlier requests, and ``suspend()`` is another way to end.
final class DiskUpload: AppendSink, SlabFillerDelegate {
  private static let aborted = UploadError(.cancelled, "The upload was cancelled before it was stored.")

  private let meter: UploadMeter
  private let eventLoop: any EventLoop
  private let filler: SlabFiller
  private let writer: SlabWriter
  private let finalizer: Finalizer
  private weak var delegate: (any UploadSinkDelegate)?
  /// Of a request that continues an unfinished upload; nil for others.
  private let appending: UnfinishedAppend?

  /// Whether there was room after the last step. When not, the delegate is notified as soon as there is room.
  private var hadRoom = true
  /// The request to end the upload, once its last byte has arrived.
  private var ending: Ending?
  /// Whether the file is being published, which cannot be cancelled.
  private var isPublishing = false
  private var isOver = false

  /// How the request is to end.
  private enum Ending {
    case finalize(FinalizeRequest, FinalizeCompletion)
    case suspend(EventLoopPromise<UInt64>)

    func fail(_ error: any Error) {
      switch self {
      case .finalize(_, let completion): completion.fail(error)
      case .suspend(let promise): promise.fail(error)
      }
    }
  }

  init(
    writer: SlabWriter,
    condition: PublishCondition?,
    appending: UnfinishedAppend? = nil,
    finalizer: Finalizer,
    budget: MemoryBudget,
    delegate: any UploadSinkDelegate
  ) {
    meter = writer.meter
    eventLoop = writer.eventLoop
    self.writer = writer
    self.finalizer = finalizer
    self.appending = appending
    self.delegate = delegate
    filler = SlabFiller(meter: meter, budget: budget, eventLoop: eventLoop)
    filler.delegate = self
    if let appending { resume(appending) } else { prepare(condition) }
  }

  var hasRoom: Bool { !filler.hasQueued && !writer.isOpening }

  /// Whether the request's last byte has arrived.
  private var isEnding: Bool { ending != nil }

  private var isSuspending: Bool { if case .suspend = ending { true } else { false } }

  // MARK: Moving bytes

  /// Rejects what can be rejected before the first byte: checks the condition, reserves the blocks of a file whose size is
  /// known, and otherwise checks whether the most that can arrive would fit. During that last check bytes may arrive.
  private func prepare(_ condition: PublishCondition?) {
    writer.open(if: condition) { self.wrote($0.map { _ in 0 }) }
    hadRoom = hasRoom
    if !hasRoom { meter.phase = .disk }
    guard let most = meter.size, !meter.sizeExact, most >= WritePlan.largeFrom else { return }
    // Once the file is being published, only the finalizer decides whether it is stored.
    writer.checkSpace(most).assumeIsolated().whenFailure { if !self.isOver, !self.isPublishing { self.fail($0) } }
  }

  /// Opens the file of an unfinished upload. Until that is done, bytes that arrive are only queued.
  private func resume(_ appending: UnfinishedAppend) {
    writer.open(appending.opened) { result in
      if case .success(let prefix) = result { self.filler.resume(with: prefix) }
      self.wrote(result.map { _ in 0 })
    }
    hadRoom = hasRoom
    if !hasRoom { meter.phase = .disk }
  }

  func write(_ bytes: ByteBuffer) {
    guard !isOver, !isEnding, bytes.readableBytes > 0 else { return }
    filler.append(bytes)
    pump()
    hadRoom = hasRoom
  }

  /// Makes all progress that is possible now: copies queued bytes, writes full slabs, and at the end calls the finalizer.
  ///
  /// A worker's result may arrive within the call that requests it, as when the pool has been shut down, and calls this
  /// again: so nothing that was read before such a call is used after it.
  private func pump() {
    // The bytes of the first block are not there yet.
    if appending != nil, writer.isOpening { return }
    while !isOver, filler.hasQueued {
      if filler.isFull {
        guard writer.canWrite, let slab = filler.takeSlab() else { break }
        write(slab)
      } else {
        guard filler.fill() else { break }
      }
    }
    // A slab that is full to the last byte need not wait for the next chunk.
    if writer.canWrite, let slab = slabToWrite() { write(slab) }
    notePhase()
    if !filler.hasQueued, writer.isIdle, !isOver { handOver() }
  }

  /// The slab that is being filled, if it is to be written now.
  private func slabToWrite() -> Slab? {
    if filler.isFull { return filler.takeSlab() }
    if isSuspending, !filler.hasQueued { return filler.takeBlocks() }
    return filler.isRecalled && !isEnding ? filler.takeBlocks() : nil
  }

  private func write(_ slab: Slab) {
    writer.write(slab) { result in
      self.filler.release(slab)
      self.wrote(result)
    }
  }

  private func wrote(_ result: Result<Int, any Error>) {
    if case .success(let count) = result { meter.addStored(appending?.newBytes(of: count) ?? count) }
    if isOver { return writer.discardFile() }
    if case .success(let count) = result { appending?.checkpoints.wrote(count) { [weak self] in self?.checkpoint() } }
    if case .failure(let error) = result { fail(error) } else { resume() }
  }

  func resume() {
    pump()
    let hadRoom = hadRoom
    self.hadRoom = hasRoom
    if !hadRoom, hasRoom, !isOver, !isEnding { delegate?.sinkHasRoom() }
  }

  private func notePhase() {
    if isEnding {
      meter.phase = .finishing
    } else if filler.isWaiting {
      meter.phase = .memory
    } else if !hasRoom {
      meter.phase = .disk
    } else if meter.phase != .limit {
      // The connection's handler sets and clears the phase of a rate limit.
      meter.phase = .peer
    }
  }

  /// Makes the bytes durable that have been written so far, and records their offset, while others are written.
  private func checkpoint() {
    guard !isOver, !isEnding, let appending else { return }
    appending.checkpoints.begin()
    writer.sync(appending.checkpoint()) { result in
      appending.checkpoints.end()
      switch result {
      case .success: if !self.isOver { self.resume() }
      case .failure where self.isOver: break
      case .failure(let error):
        // Where only the record could not be written, the old one stays, and the next checkpoint may succeed.
        if appending.isFatal(error) { self.fail(error) } else { self.resume() }
      }
      if self.isOver { self.writer.discardFile() }
    }
  }

  // MARK: The end

  func stage(_ request: FinalizeRequest) -> EventLoopFuture<any StagedFile> {
    let promise = eventLoop.makePromise(of: StagedDiskFile.self)
    if appending == nil {
      end(.finalize(request, .staged(promise)))
    } else {
      promise.fail(UploadError(.internalFailure, "An unfinished upload can only be finalized."))
    }
    return promise.futureResult.map { $0 as any StagedFile }
  }

  func finalize(_ request: FinalizeRequest) -> EventLoopFuture<StoredFile> {
    let promise = eventLoop.makePromise(of: StoredFile.self)
    end(.finalize(request, .stored(promise)))
    return promise.futureResult
  }

  func suspend() -> EventLoopFuture<UInt64> {
    let promise = eventLoop.makePromise(of: UInt64.self)
    if appending == nil {
      promise.fail(UploadError(.internalFailure, "Only an unfinished upload can be suspended."))
    } else {
      end(.suspend(promise))
    }
    return promise.futureResult
  }

  private func end(_ ending: Ending) {
    guard !isOver, !isEnding else { return ending.fail(Self.aborted) }
    self.ending = ending
    appending?.noteEnding()
    filler.isComplete = true
    pump()
  }

  /// Has the finalizer write the tail, once the end has been requested and every write has ended.
  private func handOver() {
    guard let ending else { return }
    switch ending {
    case .finalize(let request, let completion): handOver(request, completion)
    case .suspend(let promise): handOver(promise)
    }
  }

  private func handOver(_ request: FinalizeRequest, _ completion: FinalizeCompletion) {
    let tail = writer.tail(filler.takeTail(), request, reread: appending?.lateHash)
    switch completion {
    case .staged(let promise):
      writer.wait(for: finalizer.stage(tail, on: eventLoop)) { result in
        let isAborted = self.isOver
        guard let staged = self.handedOver(tail, result) else { return }
        if isAborted { self.writer.discard(staged.file) } else { promise.succeed(staged) }
      }
    case .stored(let promise):
      isPublishing = true
      let finalized = appending?.finalize(tail) ?? finalizer.finalize(tail, on: eventLoop)
      writer.wait(for: finalized) { result in
        self.isPublishing = false
        guard let stored = self.handedOver(tail, result) else { return }
        if self.finalizer.configuration.durability != .none { self.meter.markDurable() }
        self.appending?.notePublished()
        promise.succeed(stored)
      }
    }
  }

  /// Has a worker write the rest of the request's bytes, and record the offset.
  private func handOver(_ promise: EventLoopPromise<UInt64>) {
    guard let appending else { return }
    let content = filler.takeTail()
    // Less than a block, so it is in no slab.
    isPublishing = true
    writer.wait(for: appending.suspend(writer.placement(of: content), content)) { result in
      self.isPublishing = false
      if let slab = content.slab { self.filler.release(slab) }
      switch result {
      case .success(let offset):
        self.meter.addStored(appending.newBytes(of: content.count))
        appending.remember(self.writer.currentHash, before: WritePlan.alignedStart(of: offset))
        self.writer.releaseFile()
        self.filler.end()
        appending.end()
        (self.ending, self.isOver) = (nil, true)
        promise.succeed(offset)
      case .failure(let error):
        self.fail(error)
      }
    }
  }

  /// Ends the upload once the finalizer has finished.
  /// - Returns: nil when the finalizer failed; the failure has been reported.
  private func handedOver<Outcome>(_ tail: FileTail, _ result: Result<Outcome, any Error>) -> Outcome? {
    if let slab = tail.content.slab { filler.release(slab) }
    switch result {
    case .success(let outcome):
      meter.addStored(appending?.newBytes(of: tail.placement.extent.count) ?? tail.placement.extent.count)
      writer.releaseFile()
      filler.end()
      appending?.end()
      (ending, isOver) = (nil, true)
      return outcome
    case .failure(let error):
      isOver ? writer.discardFile() : fail(error)
      return nil
    }
  }

  // MARK: Abort and failure

  func abort() {
    end(with: Self.aborted)
  }

  private func fail(_ error: any Error) {
    let error = error as? UploadError ?? UploadError(.storageFailed, "The file could not be stored.", cause: error)
    end(with: error)
    delegate?.sinkFailed(error)
  }

  private func end(with error: UploadError) {
    guard !isOver, !isPublishing else { return }
    isOver = true
    filler.end()
    ending?.fail(error)
    ending = nil
    appending?.noteEnding()
    appending?.end()
    writer.discardFile()
  }
}
