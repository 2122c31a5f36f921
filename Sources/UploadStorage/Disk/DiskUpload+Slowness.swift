import NIOCore

/// An upload too slow to fill its slab releases it: a large one always, a small one when others wait. Until it has whole
/// blocks again it keeps its bytes in a small buffer. So thousands of slow uploads hold at most 64 KiB each, and where that
/// is more than the budget they hold slabs only while they write.
extension DiskUpload {
  /// A slab that is not full after this long is more than its upload needs.
  private static let slow = TimeAmount.milliseconds(250)
  /// A large one that is not full after this long is released even if no other upload waits.
  private static let tooLongLarge = TimeAmount.seconds(1)

  /// Checks the slab that is being filled from time to time, until its upload is known to be slow.
  func watchSlowness() {
    slowness = eventLoop.assumeIsolated().scheduleTask(in: Self.slow) { self.checkSlowness() }
  }

  private func checkSlowness() {
    slowness = nil
    guard !isOver, !isEnding, let slab = filling else { return }
    let age = eventLoop.now - fillingSince
    let isLarge = slab.bytes.count > Slab.small
    if age >= Self.slow, slab.room > 0 {
      isSlow = true
      if !isOffered { offer(slab) }
      if isLarge, age >= Self.tooLongLarge { return giveUp(slab) }
      if !isLarge { return }
    }
    watchSlowness()
  }

  /// Lets the budget recall the slab when others wait.
  func offer(_ slab: Slab) {
    isOffered = true
    let (upload, offered) = (NIOLoopBound(self, eventLoop: eventLoop), slab)
    budget.offer(slab, on: eventLoop) { upload.value.giveUp(offered) }
  }

  /// Writes what a slab holds and releases it, now or when the current write has ended.
  private func giveUp(_ slab: Slab) {
    guard !isOver, filling === slab else { return }
    isRecalled = true
    pump()
  }

  /// Writes the whole blocks of a slab and releases it; the rest becomes the remainder.
  func writeBlocks(of slab: Slab) {
    let aligned = WritePlan.alignedPart(of: slab.count)
    if aligned < slab.count { addToRemainder(slab.filled[aligned...]) }
    slab.count = aligned
    if aligned > 0 {
      writeFilling(slab)
    } else {
      releaseFilling()
      giveBack(slab)
    }
    nextSlabSize = Slab.small
  }

  /// Moves the queued bytes to the remainder if both together are less than a block.
  /// - Returns: whether they are.
  func keepRemainder() -> Bool {
    let count = pending.reduce(remainder?.readableBytes ?? 0) { $0 + $1.readableBytes }
    guard count < WritePlan.alignment else { return false }
    for bytes in pending { bytes.withUnsafeReadableBytes { addToRemainder($0[...]) } }
    pending.removeAll(keepingCapacity: true)
    return true
  }

  /// An upload that took long to collect a block is slow: it waits as one, and the slab that it gets can be recalled at
  /// once.
  func noteSlowRemainder() {
    guard remainder != nil, eventLoop.now - remainderSince >= Self.slow else { return }
    isSlow = true
    nextSlabSize = Slab.small
  }

  private func addToRemainder(_ bytes: Slice<UnsafeRawBufferPointer>) {
    if remainder == nil { remainderSince = eventLoop.now }
    var buffer = remainder ?? ByteBufferAllocator().buffer(capacity: WritePlan.alignment)
    remainder = nil
    buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes))
    remainder = buffer
  }
}
