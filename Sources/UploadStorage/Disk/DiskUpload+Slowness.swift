import NIOCore

/// An upload too slow to fill its slab does without it: a large one it always gives back, a small one when others wait.
/// Until it has whole blocks again it stages its bytes by itself. So thousands of slow uploads hold 64 KiB each at most,
/// and where that is more than the budget they hold slabs only while they write.
extension DiskUpload {
  /// A slab that is not full after this long is more than its upload needs.
  private static let slow = TimeAmount.milliseconds(250)
  /// A large one that is not full after this long is given back without anybody's asking.
  private static let tooLongLarge = TimeAmount.seconds(1)

  /// Looks from time to time at the slab that is being filled, until its upload is known to be slow.
  func watchSlowness() {
    slowness = eventLoop.assumeIsolated().scheduleTask(in: Self.slow) { self.lookForSlowness() }
  }

  private func lookForSlowness() {
    slowness = nil
    guard !isOver, sealing == nil, let slab = filling else { return }
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

  /// Writes what a slab has and gives it back, now or when the write that is under way has ended.
  private func giveUp(_ slab: Slab) {
    guard !isOver, filling === slab else { return }
    isRecalled = true
    pump()
  }

  /// Writes the whole blocks of a slab and gives it back; the rest is staged.
  func writeBlocks(of slab: Slab) {
    let aligned = WritePlan.alignedPart(of: slab.count)
    if aligned < slab.count { stage(slab.filled[aligned...]) }
    slab.count = aligned
    if aligned > 0 {
      writeFilling(slab)
    } else {
      releaseFilling()
      giveBack(slab)
    }
    nextSlabSize = Slab.small
  }

  /// Stages what is pending if that is less than a block with what is staged already.
  /// - Returns: whether it is.
  func stagePending() -> Bool {
    let count = pending.reduce(staged?.readableBytes ?? 0) { $0 + $1.readableBytes }
    guard count < WritePlan.alignment else { return false }
    for bytes in pending { bytes.withUnsafeReadableBytes { stage($0[...]) } }
    pending.removeAll(keepingCapacity: true)
    return true
  }

  /// An upload that took long to stage a block is slow: it waits as one, and the slab that it gets can be recalled at once.
  func noteSlowStaging() {
    guard staged != nil, eventLoop.now - stagedSince >= Self.slow else { return }
    isSlow = true
    nextSlabSize = Slab.small
  }

  private func stage(_ bytes: Slice<UnsafeRawBufferPointer>) {
    if staged == nil { stagedSince = eventLoop.now }
    var buffer = staged ?? ByteBufferAllocator().buffer(capacity: WritePlan.alignment)
    staged = nil
    buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes))
    staged = buffer
  }
}
