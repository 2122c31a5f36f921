import UploadProtocol

/// The value of a `Retry-After` header field (RFC 9110 section 10.2.3).
enum RetryAfter {
  /// A year, in seconds: no server needs more.
  private static let longest: Int64 = 31_536_000

  /// How long the server asks to wait: a number of seconds, or the time until a date.
  /// - Parameters:
  ///   - text: the field's value.
  ///   - now: the time of day, in seconds since 1970.
  /// - Returns: nil when the value is neither; zero for a date in the past.
  static func duration(_ text: String, now: Int64) -> Duration? {
    let words = text.split { $0 == " " || $0 == "\t" }
    if words.count == 1, words[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      return .seconds(min(Int64(words[0]) ?? longest, longest))
    }
    guard let first = words.first, let last = words.last,
      let date = HTTPDate.seconds(String(text[first.startIndex..<last.endIndex]), now: now)
    else { return nil }
    return .seconds(min(max(0, date - now), longest))
  }
}
