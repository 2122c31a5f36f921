import NIOCore
import UploadCore

/// Finds CRLF, two dashes and the boundary in a stream of buffers, and holds back what could be the beginning of it.
///
/// A boundary has no CR, so CR stands only at the delimiter's start. Two things follow. What is held back at a buffer's
/// end always *is* a beginning of the delimiter, so its length is all there is to keep. And when it turns out to be
/// content, no shorter beginning can hide inside of it, so the search goes on at the next byte. Work is linear
/// whatever the bytes.
struct DelimiterScanner {
  /// What stands at the front of the bytes given.
  enum Step: Equatable {
    /// So many bytes are content.
    case content(Int)
    /// So many bytes, which are all, may begin the delimiter or go on with it: they are held back from now on.
    case heldBack(Int)
    /// What was held back is content; nothing of the bytes given is taken. ``releaseHeldBack()`` comes next.
    case mismatch
    /// The delimiter ends after so many bytes.
    case delimiter(Int)
  }

  /// CRLF, two dashes, the boundary.
  let delimiter: ByteBuffer

  private let search: DelimiterSearch

  /// How many bytes of the delimiter have been matched at the end of the buffers before.
  private var matched = 0

  /// How many of the matched bytes belong to the line before, and are not content even when the match fails.
  private var borrowed = 0

  init(boundary: MultipartBoundary) {
    delimiter = ByteBuffer(bytes: boundary.delimiter)
    search = DelimiterSearch(boundary: boundary)
  }

  /// How many bytes of content, if content they are, wait for the next buffer to decide.
  var heldBackBytes: Int {
    matched - borrowed
  }

  /// Begins at the start of a line: its CRLF, which has been read already or was never there, serves the delimiter too.
  mutating func beginLine() {
    matched = 2
    borrowed = 2
  }

  /// Judges the front of `bytes`, which must not be empty. A second call without taking anything returns the same step.
  mutating func scan(_ bytes: ByteBuffer) -> Step {
    // Not `self` in the closure: the scanner is changed inside, its needle is read.
    let needle = delimiter
    return needle.withUnsafeReadableBytes { needle in
      bytes.withUnsafeReadableBytes { haystack in
        scan(haystack, for: needle)
      }
    }
  }

  /// The range of the delimiter that was held back and is content after ``Step/mismatch``.
  mutating func releaseHeldBack() -> Range<Int> {
    defer { (matched, borrowed) = (0, 0) }
    return borrowed..<matched
  }

  private mutating func scan(_ haystack: UnsafeRawBufferPointer, for needle: UnsafeRawBufferPointer) -> Step {
    if matched > 0 {
      let length = min(needle.count - matched, haystack.count)
      if needle[matched..<matched + length].elementsEqual(haystack[..<length]) {
        guard matched + length == needle.count else {
          matched += length
          return .heldBack(length)
        }
        (matched, borrowed) = (0, 0)
        return .delimiter(length)
      }
      if heldBackBytes > 0 { return .mismatch }
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
    return .heldBack(haystack.count)
  }
}

/// What may follow a boundary: two dashes, which end the form, or blanks and CRLF, which begin a part.
struct DelimiterLineEnd {
  enum Outcome {
    case needsBytes
    case partBegins
    case formEnds
  }

  private enum Expectation {
    /// Anything that may follow a boundary.
    case any
    /// The second of the closing dashes.
    case dash
    /// Blanks or CRLF.
    case lineEnd
    /// The LF after a CR.
    case lineFeed
  }

  private var expectation = Expectation.any

  /// Takes the next byte after the boundary.
  ///
  /// Throws `.malformedForm` for anything else: a line that begins with the boundary and goes on is neither clearly a
  /// delimiter nor clearly content, and receivers that guess differently have been tricked with it.
  mutating func take(_ byte: UInt8) throws(UploadError) -> Outcome {
    switch (expectation, byte) {
    case (.any, ASCII.dash):
      expectation = .dash
    case (.dash, ASCII.dash):
      return .formEnds
    case (.any, _) where ASCII.isBlank(byte), (.lineEnd, _) where ASCII.isBlank(byte):
      // Transport padding of RFC 2046 section 5.1.1.
      expectation = .lineEnd
    case (.any, ASCII.carriageReturn), (.lineEnd, ASCII.carriageReturn):
      expectation = .lineFeed
    case (.lineFeed, ASCII.lineFeed):
      return .partBegins
    case (_, ASCII.lineFeed):
      throw UploadError(.malformedForm, "A boundary's line ends in LF alone; lines of a form end in CR LF.")
    default:
      throw UploadError(
        .malformedForm,
        "A line begins with the boundary but goes on after it; choose a boundary that is in none of the parts."
      )
    }
    return .needsBytes
  }
}
