import NIOCore

/// An upload too slow to fill its slab gives it back: a large one always, a small one when others wait. So a thousand slow
/// uploads hold 64 KiB each at most, and more of them than there are slabs take turns.
extension DiskUpload {
  /// A slab that is not full after this long is more than its upload needs.
  private static let slow = TimeAmount.seconds(1)

  /// Looks once a second at the slab that is being filled.
  func watchSlowness() {
    slowness = eventLoop.assumeIsolated().scheduleTask(in: Self.slow) { self.lookForSlowness() }
  }

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
}
