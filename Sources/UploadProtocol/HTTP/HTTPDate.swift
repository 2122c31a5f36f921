import UploadCore

/// Writes dates for HTTP and JSON and reads those of HTTP. Times are in seconds since 1970, UTC.
package enum HTTPDate {
  /// In order from the day of the week of 1 January 1970.
  private static let longWeekdays = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"]
  private static let weekdays = longWeekdays.map { String($0.prefix(3)) }
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  // MARK: Writing

  /// `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 section 5.6.7).
  package static func text(_ secondsSince1970: Int64) -> String {
    let date = CalendarDate(secondsSince1970)
    return "\(weekdays[date.weekday]), \(two(date.day)) \(months[date.month - 1]) \(four(date.year)) \(date.time) GMT"
  }

  /// `1994-11-06T08:49:37Z` (RFC 3339).
  package static func internetText(_ secondsSince1970: Int64) -> String {
    let date = CalendarDate(secondsSince1970)
    return "\(four(date.year))-\(two(date.month))-\(two(date.day))T\(date.time)Z"
  }

  private static func two(_ number: Int) -> String { TimeText.padded(number) }
  private static func four(_ number: Int) -> String { TimeText.padded(number, to: 4) }

  /// A date in UTC in the proleptic Gregorian calendar; the civil-from-days method of Howard Hinnant.
  private struct CalendarDate {
    let year, month, day: Int
    /// An index into ``weekdays``.
    let weekday: Int
    /// `08:49:37`
    let time: String

    /// The date at a time.
    /// - Parameter seconds: since 1970. Times outside of the years 0 to 9999, which the formats cannot express, become
    ///   the nearest of these.
    init(_ seconds: Int64) {
      let clamped = Int(min(max(seconds, -62_167_219_200), 253_402_300_799))
      let days = Int((Double(clamped) / 86_400).rounded(.down))
      let rest = clamped - days * 86_400
      time = "\(HTTPDate.two(rest / 3600)):\(HTTPDate.two(rest / 60 % 60)):\(HTTPDate.two(rest % 60))"
      weekday = (days % 7 + 7) % 7
      let shifted = days + 719_468
      let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
      let dayOfEra = shifted - era * 146_097
      let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
      let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
      let marchMonth = (5 * dayOfYear + 2) / 153
      day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
      month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
      year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
  }

  // MARK: Reading

  /// Reads an HTTP date in one of its three forms (RFC 9110 section 5.6.7):
  ///
  ///     Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
  ///     Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
  ///     Sun Nov  6 08:49:37 1994           asctime
  ///
  /// The name of the day is not compared with the date.
  /// - Parameters:
  ///   - text: a field's value without blanks around it.
  ///   - now: the current time in seconds since 1970. A year of two digits is the latest that makes the date at most 50
  ///     years later.
  /// - Returns: seconds since 1970; nil where the text is not a date.
  package static func seconds(_ text: String, now: Int64) -> Int64? {
    let fields = text.split(separator: " ", omittingEmptySubsequences: false)
    let day = String(fields[0])
    switch fields.count {
    case 6 where weekdays.contains(where: { day == "\($0)," }):
      return fields[5] == "GMT" ? seconds(String(fields[3]), fields[2], String(fields[1]), fields[4]) : nil
    case 4 where longWeekdays.contains(where: { day == "\($0)," }):
      let date = fields[1].split(separator: "-", omittingEmptySubsequences: false)
      guard fields[3] == "GMT", date.count == 3 else { return nil }
      let latest = now + 50 * 365 * 86_400 + 12 * 86_400
      let years = (0...99).reversed().lazy.map { "\(two($0))\(date[2])" }
      return years.compactMap { seconds($0, date[1], String(date[0]), fields[2]) }.first { $0 <= latest }
    case 5 where weekdays.contains(day):
      return seconds(String(fields[4]), fields[1], String(fields[2]), fields[3])
    // A day of one digit has a second space before it.
    case 6 where weekdays.contains(day) && fields[2].isEmpty && fields[3].utf8.count == 1:
      return seconds(String(fields[5]), fields[1], "0\(fields[3])", fields[4])
    default: return nil
    }
  }

  /// The value of exactly so many digits; nil for other text.
  private static func number(_ text: some StringProtocol, digits: Int) -> Int? {
    guard text.utf8.count == digits, text.utf8.allSatisfy(ASCII.isDigit) else { return nil }
    return Int(text)
  }

  /// Seconds since 1970 of a date in UTC: a year of four digits, the name of a month, a day of two digits and
  /// `08:49:37`; nil where one of them is malformed or the date does not exist.
  private static func seconds(_ year: String, _ month: Substring, _ day: String, _ time: Substring) -> Int64? {
    let parts = time.split(separator: ":", omittingEmptySubsequences: false).map { number($0, digits: 2) }
    guard let year = number(year, digits: 4), let month = months.firstIndex(of: String(month)),
      let day = number(day, digits: 2), parts.count == 3, let hour = parts[0], let minute = parts[1],
      let second = parts[2], (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    let next = month == 11 ? days(year + 1, 1, 1) : days(year, month + 2, 1)
    guard days(year, month + 1, day) < next else { return nil }
    return Int64(days(year, month + 1, day) * 86_400 + hour * 3600 + minute * 60 + second)
  }

  /// Days since 1970 in the proleptic Gregorian calendar; the days-from-civil method of Howard Hinnant.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
