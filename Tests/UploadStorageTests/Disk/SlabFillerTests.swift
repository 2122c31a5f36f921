import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// How an upload gets its slabs from the memory budget. There is no disk, and the test advances the clock.
@Suite struct SlabFillerTests {
  private final class Delegate: SlabFillerDelegate {
    var changes = 0

    func resume() {
      changes += 1
    }
  }

  private struct Fixture {
    let loop = EmbeddedEventLoop()
    let budget: MemoryBudget
    let filler: SlabFiller
    let delegate = Delegate()

    init() throws {
      budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
      let meter = UploadMeter(direction: .incoming, mode: .stream, name: "a", size: nil, remote: "")
      filler = SlabFiller(meter: meter, budget: budget, eventLoop: loop)
      filler.delegate = delegate
    }

    /// Takes all slabs that the budget has left.
    func spendBudget() -> [Slab] {
      var slabs: [Slab] = []
      while let slab = budget.take(upTo: Slab.small) { slabs.append(slab) }
      return slabs
    }
  }

  @Test func `an upload that finds the budget spent waits, and is notified when a slab is granted`() throws {
    let fixture = try Fixture()
    let (loop, budget, filler, delegate) = (fixture.loop, fixture.budget, fixture.filler, fixture.delegate)
    var others = fixture.spendBudget()
    filler.append(ByteBuffer(repeating: 1, count: WritePlan.alignment))
    let filledAtOnce = filler.fill()
    #expect(!filledAtOnce && filler.isWaiting && filler.hasQueued)
    let last = others.popLast()
    let other = try #require(last)
    budget.release(other)
    loop.run()
    #expect(delegate.changes == 1 && !filler.isWaiting)
    let filledLater = filler.fill()
    #expect(filledLater && !filler.hasQueued)
    filler.end()
    others.forEach(budget.release)
    #expect(budget.use.used == 0)
  }

  @Test func `a slab that is granted after the end of the upload goes back to the budget`() throws {
    let fixture = try Fixture()
    let (loop, budget, filler, delegate) = (fixture.loop, fixture.budget, fixture.filler, fixture.delegate)
    var others = fixture.spendBudget()
    filler.append(ByteBuffer(repeating: 1, count: WritePlan.alignment))
    let filledAtOnce = filler.fill()
    #expect(!filledAtOnce)
    let last = others.popLast()
    let other = try #require(last)
    budget.release(other)
    filler.end()
    loop.run()
    #expect(delegate.changes == 0)
    #expect(budget.use.used == others.count * Slab.small)
    others.forEach(budget.release)
  }

  @Test func `a slab that is much too large for its upload's rate is exchanged for a smaller one`() throws {
    let fixture = try Fixture()
    let (loop, budget, filler, delegate) = (fixture.loop, fixture.budget, fixture.filler, fixture.delegate)
    let bytes = SplitMix64.bytes(1_000)
    filler.append(ByteBuffer(bytes: bytes[..<900]))
    let filled = filler.fill()
    #expect(filled && budget.use.used == Slab.small)
    loop.advanceTime(by: UploadBuffer.slow)
    #expect(budget.use.used == Slab.tiny && !filler.isRecalled && delegate.changes == 0)
    filler.append(ByteBuffer(bytes: bytes[900...]))
    let filledMore = filler.fill()
    #expect(filledMore && budget.use.used == Slab.tiny)
    let tail = filler.takeTail()
    #expect(tail.withBytes { Array($0) } == bytes)
    if let slab = tail.slab { filler.release(slab) }
    filler.end()
    #expect(budget.use.used == 0)
  }

  @Test func `a slow upload's slab is recalled for another, and less than a block is kept without one`() throws {
    let fixture = try Fixture()
    let (loop, budget, filler, delegate) = (fixture.loop, fixture.budget, fixture.filler, fixture.delegate)
    let bytes = SplitMix64.bytes(WritePlan.alignment + 10)
    filler.append(ByteBuffer(bytes: bytes))
    let filled = filler.fill()
    loop.advanceTime(by: UploadBuffer.slow)
    #expect(filled && !filler.isRecalled)
    let others = fixture.spendBudget()
    let ticket = budget.wait(upTo: Slab.small, isSlow: false, on: loop) { budget.release($0) }
    loop.run()
    #expect(filler.isRecalled && delegate.changes == 1)
    let blocks = filler.takeBlocks()
    let slab = try #require(blocks)
    #expect(Array(slab.filled) == Array(bytes[..<WritePlan.alignment]))
    #expect(!filler.isRecalled)
    filler.release(slab)
    loop.run()
    budget.drop(ticket)
    guard case .buffer(let rest) = filler.takeTail() else {
      Issue.record("the rest of the bytes is not in a small buffer")
      return
    }
    #expect(Array(rest.readableBytesView) == Array(bytes[WritePlan.alignment...]))
    filler.end()
    others.forEach(budget.release)
    #expect(budget.use.used == 0)
  }
}
