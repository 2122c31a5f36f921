import NIOCore

/// Finds the delimiter (CRLF, two dashes, the boundary) in a stream of buffers. A match may span several buffers; its
/// bytes are pending until a later buffer decides.
///
/// A boundary contains no CR, so CR occurs only at the delimiter's start. Two things follow. Pending bytes always equal
/// the delimiter's first bytes, so the scanner stores only their number. And where they turn out to be content, no
/// other match can begin inside them, so the search resumes at the next byte. The time is linear for all input.
struct DelimiterScanner {
  /// What is at the front of the scanned bytes. The caller removes the n bytes of a step before it scans again.
  enum Step {
    /// The first n bytes are content.
    case content(Int)
    /// All n bytes may begin or continue the delimiter and are pending from now on.
    case pending(Int)
    /// The pending bytes are content; none of the scanned bytes was consumed. Call ``releasePending()`` next.
    case mismatch
    /// The pending bytes, if any, and the first n bytes are the delimiter.
    case delimiter(Int)
  }

  /// The searched bytes: CRLF, two dashes, the boundary.
  let delimiter: ByteBuffer

  private let search: DelimiterSearch

  /// How many bytes of the delimiter matched at the end of the previous buffers.
  private var matched = 0

  /// How many of the matched bytes belong to the preceding line end and are not content even if the match fails.
  private var borrowed = 0

  init(boundary: MultipartBoundary) {
    delimiter = ByteBuffer(bytes: boundary.delimiter)
    search = DelimiterSearch(boundary: boundary)
  }

  /// How many bytes are pending: content unless the next bytes complete the delimiter.
  var pendingBytes: Int {
    matched - borrowed
  }

  /// Call it at the start of the body and behind a part's headers, before the next bytes are scanned: there the
  /// delimiter needs no CRLF of its own.
  mutating func beginLine() {
    matched = 2
    borrowed = 2
  }

  /// Scans the front of `bytes`, which must not be empty and must follow the bytes removed before. After
  /// ``Step/content(_:)`` and ``Step/mismatch``, a second call with the same bytes returns the same step.
  mutating func scan(_ bytes: ByteBuffer) -> Step {
    // A copy, since the closure mutates `self` while it reads the needle.
    let needle = delimiter
    return needle.withUnsafeReadableBytes { needle in
      bytes.withUnsafeReadableBytes { haystack in
        scan(haystack, for: needle)
      }
    }
  }

  /// Ends the match. Call it only after ``Step/mismatch``.
  /// - Returns: the range of ``delimiter`` that the pending bytes, which are content, are equal to.
  mutating func releasePending() -> Range<Int> {
    defer { (matched, borrowed) = (0, 0) }
    return borrowed..<matched
  }

  private mutating func scan(_ haystack: UnsafeRawBufferPointer, for needle: UnsafeRawBufferPointer) -> Step {
    if matched > 0 {
      let length = min(needle.count - matched, haystack.count)
      if needle[matched..<matched + length].elementsEqual(haystack[..<length]) {
        guard matched + length == needle.count else {
          matched += length
          return .pending(length)
        }
        (matched, borrowed) = (0, 0)
        return .delimiter(length)
      }
      if pendingBytes > 0 { return .mismatch }
      (matched, borrowed) = (0, 0)
    }
    return searchAnew(haystack, for: needle)
  }

  private mutating func searchAnew(_ haystack: UnsafeRawBufferPointer, for needle: UnsafeRawBufferPointer) -> Step {
    if let index = search.firstIndex(in: haystack) {
      return index == 0 ? .delimiter(needle.count) : .content(index)
    }
    let tail = haystack.suffix(needle.count - 1)
    guard let last = tail.lastIndex(of: ASCII.carriageReturn), needle.starts(with: haystack[last...]) else {
      return .content(haystack.count)
    }
    if last > 0 { return .content(last) }
    matched = haystack.count
    return .pending(haystack.count)
  }
}
