import HTTPExchange
import NIOCore
import UploadCore

/// Content that is read into memory as a whole before anything is sent, as `buffered` mode does on purpose.
///
/// It is kept in blocks rather than in one buffer: the capacity of a `ByteBuffer` is 4 GiB, slices that begin beyond its 16th MiB
/// are copied, and a form of unknown length would be copied each time it outgrew its buffer.
struct FormInMemory: Sendable {
  /// Size of every block but the last, in bytes; no chunk that is written is larger.
  static let blockSize = 4 << 20

  private(set) var blocks: [ByteBuffer] = []

  /// Bytes of content in all blocks.
  private(set) var count: UInt64 = 0

  /// No content, for a request without a body.
  init() {}

  /// Reads `source` to its end. Blocks; call it on a thread pool.
  ///
  /// - Parameters:
  ///   - framing: bytes of the form before and after the content, which count against `available` too.
  ///   - available: memory that may be used, in bytes; nil when unknown, and then every size is accepted.
  ///   - onBlock: called with the memory of each block once it has been read.
  ///   - checkCancellation: called before each read; what it throws ends the reading.
  /// - Throws: ``UploadError``: `outOfMemory` as soon as the form is known not to fit, `fileChanged`, `unreadableFile`, and
  ///   what `checkCancellation` throws.
  init(
    reading source: OpenedSource,
    framing: Int,
    available: UInt64?,
    onBlock: (MemoryRegion) -> Void,
    checkCancellation: () throws(UploadError) -> Void
  ) throws(UploadError) {
    let limit = available ?? .max
    if let size = source.size { try Self.check(size, framing: framing, limit: limit, exact: true) }
    let stream = source.regular == nil ? SourceReader(source) : nil
    while true {
      try checkCancellation()
      let block =
        if let stream {
          try Self.block(from: stream, checkCancellation: checkCancellation)
        } else {
          try Self.block(from: source, at: count)
        }
      guard block.readableBytes > 0 else { break }
      count += UInt64(block.readableBytes)
      blocks.append(block)
      block.withUnsafeReadableBytes { onBlock(MemoryRegion($0)) }
      try Self.check(count, framing: framing, limit: limit, exact: false)
    }
    try source.check()
  }

  /// Bytes `range` of the content, without a copy; nil when they are not within one block.
  func chunk(_ range: Range<UInt64>) -> ByteBuffer? {
    let index = Int(range.lowerBound) / Self.blockSize
    guard blocks.indices.contains(index) else { return nil }
    let block = blocks[index]
    return block.getSlice(at: block.readerIndex + Int(range.lowerBound) % Self.blockSize, length: range.count)
  }

  private static func check(_ size: UInt64, framing: Int, limit: UInt64, exact: Bool) throws(UploadError) {
    let needed = size + UInt64(framing)
    guard needed > limit else { return }
    throw UploadError(
      .outOfMemory,
      "Buffered mode needs \(exact ? "" : "more than ")\(ByteSize.text(needed)) of memory for this form, and "
        + "\(ByteSize.text(limit)) are available. Use the mode stream or multipart: they need next to none."
    )
  }

  /// The file's bytes from `offset`, at most a block of them; empty at the end that the file had when it was opened.
  private static func block(from source: OpenedSource, at offset: UInt64) throws(UploadError) -> ByteBuffer {
    let end = min(offset + UInt64(blockSize), max(offset, source.size ?? 0))
    var block = ByteBuffer()
    if end > offset { try source.read(offset..<end, into: &block) }
    return block
  }

  /// The stream's next bytes, a full block unless the stream ends before.
  private static func block(
    from stream: SourceReader,
    checkCancellation: () throws(UploadError) -> Void
  ) throws(UploadError) -> ByteBuffer {
    var block = ByteBufferAllocator().buffer(capacity: blockSize)
    // Filled to the last byte: chunks are found by their offset.
    while block.readableBytes < blockSize {
      try checkCancellation()
      switch try stream.read(atMost: blockSize - block.readableBytes) {
      case .bytes: block.writeImmutableBuffer(stream.buffer)
      case .nothingYet: continue
      case .end: return block
      }
    }
    return block
  }
}
