import NIOCore
import UploadCore

/// One upload on its way into a directory. Lives on one event loop; its writes run on the workers, at most two at once.
///
/// Bytes are copied once, into a slab; a full slab is written at its offset. While no slab is free, or two writes are
/// under way, what still comes is kept as it is and the delegate is asked to bring no more. Where the bytes go is
/// ``WritePlan``'s to say. A slab that is also hashed counts as being written until both are done.
final class DiskUpload: UploadSink {
  /// Writes under way at once: one fills the disk's queue while the other's completion travels back.
  private static let writesAtOnce = 2
  /// A slab filled faster than this makes the next one large; a slower sender keeps to small ones.
  private static let fast = TimeAmount.milliseconds(250)

  let meter: UploadMeter
  let directory: UploadDirectory
  let budget: MemoryBudget
  let workers: WorkerPool
  let group: GroupCommit
  let configuration: DiskStore.Configuration
  let eventLoop: any EventLoop
  private weak var delegate: (any UploadSinkDelegate)?

  let hashing: HashChain?
  var plan: WritePlan
  var pending = CircularBuffer<ByteBuffer>()
  var filling: Slab?
  var fillingSince = NIODeadline.uptimeNanoseconds(0)
  var nextSlabSize = Slab.small
  /// Whether it did not fill a slab in time, and none since.
  var isSlow = false
  /// Whether the budget may recall ``filling``.
  var isOffered = false
  /// Whether ``filling`` is to be written as it is.
  var isRecalled = false
  /// Less than ``WritePlan/alignment`` bytes that are in no slab: an upload that is slow, or finds the budget spent, asks
  /// for a slab only when it has more.
  var staged: ByteBuffer?
  /// When the first byte of ``staged`` was staged.
  var stagedSince = NIODeadline.uptimeNanoseconds(0)
  var slowness: Scheduled<Void>?
  private var ticket: MemoryBudget.Ticket?
  var file: PartialFile?
  private var isOpening = false
  var writesUnderWay = 0
  private var hadRoom = true
  /// The name is being given: that ends one way or the other, and cannot be called off.
  var isPublishing = false
  var sealing: Sealing?
  var isOver = false

  init(
    meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: WorkerPool,
    group: GroupCommit,
    configuration: DiskStore.Configuration,
    eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) {
    self.meter = meter
    self.directory = directory
    self.budget = budget
    self.workers = workers
    self.group = group
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.delegate = delegate
    hashing = hash.map { HashChain($0, workers: workers, eventLoop: eventLoop) }
    plan = WritePlan(size: meter.size, isExact: meter.sizeExact)
    let range = plan.reserveWhole()
    if range != nil || condition != nil { open(if: condition, reserving: range) }
    if range == nil, let most = meter.size, !meter.sizeExact, most >= WritePlan.largeFrom { lookForSpace(most) }
  }

  var hasRoom: Bool { pending.isEmpty && !isOpening }

  func write(_ bytes: ByteBuffer) {
    guard !isOver, sealing == nil, bytes.readableBytes > 0 else { return }
    pending.append(bytes)
    pump()
    hadRoom = hasRoom
  }

  func abort() {
    end(with: UploadError(.cancelled, "The upload was ended before it was stored."))
  }

  // MARK: Moving bytes

  /// Does all that can be done now: copies what is pending, hands full slabs to the workers, and seals at the end.
  func pump() {
    while !isOver, let next = pending.first {
      guard let slab = slabWithRoom() else { break }
      let taken = next.withUnsafeReadableBytes { slab.append($0) }
      if taken == next.readableBytes {
        pending.removeFirst()
      } else {
        pending[pending.startIndex].moveReaderIndex(forwardBy: taken)
      }
    }
    // A slab that is full to the last byte need not wait for the next chunk.
    if let slab = filling, canWrite {
      if slab.room == 0 { writeFilling(slab) } else if isRecalled, sealing == nil { writeBlocks(of: slab) }
    }
    notePhase()
    if pending.isEmpty, sealing != nil, writesUnderWay == 0, !isOver { writeTail() }
  }

  /// The slab to fill; nil while the disk or the budget has to be waited for.
  private func slabWithRoom() -> Slab? {
    if let slab = filling {
      if slab.room > 0 { return slab }
      guard canWrite else { return nil }
      writeFilling(slab)
    }
    guard ticket == nil else { return nil }
    // A large slab is for an upload that still has something to write after its first slab.
    if staged != nil || nextSlabSize > Slab.small, stagePending() { return nil }
    noteSlowStaging()
    if let slab = budget.take(upTo: nextSlabSize) {
      hold(slab)
      return slab
    }
    // So the queues hold only uploads that have something to write.
    if stagePending() { return nil }
    let upload = NIOLoopBound(self, eventLoop: eventLoop)
    ticket = budget.wait(upTo: nextSlabSize, as: isSlow ? .slow : .fast, on: eventLoop) { upload.value.granted($0) }
    return nil
  }

  private func hold(_ slab: Slab) {
    filling = slab
    fillingSince = eventLoop.now
    meter.hold(slab.region)
    if let staged { _ = staged.withUnsafeReadableBytes { slab.append($0) } }
    staged = nil
    if isSlow {
      offer(slab)
    } else if slowness == nil {
      watchSlowness()
    }
  }

  private func granted(_ slab: Slab) {
    ticket = nil
    guard !isOver else { return budget.giveBack(slab) }
    hold(slab)
    resume()
  }

  /// Nothing is being filled any more: the slab is about to be written or given back.
  func releaseFilling() {
    if isOffered, let filling { budget.withdraw(filling) }
    (filling, isOffered, isRecalled) = (nil, false, false)
  }

  func giveBack(_ slab: Slab) {
    meter.letGo(slab.region)
    budget.giveBack(slab)
  }

  // MARK: Writing

  /// The first write also creates the file, so it goes alone.
  private var canWrite: Bool {
    writesUnderWay < (file == nil ? 1 : Self.writesAtOnce)
  }

  /// Checks the condition, then creates the file and reserves its blocks where its size is known, before a byte of it is
  /// asked for.
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

  /// Fails early when the most that can come would not fit; while that is looked for bytes may come.
  private func lookForSpace(_ most: UInt64) {
    workers.runIfActive(eventLoop: eventLoop) { [directory] in try directory.space.check(most) }
      .assumeIsolated()
      .whenFailure { if !self.isOver { self.fail($0) } }
  }

  func writeFilling(_ slab: Slab) {
    let isFast = slab.room == 0 && eventLoop.now - fillingSince < Self.fast
    nextSlabSize = isFast ? Slab.large : Slab.small
    if isFast { isSlow = false }
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

  /// Runs blocking work on a worker and comes back to the loop.
  /// - Parameter other: work that uses the same slab and has to be over as well.
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
  func wait<Outcome: Sendable>(
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
    if !hadRoom, hasRoom, !isOver, sealing == nil { delegate?.sinkHasRoom() }
  }

  private func notePhase() {
    if sealing != nil {
      meter.phase = .finishing
    } else if ticket != nil {
      meter.phase = .memory
    } else {
      // A rate limit that holds it back is the handler's to end.
      if !hasRoom { meter.phase = .disk } else if meter.phase != .limit { meter.phase = .peer }
    }
  }

  // MARK: Ending early

  func fail(_ error: any Error) {
    let error = error as? UploadError ?? UploadError(.storageFailed, "The file could not be stored.", cause: error)
    end(with: error)
    delegate?.sinkFailed(error)
  }

  private func end(with error: UploadError) {
    guard !isOver, !isPublishing else { return }
    isOver = true
    pending.removeAll()
    staged = nil
    slowness?.cancel()
    if let ticket { budget.drop(ticket) }
    ticket = nil
    if let filling {
      releaseFilling()
      giveBack(filling)
    }
    sealing?.promise.fail(error)
    sealing = nil
    if writesUnderWay == 0 { finishEnding() }
  }

  /// The last write has come back: the file can go. Closing frees its blocks, which takes time, so a worker does it.
  func finishEnding() {
    guard writesUnderWay == 0, let file else { return }
    self.file = nil
    workers.submit { _ in file.discard() }
  }
}
