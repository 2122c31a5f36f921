import Glibc

/// Finds a delimiter within one buffer; fast on all input, including bytes chosen by an attacker.
///
/// Horspool's search on pairs of bytes: the pair at the window's end determines how far the window may move, with most
/// data by almost the delimiter's length. Where a pair allows only a small step, a test of eight positions at once
/// follows. It requires the delimiter's CR and LF and the boundary's first and last byte to be in place together. Since
/// CR and LF occur nowhere else in a delimiter, at most three of eight positions pass. So each round advances by at
/// least eight bytes after at most three comparisons. (Glibc's module hides memmem, which is slow for some boundaries.)
struct DelimiterSearch {
  /// Positions tested at once, and the smallest step for which that test is not used.
  private static let stride = MemoryLayout<UInt64>.size

  /// CRLF, two dashes, the boundary: 5 to 204 bytes.
  private let needle: [UInt8]

  /// For every hash of a pair: how many bytes the window may move where that pair is at its end; 0 where the window may
  /// be the delimiter.
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

  /// The offset of the first complete delimiter in `haystack`; nil where there is none.
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
    // The last window behind which the eight-byte test may read.
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

  /// Tests eight positions: bit 7 of byte n of the result is set where the delimiter may begin at position n.
  private static func candidates(at start: UnsafeRawPointer, sought: UnsafeRawPointer, last: Int) -> UInt64 {
    let difference =
      mismatch(start, sought, 0) | mismatch(start, sought, 1) | mismatch(start, sought, 4)
      | mismatch(start, sought, last)
    // Finds the bytes that are zero. A byte above such a byte may be reported in error.
    return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
  }

  /// Compares eight positions: byte n of the result is zero where the delimiter's byte at `offset` fits position n.
  private static func mismatch(_ start: UnsafeRawPointer, _ sought: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    let text = UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    return text ^ (UInt64(sought.load(fromByteOffset: offset, as: UInt8.self)) &* 0x0101_0101_0101_0101)
  }

  /// The hash of a pair of bytes, 0 to 255, which Glibc's memmem uses: it distributes letters and digits well.
  private static func hash(_ first: UInt8, _ second: UInt8) -> Int {
    Int(second &- (first << 3))
  }
}
