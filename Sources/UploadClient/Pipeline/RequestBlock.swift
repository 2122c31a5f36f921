import NIOCore

/// The requests of several small files one behind the other in one buffer: what goes to the same connection is written at
/// once, and little memory is unused, since the capacity of a buffer is a power of two.
final class RequestBlock: Sendable {
  /// The bytes of requests that one block is made for.
  static let capacity = 128 * 1024

  fileprivate let bytes: ByteBuffer

  init(_ bytes: ByteBuffer) { self.bytes = bytes }
}

/// One request in a ``RequestBlock``, or several that follow each other.
struct RequestSlice: Sendable {
  private let block: RequestBlock
  private var range: Range<Int>

  /// - Parameter range: offsets in the block.
  init(_ range: Range<Int>, of block: RequestBlock) { (self.range, self.block) = (range, block) }

  /// A request with a block of its own.
  init(_ bytes: ByteBuffer) { self.init(0..<bytes.readableBytes, of: RequestBlock(bytes)) }

  /// How many bytes it has.
  var count: Int { range.count }

  var bytes: ByteBuffer {
    block.bytes.getSlice(at: block.bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
  }

  /// Adds the request behind it.
  /// - Returns: false, without a change, when that is not next in the block.
  mutating func append(_ next: RequestSlice) -> Bool {
    guard next.block === block, next.range.lowerBound == range.upperBound else { return false }
    range = range.lowerBound..<next.range.upperBound
    return true
  }

  /// The same request in a block of its own, so that it does not retain the others.
  var detached: RequestSlice {
    var copy = ByteBufferAllocator().buffer(capacity: count)
    copy.writeImmutableBuffer(bytes)
    return RequestSlice(copy)
  }
}
