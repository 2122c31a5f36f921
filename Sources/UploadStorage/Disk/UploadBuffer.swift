import NIOCore

/// What an upload holds in memory until it is written: chunks that have found no room yet, the slab that is being filled,
/// and less than a block that is in no slab. Decides how large the next slab is, and whether the upload is slow, by the
/// time that slabs take to fill. Has no clock, and takes no slab by itself: ``SlabFiller`` does.
///
/// An upload too slow to fill its slab releases it: a large one always, a small one when others wait. Until it has whole
/// blocks again it keeps its bytes in a small buffer. So thousands of slow uploads hold at most 64 KiB each, and where that
/// is more than the budget they hold slabs only while they write.
struct UploadBuffer {
  /// How long a slab has been filled without getting full.
  enum FillingTime {
    /// Not too long; or there is no slab, or it is full.
    case normal
    /// So long that it is more than its upload needs.
    case slow
    /// So long that it is released even if no other upload waits: only a large one.
    case tooLong
  }

  /// A slab filled faster than this makes the next one large; a slower sender keeps to small ones.
  private static let fast = TimeAmount.milliseconds(250)
  /// From here on the filling is ``FillingTime/slow``.
  static let slow = TimeAmount.milliseconds(250)
  /// From here on the filling of a large slab is ``FillingTime/tooLong``.
  private static let tooLongLarge = TimeAmount.seconds(1)

  /// Chunks in the order in which they arrived.
  private var queued = CircularBuffer<ByteBuffer>()
  /// The slab that is being filled; nil when there is none yet.
  private(set) var filling: Slab?
  private var fillingSince = NIODeadline.uptimeNanoseconds(0)
  /// Less than ``WritePlan/alignment`` bytes that are in no slab: an upload that is slow, or finds the budget spent,
  /// takes a slab only when it has more.
  private var remainder: ByteBuffer?
  /// When the first byte of ``remainder`` arrived.
  private var remainderSince = NIODeadline.uptimeNanoseconds(0)
  /// How large the next slab should be, in bytes.
  private(set) var nextSlabSize = Slab.small
  /// Whether the upload did not fill a slab in time, and none since.
  private(set) var isSlow = false

  /// Whether chunks wait for room.
  var hasQueued: Bool { !queued.isEmpty }

  /// Whether a slab is needed only for a block or more: a large slab is for an upload that still has something to write
  /// after its first slab.
  var needsBlock: Bool { remainder != nil || nextSlabSize > Slab.small }

  mutating func append(_ chunk: ByteBuffer) {
    queued.append(chunk)
  }

  // MARK: Filling

  /// Begins to fill a slab, with the remainder first.
  mutating func begin(_ slab: Slab, at now: NIODeadline) {
    (filling, fillingSince) = (slab, now)
    if let remainder { _ = remainder.withUnsafeReadableBytes { slab.append($0) } }
    remainder = nil
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

  /// Decides how large the next slab is; the filled one is about to be written.
  mutating func notePace(at now: NIODeadline) {
    let isFast = filling?.room == 0 && now - fillingSince < Self.fast
    nextSlabSize = isFast ? Slab.large : Slab.small
    if isFast { isSlow = false }
  }

  /// No slab is being filled any more.
  mutating func endFilling() {
    filling = nil
  }

  // MARK: Slow uploads

  /// Checks how long the slab has been filled; after ``slow`` its upload is slow.
  mutating func checkFilling(at now: NIODeadline) -> FillingTime {
    guard let slab = filling, slab.room > 0, now - fillingSince >= Self.slow else { return .normal }
    isSlow = true
    return slab.bytes.count > Slab.small && now - fillingSince >= Self.tooLongLarge ? .tooLong : .slow
  }

  /// Shortens the slab's content to whole blocks; the rest becomes the remainder.
  mutating func keepBlocks(at now: NIODeadline) {
    guard let slab = filling else { return }
    let aligned = WritePlan.alignedPart(of: slab.count)
    if aligned < slab.count { addToRemainder(slab.filled[aligned...], at: now) }
    slab.count = aligned
    nextSlabSize = Slab.small
  }

  /// Moves the queued chunks to the remainder if both together are less than a block.
  /// - Returns: whether they are.
  mutating func keepRemainder(at now: NIODeadline) -> Bool {
    let count = queued.reduce(remainder?.readableBytes ?? 0) { $0 + $1.readableBytes }
    guard count < WritePlan.alignment else { return false }
    for chunk in queued { chunk.withUnsafeReadableBytes { addToRemainder($0[...], at: now) } }
    queued.removeAll(keepingCapacity: true)
    return true
  }

  /// An upload that took long to collect a block is slow: it waits as one, and the slab that it gets can be recalled at
  /// once.
  mutating func noteSlowRemainder(at now: NIODeadline) {
    guard remainder != nil, now - remainderSince >= Self.slow else { return }
    isSlow = true
    nextSlabSize = Slab.small
  }

  /// Removes the remainder.
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
