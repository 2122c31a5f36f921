package import NIOCore
package import UploadCore

/// Is notified by a ``SlabFiller``, on its event loop.
package protocol SlabFillerDelegate: AnyObject {
  /// The upload can continue: a slab was granted, or the one being filled is to be written and released (see
  /// ``SlabFiller/isRecalled``).
  func resume()
}

/// Copies the bytes of one upload into slabs of the memory budget. Lives on one event loop: every call is made there.
///
/// ``UploadBuffer`` contains the bytes, and measures how long slabs take to fill. This type takes slabs from the
/// budget, waits for one while the budget is spent, offers the slab of a slow upload to other uploads, and returns all
/// of them.
package final class SlabFiller {
  private let meter: UploadMeter
  private let budget: MemoryBudget
  private let eventLoop: any EventLoop
  package weak var delegate: (any SlabFillerDelegate)?

  private var buffer = UploadBuffer()
  /// Its place in the budget's queue, while it waits for a slab.
  private var ticket: MemoryBudget.Ticket?
  /// Whether the budget may recall the slab that is being filled.
  private var isOffered = false
  /// Whether the slab that is being filled is to be written and released although it is not full, with
  /// ``takeBlocks()``.
  package private(set) var isRecalled = false
  /// The next check of how long the slab has been filled.
  private var check: Scheduled<Void>?
  /// Whether the last byte has arrived, which the owner sets. Then a partly filled slab is part of the file's tail, and
  /// is no longer checked.
  package var isComplete = false
  private var isOver = false

  package init(meter: UploadMeter, budget: MemoryBudget, eventLoop: any EventLoop) {
    self.meter = meter
    self.budget = budget
    self.eventLoop = eventLoop
  }

  /// Whether bytes wait for room in a slab: ``fill()`` has not copied them yet.
  package var hasQueued: Bool { buffer.hasQueued }

  /// Whether the budget is spent, and the upload waits for a slab.
  package var isWaiting: Bool { ticket != nil }

  /// Whether a slab is being filled, and is full: ``takeSlab()`` is due.
  package var isFull: Bool { buffer.filling?.room == 0 }

  /// Whether bytes have been copied that no slab taken before has: ``takeTail()`` returns some.
  package var hasTail: Bool { buffer.hasTail }

  // MARK: Filling

  /// Queues bytes that have arrived, however many; ``fill()`` copies them.
  package func append(_ bytes: ByteBuffer) {
    buffer.append(bytes)
  }

  /// Begins with bytes of an earlier request, less than a block, before any that are queued.
  func resume(with prefix: ByteBuffer) {
    buffer.resume(with: prefix, at: eventLoop.now)
  }

  /// Copies queued bytes into the slab, until it is full or none is left. Takes a slab first where there is none.
  /// - Returns: false while there is no slab: the upload has to wait for the budget, until
  ///   ``SlabFillerDelegate/resume()``, or has too little to need one, and none of its bytes is queued any more.
  package func fill() -> Bool {
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
    // Only uploads that have a block to write wait in the budget's queues.
    if buffer.keepRemainder(at: now) { return false }
    // Retains the upload until it has its slab, or stops waiting.
    let waiting = NIOLoopBound((filler: self, upload: delegate), eventLoop: eventLoop)
    ticket = budget.wait(upTo: buffer.nextSlabSize, isSlow: buffer.isSlow, on: eventLoop) {
      waiting.value.filler.granted($0)
    }
    return false
  }

  private func begin(_ slab: Slab) {
    meter.add(slab.region)
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
    delegate.resume()
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
    case .tooLong: if slab.bytes.count > Slab.small || !shrink(slab) { recall(slab) }
    }
  }

  /// Exchanges the slab for a small one with the same content.
  /// - Returns: false, and nothing has changed, where there is no room for that.
  private func shrink(_ slab: Slab) -> Bool {
    let size = buffer.shrunkSize
    guard size >= slab.count, let smaller = budget.take(upTo: size) else { return false }
    _ = smaller.append(slab.filled)
    endFilling()
    release(slab)
    buffer.exchange(for: smaller)
    meter.add(smaller.region)
    offer(smaller)
    return true
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
    delegate.resume()
  }

  // MARK: Handing over

  /// Ends the filling of the slab, full or not.
  /// - Returns: the slab, which the caller writes and then returns with ``release(_:)``; nil when there is none.
  package func takeSlab() -> Slab? {
    guard let slab = buffer.filling else { return nil }
    buffer.notePace(at: eventLoop.now)
    endFilling()
    return slab
  }

  /// Ends the filling of a slab that is recalled; less than a block is kept without a slab.
  /// - Returns: the slab with its whole blocks, as ``takeSlab()`` does; nil when it had none: then the budget has it back.
  package func takeBlocks() -> Slab? {
    buffer.keepBlocks(at: eventLoop.now)
    if let slab = buffer.filling, slab.count > 0 {
      endFilling()
      return slab
    }
    releaseFilling()
    return nil
  }

  /// Removes and returns the bytes that are left; call it once nothing is queued. The caller returns a slab with
  /// ``release(_:)`` after its last use.
  package func takeTail() -> FileTail.Content {
    let (slab, rest) = (buffer.filling, buffer.takeRemainder())
    endFilling()
    return slab.map { .slab($0) } ?? .buffer(rest ?? ByteBuffer())
  }

  /// No slab is being filled any more: it is about to be written or released.
  private func endFilling() {
    if isOffered, let slab = buffer.filling { budget.withdraw(slab) }
    buffer.filling = nil
    (isOffered, isRecalled) = (false, false)
  }

  /// Releases the slab that is being filled.
  private func releaseFilling() {
    guard let slab = buffer.filling else { return }
    endFilling()
    release(slab)
  }

  /// Gives a slab of ``takeSlab()``, ``takeBlocks()`` or ``takeTail()`` back to the budget; call it after its last use.
  package func release(_ slab: Slab) {
    meter.remove(slab.region)
    budget.release(slab)
  }

  /// Discards the bytes that are left, stops waiting, and returns all memory except slabs that were taken. Nothing may
  /// be appended after this.
  package func end() {
    isOver = true
    check?.cancel()
    if let ticket { budget.drop(ticket) }
    ticket = nil
    releaseFilling()
    buffer = UploadBuffer()
  }
}

/// The bytes of an upload that are not written yet: chunks for which there is no room yet, the slab that is being filled,
/// and less than a block that is in no slab. Decides how large the next slab is, and whether the upload is slow, by the
/// time that slabs take to fill. Has no clock, and takes no slab by itself: ``SlabFiller`` does.
///
/// An upload too slow to fill its slab releases it: one of more than four times the size that suits its rate always, any other
/// when others wait. Until it has whole blocks again it keeps its bytes in a small buffer. The slabs of a slow upload have room
/// for what arrives in 2 s, at least 4 KiB and at most 64 KiB. So thousands of slow uploads use little memory, and where that
/// is more than the budget they have slabs only while they write.
struct UploadBuffer {
  /// How long a slab has been filled without becoming full.
  enum FillingTime {
    /// Less than ``slow``; or there is no slab, or it is full.
    case normal
    /// From ``slow`` on: the slab is more than its upload needs.
    case slow
    /// The slab is released even if no other upload waits: it is a large one after 1 s, or much larger than suits the
    /// upload's rate.
    case tooLong
  }

  /// 250 ms. A slab that becomes full sooner makes the next one large; one that is not full by then is
  /// ``FillingTime/slow``.
  static let slow = TimeAmount.milliseconds(250)
  /// From here on the filling of a large slab is ``FillingTime/tooLong``.
  private static let tooLongLarge = TimeAmount.seconds(1)
  /// 2 s. The slab of a slow upload has the size that is filled in about this time.
  private static let slowFilling = TimeAmount.seconds(2)

  /// Chunks in the order in which they arrived.
  private var queued = CircularBuffer<ByteBuffer>(initialCapacity: 1)
  /// The slab that is being filled; nil when there is none yet.
  fileprivate(set) var filling: Slab?
  private var fillingSince = NIODeadline.uptimeNanoseconds(0)
  /// Less than ``WritePlan/alignment`` bytes that are in no slab: an upload that is slow, or finds the budget spent,
  /// takes a slab only when it has more.
  private var remainder: ByteBuffer?
  /// When the first byte of ``remainder`` arrived.
  private var remainderSince = NIODeadline.uptimeNanoseconds(0)
  /// The most bytes that the next slab should have: ``Slab/large`` after a slab that was filled fast, ``Slab/small`` at
  /// first, otherwise from ``Slab/tiny`` to ``Slab/small``.
  private(set) var nextSlabSize = Slab.small
  /// Whether the upload has needed ``slow`` or longer for a slab or a block, and has not filled a slab faster since.
  private(set) var isSlow = false

  /// Whether chunks wait for room in a slab.
  var hasQueued: Bool { !queued.isEmpty }

  /// Whether a slab or the remainder has bytes.
  var hasTail: Bool { (filling?.count ?? 0) > 0 || remainder != nil }

  /// Whether the next slab is to be taken only for a block (``WritePlan/alignment``) or more: where a remainder is kept
  /// already, or the slab would be a large one. With less, call ``keepRemainder(at:)`` instead.
  var needsBlock: Bool { remainder != nil || nextSlabSize > Slab.small }

  mutating func append(_ chunk: ByteBuffer) {
    queued.append(chunk)
  }

  /// Begins with bytes that precede all others: less than ``WritePlan/alignment``. Call it before anything is copied.
  mutating func resume(with prefix: ByteBuffer, at now: NIODeadline) {
    guard prefix.readableBytes > 0 else { return }
    (remainder, remainderSince) = (prefix, now)
  }

  // MARK: Filling

  /// Begins to fill an empty slab, with the remainder first.
  mutating func begin(_ slab: Slab, at now: NIODeadline) {
    (filling, fillingSince) = (slab, now)
    if let remainder { _ = remainder.withUnsafeReadableBytes { slab.append($0) } }
    remainder = nil
  }

  /// Continues to fill another slab, with the same content.
  fileprivate mutating func exchange(for slab: Slab) {
    filling = slab
  }

  /// Copies queued chunks into the slab until it is full, or none is left.
  mutating func fill() {
    while let slab = filling, slab.room > 0, let next = queued.first {
      let copied = next.withUnsafeReadableBytes { slab.append($0) }
      if copied == next.readableBytes {
        queued.removeFirst()
      } else {
        queued[queued.startIndex].moveReaderIndex(forwardBy: copied)
      }
    }
  }

  /// Decides how large the next slab is: large if this one is full and was filled within ``slow``, or a part of that for
  /// less than ``Slab/small``; otherwise so large that it is filled within ``slowFilling``. Call it when the slab that is
  /// being filled is about to be written.
  mutating func notePace(at now: NIODeadline) {
    guard let slab = filling else { return }
    let share = Double(min(slab.bytes.count, Slab.small)) / Double(Slab.small)
    let isFast = slab.room == 0 && Double((now - fillingSince).nanoseconds) < share * Double(Self.slow.nanoseconds)
    nextSlabSize = isFast ? Slab.large : suitableSize(at: now)
    if isFast { isSlow = false }
  }

  /// The largest power of two, from ``Slab/tiny`` to ``Slab/small``, that is filled within ``slowFilling`` at the rate at which
  /// the slab has been filled until `now`.
  func suitableSize(at now: NIODeadline) -> Int {
    let time = max(1, (now - fillingSince).nanoseconds)
    let expected = Double(filling?.count ?? 0) * Double(Self.slowFilling.nanoseconds) / Double(time)
    var size = Slab.tiny
    while size < Slab.small, Double(2 * size) <= expected { size *= 2 }
    return size
  }

  /// The size of the slab that replaces one that is too large: the smallest power of two, from ``Slab/tiny`` on, that has
  /// room for twice what has arrived. The rate, as ``suitableSize(at:)`` knows it so early, is that of a single packet:
  /// 10,000 uploads of 2 kB/s began with 8 KiB each, which were the most memory that they ever used.
  var shrunkSize: Int {
    var size = Slab.tiny
    while size < Slab.small, size < 2 * (filling?.count ?? 0) { size *= 2 }
    return size
  }

  // MARK: Slow uploads

  /// Checks how long the slab has been filled; if that is ``slow`` or longer the upload is slow from now on.
  mutating func checkFilling(at now: NIODeadline) -> FillingTime {
    guard let slab = filling, slab.room > 0, now - fillingSince >= Self.slow else { return .normal }
    isSlow = true
    if slab.bytes.count > Slab.small { return now - fillingSince >= Self.tooLongLarge ? .tooLong : .slow }
    return slab.bytes.count > 4 * suitableSize(at: now) ? .tooLong : .slow
  }

  /// Shortens the content of the slab that is being filled to whole blocks, perhaps none; the rest becomes the
  /// remainder, and the next slab has the size that suits the upload's rate, at most ``Slab/small``.
  mutating func keepBlocks(at now: NIODeadline) {
    guard let slab = filling else { return }
    nextSlabSize = suitableSize(at: now)
    let aligned = WritePlan.alignedPart(of: slab.count)
    if aligned < slab.count { addToRemainder(slab.filled[aligned...], at: now) }
    slab.count = aligned
  }

  /// Moves the queued chunks to the remainder if both together are less than a block.
  /// - Returns: whether they were moved; otherwise nothing has changed.
  mutating func keepRemainder(at now: NIODeadline) -> Bool {
    let count = queued.reduce(remainder?.readableBytes ?? 0) { $0 + $1.readableBytes }
    guard count < WritePlan.alignment else { return false }
    for chunk in queued { chunk.withUnsafeReadableBytes { addToRemainder($0[...], at: now) } }
    queued.removeAll(keepingCapacity: true)
    return true
  }

  /// Marks the upload as slow if its remainder is ``slow`` old or older: it waits for its slab as a slow one, and the
  /// slab that it gets can be recalled at once. Call it before a slab is taken.
  mutating func noteSlowRemainder(at now: NIODeadline) {
    guard remainder != nil, now - remainderSince >= Self.slow else { return }
    isSlow = true
    nextSlabSize = min(nextSlabSize, Slab.small)
  }

  /// Removes and returns the remainder; nil when there is none.
  mutating func takeRemainder() -> ByteBuffer? {
    defer { remainder = nil }
    return remainder
  }

  private mutating func addToRemainder(_ bytes: Slice<UnsafeRawBufferPointer>, at now: NIODeadline) {
    if remainder == nil { remainderSince = now }
    var buffer = remainder ?? ByteBufferAllocator().buffer(capacity: WritePlan.alignment)
    // Otherwise the bytes would be copied before the write.
    remainder = nil
    buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes))
    remainder = buffer
  }
}
