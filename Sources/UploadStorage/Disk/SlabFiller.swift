import NIOCore
import UploadCore

/// Is notified by a ``SlabFiller``, on its event loop.
protocol SlabFillerDelegate: AnyObject {
  /// A slab was granted, or the one being filled is to be released: see ``SlabFiller/isRecalled``.
  func slabFillerChanged()
}

/// Copies the bytes of one upload into slabs of the memory budget. Lives on one event loop.
///
/// ``UploadBuffer`` holds the bytes, and measures how long slabs take to fill. This type takes slabs from the budget, waits
/// for one while the budget is spent, offers the slab of a slow upload to other uploads, and returns all of them.
final class SlabFiller {
  private let meter: UploadMeter
  private let budget: MemoryBudget
  private let eventLoop: any EventLoop
  weak var delegate: (any SlabFillerDelegate)?

  private var buffer = UploadBuffer()
  /// Its place in the budget's queue, while it waits for a slab.
  private var ticket: MemoryBudget.Ticket?
  /// Whether the budget may recall the slab that is being filled.
  private var isOffered = false
  /// Whether the slab that is being filled is to be written, and released, as it is.
  private(set) var isRecalled = false
  /// The next check of how long the slab has been filled.
  private var check: Scheduled<Void>?
  /// Whether the last byte has arrived. Then a partly filled slab is part of the file's tail, and is no longer checked.
  private var isComplete = false
  private var isOver = false

  init(meter: UploadMeter, budget: MemoryBudget, eventLoop: any EventLoop) {
    self.meter = meter
    self.budget = budget
    self.eventLoop = eventLoop
  }

  /// Whether bytes wait for room in a slab.
  var hasQueued: Bool { buffer.hasQueued }

  /// Whether the budget is spent, and the upload waits for a slab.
  var isWaiting: Bool { ticket != nil }

  /// Whether there is a slab, and it is full.
  var isFull: Bool { buffer.filling?.room == 0 }

  // MARK: Filling

  /// Queues bytes that have arrived; ``fill()`` copies them.
  func append(_ bytes: ByteBuffer) {
    buffer.append(bytes)
  }

  /// Copies queued bytes into the slab, until it is full or none is left. Takes a slab first where there is none.
  /// - Returns: false while the upload has to wait for the budget, or has too little to need a slab.
  func fill() -> Bool {
    guard buffer.filling != nil || beginSlab() else { return false }
    buffer.fill()
    return true
  }

  /// Begins to fill a slab.
  /// - Returns: what ``fill()`` returns.
  private func beginSlab() -> Bool {
    guard ticket == nil else { return false }
    let now = eventLoop.now
    if buffer.needsBlock, buffer.keepRemainder(at: now) { return false }
    buffer.noteSlowRemainder(at: now)
    if let slab = budget.take(upTo: buffer.nextSlabSize) {
      begin(slab)
      return true
    }
    // The budget's queues hold only uploads that have a block to write.
    if buffer.keepRemainder(at: now) { return false }
    // Retains the upload until it has its slab, or stops waiting.
    let waiting = NIOLoopBound((filler: self, upload: delegate), eventLoop: eventLoop)
    let pace = buffer.isSlow ? MemoryBudget.Pace.slow : .fast
    ticket = budget.wait(upTo: buffer.nextSlabSize, as: pace, on: eventLoop) { waiting.value.filler.granted($0) }
    return false
  }

  private func begin(_ slab: Slab) {
    meter.hold(slab.region)
    buffer.begin(slab, at: eventLoop.now)
    if buffer.isSlow {
      offer(slab)
    } else if check == nil {
      scheduleCheck()
    }
  }

  private func granted(_ slab: Slab) {
    ticket = nil
    guard !isOver, let delegate else { return budget.release(slab) }
    begin(slab)
    delegate.slabFillerChanged()
  }

  // MARK: Slow uploads

  /// Checks the slab that is being filled from time to time, until its upload is known to be slow.
  private func scheduleCheck() {
    check = eventLoop.assumeIsolated().scheduleTask(in: UploadBuffer.slow) { self.checkFilling() }
  }

  private func checkFilling() {
    check = nil
    // An upload that was released without an end can do nothing with the slab.
    guard delegate != nil else { return end() }
    guard !isOver, !isComplete, let slab = buffer.filling else { return }
    let time = buffer.checkFilling(at: eventLoop.now)
    if time != .normal, !isOffered { offer(slab) }
    switch time {
    case .normal: scheduleCheck()
    case .slow: if slab.bytes.count > Slab.small { scheduleCheck() }
    case .tooLong: recall(slab)
    }
  }

  /// Lets the budget recall the slab when other uploads wait.
  private func offer(_ slab: Slab) {
    isOffered = true
    let (filler, offered) = (NIOLoopBound(self, eventLoop: eventLoop), slab)
    budget.offer(slab, on: eventLoop) { filler.value.recall(offered) }
  }

  private func recall(_ slab: Slab) {
    guard !isOver, buffer.filling === slab else { return }
    guard let delegate else { return end() }
    isRecalled = true
    delegate.slabFillerChanged()
  }

  // MARK: Handing over

  /// Ends the filling of the slab, full or not.
  /// - Returns: the slab, which the caller writes and then returns with ``release(_:)``; nil when there is none.
  func takeSlab() -> Slab? {
    guard let slab = buffer.filling else { return nil }
    buffer.notePace(at: eventLoop.now)
    endFilling()
    return slab
  }

  /// Ends the filling of a slab that is recalled; less than a block is kept without a slab.
  /// - Returns: the slab with its whole blocks, as ``takeSlab()`` does; nil when it had none: then the budget has it back.
  func takeBlocks() -> Slab? {
    buffer.keepBlocks(at: eventLoop.now)
    guard buffer.filling?.count == 0 else { return takeSlab() }
    releaseFilling()
    return nil
  }

  /// The last byte has arrived.
  func complete() {
    isComplete = true
  }

  /// Takes what is left once nothing is queued.
  func takeTail() -> FileTail.Content {
    let (slab, rest) = (buffer.filling, buffer.takeRemainder())
    endFilling()
    return slab.map { .slab($0) } ?? rest.map { .buffer($0) } ?? .empty
  }

  /// No slab is being filled any more: it is about to be written or released.
  private func endFilling() {
    if isOffered, let slab = buffer.filling { budget.withdraw(slab) }
    buffer.endFilling()
    (isOffered, isRecalled) = (false, false)
  }

  /// Releases the slab that is being filled.
  private func releaseFilling() {
    guard let slab = buffer.filling else { return }
    endFilling()
    release(slab)
  }

  /// Returns a slab that was taken, after its last use.
  func release(_ slab: Slab) {
    meter.letGo(slab.region)
    budget.release(slab)
  }

  /// Discards what is not written, and returns all memory except slabs that were taken. Nothing may be appended after this.
  func end() {
    isOver = true
    check?.cancel()
    if let ticket { budget.drop(ticket) }
    ticket = nil
    releaseFilling()
    buffer = UploadBuffer()
  }
}
