import NIOCore
import NIOPosix
import UploadCore

/// One upload on its way into a directory. Lives on one event loop; its writes run on the workers, at most two at once.
///
/// Bytes come straight into a slab (``fill(atMost:_:)``) or are copied into one (``write(_:)``); a full slab is written at
/// its offset. While no slab is free, or two writes are under way, what still comes is kept as it is and the delegate is
/// asked to bring no more. Where the bytes go is ``WritePlan``'s to say.
final class DiskUpload: UploadSink {
  /// Writes under way at once: one fills the disk's queue while the other's completion travels back.
  private static let writesAtOnce = 2
  /// A slab filled faster than this makes the next one large; a slower sender keeps to small ones.
  private static let fast = TimeAmount.milliseconds(250)
  /// A slab that is not full after this long is more than its upload needs.
  private static let slow = TimeAmount.seconds(1)

  private struct Sealing {
    var name: FileName
    var type: String?
    var promise: EventLoopPromise<SealedUpload>
  }

  private let meter: UploadMeter
  private let directory: UploadDirectory
  private let budget: MemoryBudget
  private let workers: NIOThreadPool
  private let durability: Durability
  private let eventLoop: any EventLoop
  private weak var delegate: (any UploadSinkDelegate)?

  private var plan: WritePlan
  private var pending = CircularBuffer<ByteBuffer>()
  private var filling: Slab?
  private var fillingSince = NIODeadline.uptimeNanoseconds(0)
  private var nextSlabSize = Slab.small
  /// Less than ``WritePlan/alignment`` bytes, left over when a slow upload gave its slab back.
  private var parked: ByteBuffer?
  private var slowness: Scheduled<Void>?
  private var ticket: MemoryBudget.Ticket?
  private var file: PartialFile?
  private var isOpening = false
  /// ``fill(atMost:_:)`` found no slab.
  private var isWantingSlab = false
  private var writesUnderWay = 0
  private var hadRoom = true
  private var sealing: Sealing?
  private var isOver = false

  init(
    meter: UploadMeter,
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: NIOThreadPool,
    durability: Durability,
    eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) {
    self.meter = meter
    self.directory = directory
    self.budget = budget
    self.workers = workers
    self.durability = durability
    self.eventLoop = eventLoop
    self.delegate = delegate
    plan = WritePlan(size: meter.size, isExact: meter.sizeExact)
    if let range = plan.reserveWhole() { open(reserving: range) }
  }

  var hasRoom: Bool { pending.isEmpty && !isOpening && !isWantingSlab }

  func write(_ bytes: ByteBuffer) {
    guard !isOver, sealing == nil, bytes.readableBytes > 0 else { return }
    pending.append(bytes)
    pump()
    hadRoom = hasRoom
  }

  func fill(atMost limit: Int, _ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
    guard !isOver, sealing == nil, limit > 0, hasRoom else { return 0 }
    guard let slab = slabWithRoom() else {
      isWantingSlab = true
      hadRoom = false
      notePhase()
      return 0
    }
    let room = slab.free(atMost: limit)
    let count = min(max(0, read(room)), room.count)
    slab.count += count
    writeIfFull()
    return count
  }

  func seal(name: FileName, type: String?) -> EventLoopFuture<SealedUpload> {
    let promise = eventLoop.makePromise(of: SealedUpload.self)
    guard !isOver, sealing == nil else {
      promise.fail(UploadError(.cancelled, "The upload was ended before it was stored."))
      return promise.futureResult
    }
    sealing = Sealing(name: name, type: type, promise: promise)
    pump()
    return promise.futureResult
  }

  func abort() {
    end(with: UploadError(.cancelled, "The upload was ended before it was stored."))
  }

  // MARK: Moving bytes

  /// Does all that can be done now: copies what is pending, hands full slabs to the workers, and seals at the end.
  private func pump() {
    while !isOver, let next = pending.first {
      guard let slab = slabWithRoom() else { break }
      let taken = next.withUnsafeReadableBytes { slab.append($0) }
      if taken == next.readableBytes {
        pending.removeFirst()
      } else {
        pending[pending.startIndex].moveReaderIndex(forwardBy: taken)
      }
    }
    writeIfFull()
    if isWantingSlab, sealing == nil, slabWithRoom() != nil { isWantingSlab = false }
    notePhase()
    if pending.isEmpty, sealing != nil, writesUnderWay == 0, !isOver { writeTail() }
  }

  /// A slab that is full to the last byte need not wait for the next chunk.
  private func writeIfFull() {
    if let slab = filling, slab.room == 0, canWrite { writeFilling(slab) }
  }

  /// The slab to fill; nil while the disk or the budget has to be waited for.
  private func slabWithRoom() -> Slab? {
    if let slab = filling {
      if slab.room > 0 { return slab }
      guard canWrite else { return nil }
      writeFilling(slab)
    }
    guard ticket == nil else { return nil }
    if let slab = budget.take(size: nextSlabSize) {
      hold(slab)
      return slab
    }
    let upload = NIOLoopBound(self, eventLoop: eventLoop)
    ticket = budget.wait(size: nextSlabSize, on: eventLoop) { upload.value.granted($0) }
    return nil
  }

  private func hold(_ slab: Slab) {
    filling = slab
    fillingSince = eventLoop.now
    meter.hold(slab.region)
    if let parked { _ = parked.withUnsafeReadableBytes { slab.append($0) } }
    parked = nil
    if slowness == nil { watchSlowness() }
  }

  private func granted(_ slab: Slab) {
    ticket = nil
    guard !isOver else { return budget.giveBack(slab) }
    hold(slab)
    resume()
  }

  private func giveBack(_ slab: Slab) {
    meter.letGo(slab.region)
    budget.giveBack(slab)
  }

  // MARK: Slow uploads

  private func watchSlowness() {
    slowness = eventLoop.assumeIsolated().scheduleTask(in: Self.slow) { self.lookForSlowness() }
  }

  /// An upload too slow to fill its slab gives it back: a large one always, a small one when others wait. So a thousand
  /// slow uploads hold 64 KiB each at most, and more of them than there are slabs take turns.
  private func lookForSlowness() {
    slowness = nil
    guard !isOver, sealing == nil, let slab = filling else { return }
    let isSlow = eventLoop.now - fillingSince >= Self.slow && slab.room > 0
    if isSlow, writesUnderWay == 0, slab.bytes.count > Slab.small || budget.isContended {
      parkRest(of: slab)
    } else {
      watchSlowness()
    }
  }

  /// Writes what is whole blocks of a slab and gives it back; the rest is kept apart.
  private func parkRest(of slab: Slab) {
    let aligned = WritePlan.alignedPart(of: slab.count)
    if aligned < slab.count { parked = ByteBuffer(bytes: slab.filled[aligned...]) }
    slab.count = aligned
    if aligned > 0 {
      writeFilling(slab)
    } else {
      filling = nil
      giveBack(slab)
    }
    nextSlabSize = Slab.small
  }

  // MARK: Writing

  /// The first write also creates the file, so it goes alone.
  private var canWrite: Bool {
    writesUnderWay < (file == nil ? 1 : Self.writesAtOnce)
  }

  /// Creates the file and reserves its blocks, before a byte of it is asked for.
  private func open(reserving range: Range<UInt64>) {
    (isOpening, hadRoom) = (true, false)
    meter.phase = .disk
    work { [directory] in
      let file = try directory.createPartial()
      try file.reserve(range)
      return file
    } then: { upload, result in
      upload.isOpening = false
      upload.wrote(0, result)
    }
  }

  private func writeFilling(_ slab: Slab) {
    nextSlabSize = eventLoop.now - fillingSince < Self.fast ? Slab.large : Slab.small
    filling = nil
    let piece = plan.next(slab.count)
    work { [file, directory] in
      let file = try file ?? directory.createPartial()
      try file.write(piece, slab.filled)
      return file
    } then: { upload, result in
      upload.giveBack(slab)
      upload.wrote(piece.count, result)
    }
  }

  private func wrote(_ count: Int, _ result: Result<PartialFile, any Error>) {
    switch result {
    case .success(let file):
      self.file = file
      meter.addStored(count)
      if isOver { finishEnding() } else { resume() }
    case .failure(let error):
      isOver ? finishEnding() : fail(error)
    }
  }

  /// Writes what is left, notes the type and syncs: the last of the work on the content.
  private func writeTail() {
    guard let sealing else { return }
    let (slab, parked) = (filling, parked)
    (filling, self.parked) = (nil, nil)
    let tail = plan.tail(slab?.count ?? parked?.readableBytes ?? 0, isAligned: slab != nil)
    work { [file, directory, durability] in
      let file = try file ?? directory.createPartial()
      if let slab { try file.write(tail.piece, slab.filled, padding: slab.pad(to: WritePlan.alignment)) }
      try parked?.withUnsafeReadableBytes { try file.write(tail.piece, $0) }
      if tail.needsTruncation { try file.truncate(to: tail.piece.end) }
      if let type = sealing.type { file.note(type: type) }
      if durability != .none { try file.sync() }
      if tail.piece.end >= WritePlan.largeFrom { file.forgetPages() }
      return file
    } then: { upload, result in
      if let slab { upload.giveBack(slab) }
      upload.sealed(tail.piece.count, result, sealing)
    }
  }

  private func sealed(_ count: Int, _ result: Result<PartialFile, any Error>, _ sealing: Sealing) {
    switch result {
    case .success(let file):
      self.file = file
      meter.addStored(count)
      guard !isOver else { return finishEnding() }
      // From here on the file belongs to who asked for it to be sealed.
      isOver = true
      slowness?.cancel()
      self.file = nil
      self.sealing = nil
      sealing.promise.succeed(SealedUpload(meter: meter, name: sealing.name, type: sealing.type, file: file))
    case .failure(let error):
      isOver ? finishEnding() : fail(error)
    }
  }

  /// Runs blocking work on a worker and comes back to the loop.
  private func work(
    _ body: @escaping @Sendable () throws -> PartialFile,
    then: @escaping (DiskUpload, Result<PartialFile, any Error>) -> Void
  ) {
    writesUnderWay += 1
    workers.runIfActive(eventLoop: eventLoop, body).assumeIsolated().whenComplete { result in
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
      meter.phase = hasRoom ? .peer : .disk
    }
  }

  // MARK: Ending early

  private func fail(_ error: any Error) {
    let error = error as? UploadError ?? UploadError(.storageFailed, "The file could not be stored.", cause: error)
    end(with: error)
    delegate?.sinkFailed(error)
  }

  private func end(with error: UploadError) {
    guard !isOver else { return }
    isOver = true
    pending.removeAll()
    parked = nil
    slowness?.cancel()
    if let ticket { budget.drop(ticket) }
    ticket = nil
    if let filling { giveBack(filling) }
    filling = nil
    sealing?.promise.fail(error)
    sealing = nil
    if writesUnderWay == 0 { finishEnding() }
  }

  /// The last write has come back: the file can go. Closing frees its blocks, which takes time, so a worker does it.
  private func finishEnding() {
    guard writesUnderWay == 0, let file else { return }
    self.file = nil
    workers.submit { _ in file.discard() }
  }
}
