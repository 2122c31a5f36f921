package import NIOCore
package import UploadCore

/// Stores uploads in a local directory: takes buffers from a memory budget, writes on a pool of threads, and gives files
/// their names once they are complete, and synced as far as configured (``Durability``).
package final class DiskStore: UploadStore {
  private let budget: MemoryBudget
  private let finalizer: Finalizer
  private let reader: UploadDirectoryReader
  private let snapshots: DirectorySnapshots

  /// - Parameter workers: a pool of ``WorkerPool/diskThreads``, used for nothing else; its owner shuts it down.
  package init(
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: WorkerPool,
    configuration: DiskStoreConfiguration = DiskStoreConfiguration()
  ) {
    self.budget = budget
    finalizer = Finalizer(directory: directory, workers: workers, configuration: configuration)
    // As many threads as can read at once; not those that write uploads.
    reader = UploadDirectoryReader(directory: directory, readers: WorkerPool(threads: System.coreCount))
    snapshots = DirectorySnapshots(reader: reader, budget: budget)
  }

  // MARK: Storing

  package func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink {
    DiskUpload(
      meter: meter,
      hash: hash,
      condition: condition,
      finalizer: finalizer,
      budget: budget,
      eventLoop: eventLoop,
      delegate: delegate
    )
  }

  package func publish(_ files: [any StagedFile], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]> {
    guard let own = files as? [StagedDiskFile] else {
      return eventLoop.makeFailedFuture(UploadError(.internalFailure, "A staged file belongs to another store."))
    }
    return finalizer.publish(own, on: eventLoop)
  }

  package func discard(_ files: [any StagedFile]) {
    let own = files.compactMap { $0 as? StagedDiskFile }
    guard !own.isEmpty else { return }
    finalizer.workers.submit { _ in own.forEach { $0.file.discard() } }
  }

  package var unfinished: (any UnfinishedStore)? { nil }

  // MARK: Reading

  package func check() async throws {
    _ = try await reader.readers.runIfActive { [reader] in try reader.directory.current() }
  }

  package func open(_ name: NameBytes) async throws -> (any OpenFile)? {
    try await reader.readers.runIfActive { [reader] () throws -> (any OpenFile)? in
      try reader.directory.current()
      return reader.open(name)
    }
  }

  package func list() async throws -> (any FileListing)? {
    try await check()
    return try await snapshots.current()
  }

  package func freeSpace() -> UInt64? { reader.directory.calls.freeSpace(reader.directory.descriptor) }
}

/// One upload being written into a directory. Lives on one event loop: every call is made there.
///
/// Bytes are copied once, by the ``SlabFiller``; the ``SlabWriter`` writes each full slab at its offset. Bytes for
/// which no slab is free, or only a full one that cannot be written yet, are queued; then, and while the file is being
/// opened, ``hasRoom`` is false. At the end the ``Finalizer`` writes the tail. This type decides which of the three
/// acts next.
final class DiskUpload: UploadSink, SlabFillerDelegate {
  private static let aborted = UploadError(.cancelled, "The upload was cancelled before it was stored.")

  private let meter: UploadMeter
  private let eventLoop: any EventLoop
  private let filler: SlabFiller
  private let writer: SlabWriter
  private let finalizer: Finalizer
  private weak var delegate: (any UploadSinkDelegate)?

  /// Whether there was room after the last step. When not, the delegate is notified as soon as there is room.
  private var hadRoom = true
  /// The request to end the upload, once its last byte has arrived.
  private var ending: (request: FinalizeRequest, completion: FinalizeCompletion)?
  /// Whether the file is being published, which cannot be cancelled.
  private var isPublishing = false
  private var isOver = false

  init(
    meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    finalizer: Finalizer,
    budget: MemoryBudget,
    eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) {
    self.meter = meter
    self.finalizer = finalizer
    self.eventLoop = eventLoop
    self.delegate = delegate
    filler = SlabFiller(meter: meter, budget: budget, eventLoop: eventLoop)
    writer = SlabWriter(meter: meter, hash: hash, finalizer: finalizer, eventLoop: eventLoop)
    filler.delegate = self
    prepare(condition)
  }

  var hasRoom: Bool { !filler.hasQueued && !writer.isOpening }

  /// Whether the upload's last byte has arrived.
  private var isEnding: Bool { ending != nil }

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
    return filler.isRecalled && !isEnding ? filler.takeBlocks() : nil
  }

  private func write(_ slab: Slab) {
    writer.write(slab) { result in
      self.filler.release(slab)
      self.wrote(result)
    }
  }

  private func wrote(_ result: Result<Int, any Error>) {
    if case .success(let count) = result { meter.addStored(count) }
    if isOver { return writer.discardFile() }
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
    ending = (request, completion)
    filler.isComplete = true
    pump()
  }

  /// Has the finalizer write the tail, once the end has been requested and every write has ended.
  private func handOver() {
    guard let ending else { return }
    let tail = writer.tail(filler.takeTail(), ending.request)
    switch ending.completion {
    case .staged(let promise):
      writer.wait(for: finalizer.stage(tail, on: eventLoop)) { result in
        let isAborted = self.isOver
        guard let staged = self.handedOver(tail, result) else { return }
        if isAborted { self.writer.discard(staged.file) } else { promise.succeed(staged) }
      }
    case .stored(let promise):
      isPublishing = true
      writer.wait(for: finalizer.finalize(tail, on: eventLoop)) { result in
        self.isPublishing = false
        guard let stored = self.handedOver(tail, result) else { return }
        if self.finalizer.configuration.durability != .none { self.meter.markDurable() }
        promise.succeed(stored)
      }
    }
  }

  /// Ends the upload once the finalizer has finished.
  /// - Returns: nil when the finalizer failed; the failure has been reported.
  private func handedOver<Outcome>(_ tail: FileTail, _ result: Result<Outcome, any Error>) -> Outcome? {
    if let slab = tail.content.slab { filler.release(slab) }
    switch result {
    case .success(let outcome):
      meter.addStored(tail.placement.extent.count)
      writer.releaseFile()
      filler.end()
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
    ending?.completion.fail(error)
    ending = nil
    writer.discardFile()
  }
}
