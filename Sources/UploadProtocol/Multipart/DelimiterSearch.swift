import Glibc

/// Finds a delimiter inside of one buffer, fast on any bytes, those chosen by an attacker included.
///
/// Horspool's search on pairs of bytes: the pair at the window's end tells how far the window may move, on most data by
/// the delimiter's length. A pair that allows only a small step hands over to a test of eight positions at once. The
/// eight-byte test needs the delimiter's CR, its LF, the boundary's first and its last byte in place together; since CR
/// and LF are nowhere else in a delimiter, no data makes that happen more often than at every fifth position. So each
/// round moves on by eight bytes, or compares one of few candidates. (memmem, which would do as well but for chosen
/// boundaries, is hidden by Glibc's module.)
struct DelimiterSearch {
  /// Positions tested at once, and the smallest step for which that test is not used.
  private static let stride = MemoryLayout<UInt64>.size

  /// CRLF, two dashes, the boundary: 5 to 204 bytes.
  private let needle: [UInt8]

  /// For every hash of a pair: how far the window may move when that pair stands at its end.
  private let steps: [UInt8]

  init(boundary: MultipartBoundary) {
    let needle = boundary.delimiter
    let last = needle.count - 1
    var steps = [UInt8](repeating: UInt8(clamping: last), count: 256)
    for end in 1...last {
      steps[Self.hash(needle[end - 1], needle[end])] = UInt8(clamping: last - end)
    }
    self.needle = needle
    self.steps = steps
  }

  /// Where the delimiter begins in `haystack` for the first time, nil when it is nowhere whole.
  func firstIndex(in haystack: UnsafeRawBufferPointer) -> Int? {
    guard let start = haystack.baseAddress, haystack.count >= needle.count else { return nil }
    return needle.withUnsafeBytes { needle in
      steps.withUnsafeBufferPointer { steps in
        Self.firstIndex(of: needle, in: start, count: haystack.count, steps: steps)
      }
    }
  }

  private static func firstIndex(
    of needle: UnsafeRawBufferPointer,
    in start: UnsafeRawPointer,
    count: Int,
    steps: UnsafeBufferPointer<UInt8>
  ) -> Int? {
    guard let sought = needle.baseAddress else { return nil }
    let last = needle.count - 1
    // The eight-byte test reads up to here beyond a window.
    let end = count - needle.count - stride + 1
    var index = 0
    while index <= end {
      let pair = start + index + last
      let step = Int(steps[hash(pair.load(fromByteOffset: -1, as: UInt8.self), pair.load(as: UInt8.self))])
      if step >= stride {
        index += step
        continue
      }
      var candidates = candidates(at: start + index, sought: sought, last: last)
      while candidates != 0 {
        let candidate = index + candidates.trailingZeroBitCount / 8
        if memcmp(start + candidate, sought, needle.count) == 0 { return candidate }
        candidates &= candidates &- 1
      }
      index += stride
    }
    while index <= count - needle.count {
      if memcmp(start + index, sought, needle.count) == 0 { return index }
      index += 1
    }
    return nil
  }

  /// A set bit 7 in every byte of the result whose position, of eight, may be where the delimiter begins.
  private static func candidates(at start: UnsafeRawPointer, sought: UnsafeRawPointer, last: Int) -> UInt64 {
    let difference =
      mismatch(start, sought, 0) | mismatch(start, sought, 1) | mismatch(start, sought, 4)
      | mismatch(start, sought, last)
    // The bytes that are zero; above one that is, another may be reported that is not.
    return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
  }

  /// Zero in every byte where, of eight positions, the delimiter's byte at `offset` is in place.
  private static func mismatch(_ start: UnsafeRawPointer, _ sought: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    let text = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    return text ^ (UInt64(sought.load(fromByteOffset: offset, as: UInt8.self)) &* 0x0101_0101_0101_0101)
  }

  /// Glibc's own for memmem: pairs of letters and digits spread well.
  private static func hash(_ first: UInt8, _ second: UInt8) -> Int {
    Int(second &- (first << 3))
  }
}
