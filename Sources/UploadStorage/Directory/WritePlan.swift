/// Decides at which offset each slab of an upload is written to its file, and how. Depends only on what is known of the
/// upload's size, and on the bytes planned before. Call ``reserveWhole()`` first, ``next(_:)`` for each slab,
/// ``tail(_:isAligned:)`` last.
///
/// Large files bypass the page cache (`O_DIRECT`), so every offset and memory address, and every length but the last,
/// is a multiple of ``alignment``. Small files are cheaper through the page cache.
package struct WritePlan {
  /// One write: a range of the file, and how it is written.
  package struct Extent: Sendable, Equatable {
    var offset: UInt64
    /// Bytes of content, without padding.
    var count: Int
    /// True for a write past the page cache or, where the file system does not support that, with early writeback.
    /// False for one through the page cache, where it stays until a sync, or until the kernel writes it.
    var isLarge: Bool
    /// The range of bytes to reserve before it is written, which includes the extent as far as that has no blocks; nil
    /// for none. A failure of that is ignored: then the write itself needs space.
    var ahead: Range<UInt64>?

    var end: UInt64 { offset + UInt64(count) }

    init(offset: UInt64, count: Int, isLarge: Bool, ahead: Range<UInt64>? = nil) {
      (self.offset, self.count, self.isLarge, self.ahead) = (offset, count, isLarge, ahead)
    }

    /// A write through the page cache, which reserves nothing ahead.
    package static func cached(_ count: Int, at offset: UInt64) -> Extent {
      Extent(offset: offset, count: count, isLarge: false, ahead: nil)
    }
  }

  /// The last write of a file: the bytes that are left, which may be none, and whether the file has to be truncated to
  /// its content after it, since reserved blocks or padding may have made it longer.
  typealias Tail = (extent: Extent, needsTruncation: Bool)

  /// `O_DIRECT` requires multiples of this, in bytes, on every disk with logical blocks of up to 4 KiB.
  static let alignment = 4096
  /// From this size a file is large, in bytes.
  static let largeFrom: UInt64 = 1024 * 1024
  /// How much is reserved ahead for a file whose size is not known exactly, in bytes: writes that extend a file run one
  /// at a time, writes into reserved blocks do not (measured on ext4 with two at once: 0.7 to 2.2 against 2.0 to 2.6
  /// GB/s).
  static let aheadStep: UInt64 = 64 * 1024 * 1024

  /// The size, where it is known exactly.
  private let size: UInt64?
  /// The most it can be.
  private let limit: UInt64?
  /// The offset of the next extent, in bytes.
  private(set) var offset: UInt64
  private var reserved: UInt64

  /// - Parameters:
  ///   - size: of the content in bytes, as far as it is known.
  ///   - isExact: whether it will be exactly that; otherwise it is an upper limit.
  ///   - start: where the first extent begins in the file, in bytes: a multiple of ``alignment``. All bytes before it
  ///     are stored.
  init(size: UInt64?, isExact: Bool, start: UInt64 = 0) {
    self.size = isExact ? size : nil
    limit = size
    offset = start
    reserved = start
  }

  /// The range of bytes to reserve before the first write, so that a full disk is reported then; nil for small files
  /// and sizes that are not known exactly.
  mutating func reserveWhole() -> Range<UInt64>? {
    guard let size, size >= Self.largeFrom, size > offset else { return nil }
    reserved = size
    return offset..<size
  }

  /// The largest multiple of ``alignment`` that is not over `count`: how many of a slab's `count` bytes can be written
  /// before it is full.
  static func alignedPart(of count: Int) -> Int { count & ~(alignment - 1) }

  /// The largest multiple of ``alignment`` that is not over `offset`, in bytes.
  static func alignedStart(of offset: UInt64) -> UInt64 { offset & ~UInt64(alignment - 1) }

  /// The extent of the next slab, behind those before.
  /// - Parameter count: the slab's bytes: a multiple of ``alignment``.
  mutating func next(_ count: Int) -> Extent {
    // With unknown size, the first slab may already contain the whole file.
    let isLarge = size.map { $0 >= Self.largeFrom } ?? (offset > 0)
    let extent = Extent(offset: offset, count: count, isLarge: isLarge, ahead: isLarge ? ahead(count) : nil)
    offset = extent.end
    return extent
  }

  /// The extent of the bytes that are left at the end.
  /// - Parameters:
  ///   - count: how many are left; may be 0.
  ///   - isAligned: whether the bytes lie in page-aligned memory, as `O_DIRECT` requires.
  mutating func tail(_ count: Int, isAligned: Bool) -> Tail {
    let length = offset + UInt64(count)
    let isLarge = count > 0 && isAligned && length >= Self.largeFrom
    let extent = Extent(offset: offset, count: count, isLarge: isLarge, ahead: nil)
    offset = length
    let isPadded = isLarge && count % Self.alignment != 0
    return (extent, isPadded || reserved > length)
  }

  private mutating func ahead(_ count: Int) -> Range<UInt64>? {
    let end = offset + UInt64(count)
    guard end > reserved else { return nil }
    let start = max(reserved, offset)
    reserved = max(end, min(limit ?? .max, start + Self.aheadStep))
    return start..<reserved
  }
}
