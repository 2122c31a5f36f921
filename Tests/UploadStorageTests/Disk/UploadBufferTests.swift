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
    let moments: [Int64] = [249, 250, 999, 1000]
    let found = moments.map { buffer.checkFilling(at: Self.start + .milliseconds($0)) }
    let last = size == Slab.small ? UploadBuffer.FillingTime.slow : .tooLong
    #expect(found == [.normal, .slow, .slow, last])
    #expect(buffer.isSlow)
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
