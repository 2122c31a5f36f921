import NIOCore
import Testing
import UploadTestSupport

@testable import UploadStorage

/// The bytes of an upload before they are written, and its pace by the time that slabs take to fill. Tests pass the times.
@Suite struct UploadBufferTests {
  private static let start = NIODeadline.uptimeNanoseconds(0)

  @Test(arguments: [(249, Slab.large), (250, Slab.small)] as [(Int64, Int)])
  func `after a slab that is filled within 250 ms the next one is large, otherwise small`(
    milliseconds: Int64,
    next: Int
  ) throws {
    var buffer = UploadBuffer()
    buffer.begin(try #require(Slab(size: Slab.small)), at: Self.start)
    buffer.append(ByteBuffer(repeating: 1, count: Slab.small))
    buffer.fill()
    #expect(!buffer.hasQueued)
    buffer.notePace(at: Self.start + .milliseconds(milliseconds))
    #expect(buffer.nextSlabSize == next)
  }

  @Test(arguments: [Slab.small, Slab.large])
  func `an upload is slow after 250 ms without a full slab, and after 1 s a large slab is to be released`(
    size: Int
  ) throws {
    var buffer = UploadBuffer()
    buffer.begin(try #require(Slab(size: size)), at: Self.start)
    buffer.append(ByteBuffer(repeating: 1, count: Slab.small / 2))
    buffer.fill()
    let moments: [Int64] = [249, 250, 999, 1000]
    let found = moments.map { buffer.checkFilling(at: Self.start + .milliseconds($0)) }
    let last = size == Slab.small ? UploadBuffer.FillingTime.slow : .tooLong
    #expect(found == [.normal, .slow, .slow, last])
    #expect(buffer.isSlow)
  }

  @Test(arguments: [(1_000, Slab.tiny), (6_000, 2 * Slab.tiny), (20_000, Slab.small / 2), (60_000, Slab.small)])
  func `a slow upload gets a slab that it fills within 2 s, of 4 to 64 KiB`(bytesPerSecond: Int, next: Int) throws {
    var buffer = UploadBuffer()
    buffer.begin(try #require(Slab(size: Slab.small)), at: Self.start)
    buffer.append(ByteBuffer(repeating: 1, count: bytesPerSecond))
    buffer.fill()
    buffer.notePace(at: Self.start + .seconds(1))
    #expect(buffer.nextSlabSize == next)
  }

  @Test(arguments: [(15, Slab.large), (16, Slab.small), (60, Slab.small)] as [(Int64, Int)])
  func `an upload that fills 4 KiB at the rate of 64 KiB in 250 ms gets a large slab again`(
    milliseconds: Int64,
    next: Int
  ) throws {
    var buffer = UploadBuffer()
    buffer.begin(try #require(Slab(size: Slab.tiny)), at: Self.start)
    buffer.append(ByteBuffer(repeating: 1, count: Slab.tiny))
    buffer.fill()
    buffer.notePace(at: Self.start + .milliseconds(milliseconds))
    #expect(buffer.nextSlabSize == next)
  }

  @Test(arguments: [(2_000, UploadBuffer.FillingTime.tooLong), (4_000, .slow)])
  func `a small slab is to be released after 250 ms where a fourth of it would suit the rate`(
    count: Int,
    time: UploadBuffer.FillingTime
  ) throws {
    var buffer = UploadBuffer()
    buffer.begin(try #require(Slab(size: Slab.small)), at: Self.start)
    buffer.append(ByteBuffer(repeating: 1, count: count))
    buffer.fill()
    #expect(buffer.checkFilling(at: Self.start + .milliseconds(250)) == time)
  }

  @Test(arguments: [(0, Slab.tiny), (1448, Slab.tiny), (2049, 2 * Slab.tiny), (40_000, Slab.small)])
  func `a slab that is too large is replaced by one with room for twice what has arrived, of 4 to 64 KiB`(
    count: Int,
    size: Int
  ) throws {
    var buffer = UploadBuffer()
    buffer.begin(try #require(Slab(size: Slab.small)), at: Self.start)
    buffer.append(ByteBuffer(repeating: 1, count: count))
    buffer.fill()
    #expect(buffer.shrunkSize == size)
  }

  @Test func `bytes of less than a block are kept without a slab, and begin the next slab`() throws {
    var buffer = UploadBuffer()
    let bytes = SplitMix64.bytes(WritePlan.alignment + 10)
    buffer.append(ByteBuffer(bytes: bytes[..<100]))
    let keptFew = buffer.keepRemainder(at: Self.start)
    #expect(keptFew && !buffer.hasQueued)
    buffer.append(ByteBuffer(bytes: bytes[100...]))
    let keptMany = buffer.keepRemainder(at: Self.start)
    #expect(!keptMany && buffer.hasQueued)
    let slab = try #require(Slab(size: Slab.small))
    buffer.begin(slab, at: Self.start)
    buffer.fill()
    #expect(Array(slab.filled) == bytes)
    buffer.keepBlocks(at: Self.start)
    #expect(Array(slab.filled) == Array(bytes[..<WritePlan.alignment]))
    let taken = buffer.takeRemainder()
    let rest = try #require(taken)
    #expect(Array(rest.readableBytesView) == Array(bytes[WritePlan.alignment...]))
  }
}
