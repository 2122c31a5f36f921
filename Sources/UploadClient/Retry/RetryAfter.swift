/// The value of a `Retry-After` header field (RFC 9110 section 10.2.3).
enum RetryAfter {
  /// A year, in seconds: no server needs more.
  private static let longest: Int64 = 31_536_000
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// How long the server asks to wait: a number of seconds, or the time until a date.
  /// - Parameters:
  ///   - text: the field's value.
  ///   - now: the time of day, in seconds since 1970.
  /// - Returns: nil when the value is neither; zero for a date in the past.
  static func duration(_ text: String, now: Int64) -> Duration? {
    let parts = text.split { $0 == " " || $0 == "\t" }
    if parts.count == 1, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      return .seconds(min(Int64(parts[0]) ?? longest, longest))
    }
    guard let date = seconds(parts) else { return nil }
    return .seconds(min(max(0, date - now), longest))
  }

  /// The seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). The two obsolete forms,
  /// which servers must not send, are not parsed: the policy's own pause is used.
  private static func seconds(_ parts: [Substring]) -> Int64? {
    guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT",
      let day = number(parts[1], 1...31), let month = months.firstIndex(where: { $0 == parts[2] }),
      let year = number(parts[3], 1970...9999)
    else { return nil }
    let time = parts[4].split(separator: ":", omittingEmptySubsequences: false)
    guard time.count == 3, let hour = number(time[0], 0...23), let minute = number(time[1], 0...59),
      let second = number(time[2], 0...60)
    else { return nil }
    return days(year, Int64(month + 1), day) * 86_400 + hour * 3600 + minute * 60 + second
  }

  private static func number(_ text: Substring, _ range: ClosedRange<Int64>) -> Int64? {
    guard let number = Int64(text), range.contains(number) else { return nil }
    return number
  }

  /// Days since 1970, proleptic Gregorian; the days-from-civil method of Howard Hinnant, for years from 1970 on.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month > 2 ? year : year - 1
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
