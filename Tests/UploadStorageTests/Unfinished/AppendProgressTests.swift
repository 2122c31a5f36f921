import NIOCore
import Testing

@testable import UploadStorage

/// How far a file has been written without a gap, and when that is made durable.
@Suite struct AppendProgressTests {
  @Test func `a range behind a gap counts once the gap is filled`() {
    var ranges = WrittenRanges(end: 10)
    var grew = [20..<30, 40..<50, 10..<20].map { ranges.add($0) }
    #expect(grew == [false, false, true])
    #expect(ranges.end == 30)
    grew.append(ranges.add(30..<40))
    #expect(grew.last == true)
    #expect(ranges.end == 50)
  }

  @Test func `bytes that are written again do not move the end back`() {
    var ranges = WrittenRanges(end: 4100)
    let written: [Range<UInt64>] = [4096..<4100, 4096..<8192, 8192..<8192]
    let ends = written.map { range -> UInt64 in
      _ = ranges.add(range)
      return ranges.end
    }
    #expect(ends == [4100, 8192, 8192])
  }

  @Test func `provisional bytes are kept only after a commit`() {
    let progress = AppendProgress(start: 5, isProvisional: true, counter: -1, calls: FileCalls()) {}
    progress.wrote(5..<9)
    #expect((progress.written, progress.kept) == (9, 5))
    progress.commit()
    #expect(progress.kept == 9)
    progress.release()
  }

  @Test func `the end is reported once, after the last user`() {
    let ends = Counter()
    let progress = AppendProgress(start: 0, isProvisional: false, counter: -1, calls: FileCalls()) { _ = ends.next() }
    progress.retain()
    progress.release()
    let before = ends.next()
    progress.release()
    let after = ends.next()
    #expect((before, after) == (0, 2))
  }

  @Test func `a checkpoint is due 5 s after the last one, and after 64 MiB at most once a second`() {
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    var pacer = CheckpointPacer(start: start)
    #expect(pacer.due == nil)
    pacer.wrote(1)
    #expect(pacer.due == start + .seconds(5))
    pacer.wrote(CheckpointPacer.manyBytes)
    #expect(pacer.due == start + .seconds(1))
    pacer.begin(at: start + .seconds(1))
    pacer.wrote(CheckpointPacer.manyBytes)
    #expect(pacer.due == nil, "one is running")
    pacer.end()
    #expect(pacer.due == start + .seconds(2))
    pacer.begin(at: start + .seconds(2))
    pacer.end()
    #expect(pacer.due == nil, "nothing was written since")
    pacer.wrote(.max)
    pacer.wrote(.max)
    #expect(pacer.due == start + .seconds(3))
  }

  @Test func `a plan that begins later reserves and writes only what follows`() {
    var plan = WritePlan(size: 10_000_000, isExact: true, start: 8192)
    let reserved = plan.reserveWhole()
    #expect(reserved == 8192..<10_000_000)
    let (extent, tail) = (plan.next(4096), plan.tail(100, isAligned: true))
    #expect((extent.offset, extent.isLarge) == (8192, true))
    #expect(tail.extent.end == 12_388)
    var complete = WritePlan(size: 8 * 1_048_576, isExact: true, start: 8 * 1_048_576)
    let nothing = complete.reserveWhole()
    #expect(nothing == nil)
  }
}
