import NIOCore
import NIOPosix
import UploadCore

/// One upload on its way into a directory. Lives on one event loop; its writes run on the workers, at most two at once.
///
/// Bytes are copied once, into a slab; a full slab is written at its offset. While no slab is free, or two writes are
/// under way, what still comes is kept as it is and the delegate is asked to bring no more.
final class DiskUpload: UploadSink {
  /// Writes under way at once: one fills the disk's queue while the other's completion travels back.
  private static let writesAtOnce = 2
  /// A slab filled faster than this makes the next one large; a slower sender keeps to small ones.
  private static let fast = TimeAmount.milliseconds(250)

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

  private var pending = CircularBuffer<ByteBuffer>()
  private var filling: Slab?
  private var fillingSince = NIODeadline.uptimeNanoseconds(0)
  private var nextSlabSize = Slab.small
  private var ticket: MemoryBudget.Ticket?
  private var file: PartialFile?
  private var writesUnderWay = 0
  private var offset: UInt64 = 0
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
  }

  var hasRoom: Bool { pending.isEmpty }

  func write(_ bytes: ByteBuffer) {
    guard !isOver, sealing == nil, bytes.readableBytes > 0 else { return }
    pending.append(bytes)
    pump()
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
    // A slab that is full to the last byte need not wait for the next chunk.
    if let slab = filling, slab.room == 0, canWrite { writeFilling(slab) }
    notePhase()
    if pending.isEmpty, sealing != nil, writesUnderWay == 0, !isOver { writeTail() }
  }

  /// The slab to copy into; nil while the disk or the budget has to be waited for.
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
    fillingSince = .now()
    meter.addSlabBytes(slab.bytes.count)
  }

  private func granted(_ slab: Slab) {
    ticket = nil
    guard !isOver else { return budget.giveBack(slab) }
    hold(slab)
    resume()
  }

  private func giveBack(_ slab: Slab) {
    meter.addSlabBytes(-slab.bytes.count)
    budget.giveBack(slab)
  }

  // MARK: Writing

  /// The first write also creates the file, so it goes alone.
  private var canWrite: Bool {
    writesUnderWay < (file == nil ? 1 : Self.writesAtOnce)
  }

  private func writeFilling(_ slab: Slab) {
    nextSlabSize = .now() - fillingSince < Self.fast ? Slab.large : Slab.small
    filling = nil
    let (count, at) = (slab.count, offset)
    offset += UInt64(count)
    work { [file, directory] in
      let file = try file ?? directory.createPartial()
      try file.write(UnsafeRawBufferPointer(rebasing: slab.bytes[..<count]), at: at)
      return file
    } then: { upload, result in
      upload.giveBack(slab)
      upload.wrote(count, result)
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
    let slab = filling
    filling = nil
    let (count, at) = (slab?.count ?? 0, offset)
    work { [file, directory, durability] in
      let file = try file ?? directory.createPartial()
      if let slab { try file.write(UnsafeRawBufferPointer(rebasing: slab.bytes[..<count]), at: at) }
      if let type = sealing.type { file.note(type: type) }
      if durability != .none { try file.sync() }
      return file
    } then: { upload, result in
      if let slab { upload.giveBack(slab) }
      upload.sealed(count, result, sealing)
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
    let hadRoom = hasRoom
    pump()
    if !hadRoom, hasRoom, !isOver, sealing == nil { delegate?.sinkHasRoom() }
  }

  private func notePhase() {
    if sealing != nil {
      meter.phase = .finishing
    } else if ticket != nil {
      meter.phase = .memory
    } else {
      meter.phase = pending.isEmpty ? .peer : .disk
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
