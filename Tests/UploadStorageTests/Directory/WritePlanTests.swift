import Testing
import UploadTestSupport

@testable import UploadStorage

@Suite struct WritePlanTests {
  private static let kibi = 1024
  private static let mebi = 1024 * 1024

  @Test func `a small file of known size goes through the page cache, and reserves nothing`() {
    var plan = WritePlan(size: UInt64(Self.mebi - 1), isExact: true)
    #expect(plan.reserveWhole() == nil)
    let extent = plan.next(Slab.small)
    #expect(extent == WritePlan.Extent(offset: 0, count: Slab.small, isLarge: false, ahead: nil))
    let tail = plan.tail(Self.mebi - 1 - Slab.small, isAligned: true)
    #expect(
      tail.extent == .init(offset: UInt64(Slab.small), count: Self.mebi - 1 - Slab.small, isLarge: false, ahead: nil)
    )
    #expect(!tail.needsTruncation)
  }

  @Test func `a large file of known size is reserved completely and bypasses the page cache`() {
    let size = UInt64(Self.mebi + 5)
    var plan = WritePlan(size: size, isExact: true)
    #expect(plan.reserveWhole() == 0..<size)
    #expect(plan.next(Slab.small) == .init(offset: 0, count: Slab.small, isLarge: true, ahead: nil))
    let tail = plan.tail(Int(size) - Slab.small, isAligned: true)
    #expect(tail.extent.isLarge && tail.extent.end == size)
    #expect(tail.needsTruncation, "the last block is padded")
  }

  @Test func `a large file of known size and whole blocks needs no truncation`() {
    var plan = WritePlan(size: UInt64(Self.mebi), isExact: true)
    _ = plan.reserveWhole()
    _ = plan.next(Slab.small)
    #expect(!plan.tail(Self.mebi - Slab.small, isAligned: true).needsTruncation)
  }

  @Test func `a file that ends before its reserve is truncated`() {
    var plan = WritePlan(size: UInt64(4 * Self.mebi), isExact: true)
    _ = plan.reserveWhole()
    _ = plan.next(Self.mebi)
    #expect(plan.tail(0, isAligned: false).needsTruncation)
  }

  @Test func `with unknown size the first extent is cached, and later ones reserve 64 MiB ahead at a time`() {
    var plan = WritePlan(size: nil, isExact: true)
    #expect(plan.reserveWhole() == nil)
    #expect(!plan.next(Slab.small).isLarge)
    let second = plan.next(Slab.large)
    let start = UInt64(Slab.small)
    #expect(second.isLarge && second.ahead == start..<(start + WritePlan.aheadStep))
    #expect(plan.next(Slab.large).ahead == nil)
    var extent = plan.next(Slab.large)
    while extent.ahead == nil { extent = plan.next(Slab.large) }
    // Reserved again as soon as an extent would reach beyond, from where the first reserve ended.
    #expect(extent.offset <= start + WritePlan.aheadStep && extent.end > start + WritePlan.aheadStep)
    #expect(extent.ahead == (start + WritePlan.aheadStep)..<(start + 2 * WritePlan.aheadStep))
    #expect(plan.tail(10, isAligned: true).needsTruncation)
  }

  @Test func `no more blocks are reserved ahead than the largest possible size`() {
    let limit = UInt64(3 * Self.mebi)
    var plan = WritePlan(size: limit, isExact: false)
    #expect(plan.reserveWhole() == nil, "it may be much less")
    _ = plan.next(Slab.small)
    #expect(plan.next(Slab.large).ahead == UInt64(Slab.small)..<limit)
  }

  @Test func `for bytes beyond the stated largest size blocks are reserved too`() {
    var plan = WritePlan(size: 10, isExact: false)
    _ = plan.next(Slab.small)
    let extent = plan.next(Slab.large)
    #expect(extent.ahead == UInt64(Slab.small)..<extent.end)
  }

  @Test func `the last extent is cached when it is empty, the file is small or its memory is not aligned`() {
    for (before, count, isAligned, isLarge) in [
      (0, Self.mebi - 1, true, false), (0, Self.mebi, true, true), (0, Self.mebi, false, false),
      (Self.mebi, 1, true, true), (Self.mebi, 1, false, false), (Self.mebi, 0, true, false),
    ] {
      var plan = WritePlan(size: nil, isExact: true)
      if before > 0 { _ = plan.next(before) }
      #expect(plan.tail(count, isAligned: isAligned).extent.isLarge == isLarge, "\(before) \(count) \(isAligned)")
    }
  }

  @Test func `extents of any sizes are aligned and follow one another without a gap`() {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<1000 {
      let size = Bool.random(using: &generator) ? UInt64.random(in: 0...(1 << 30), using: &generator) : nil
      var plan = WritePlan(size: size, isExact: Bool.random(using: &generator))
      _ = plan.reserveWhole()
      var (end, reserved) = (UInt64(0), UInt64(0))
      for _ in 0..<20 {
        let extent = plan.next(4096 * Int.random(in: 1...256, using: &generator))
        #expect(extent.offset == end && extent.offset % UInt64(WritePlan.alignment) == 0)
        if let ahead = extent.ahead {
          #expect(ahead.lowerBound >= reserved && ahead.upperBound >= extent.end)
          reserved = ahead.upperBound
        }
        end = extent.end
      }
      let tail = plan.tail(Int.random(in: 0...(1 << 20), using: &generator), isAligned: true)
      #expect(tail.extent.offset == end)
      if reserved > tail.extent.end { #expect(tail.needsTruncation) }
    }
  }

  @Test(arguments: [(0, 0), (1, 0), (4095, 0), (4096, 4096), (4097, 4096), (65_537, 65_536)])
  func `the aligned part of a count is its whole blocks of 4,096 bytes`(count: Int, part: Int) {
    #expect(WritePlan.alignedPart(of: count) == part)
  }
}
