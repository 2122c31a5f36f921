import Glibc
import UploadCore

/// Writes dates for HTTP and JSON and reads those of HTTP. Times are in seconds since 1970, UTC.
package enum HTTPDate {
  private static let longWeekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  private static let weekdays = longWeekdays.map { String($0.prefix(3)) }
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  // MARK: Writing

  /// `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 section 5.6.7). A time outside the years 0 to 9999 is
  /// written as the nearest one in them.
  package static func text(_ secondsSince1970: Int64) -> String {
    let date = calendarDate(secondsSince1970)
    let month = months[Int(date.tm_mon)]
    return "\(weekdays[Int(date.tm_wday)]), \(padded(date.tm_mday)) \(month) \(year(date)) \(timeOfDay(date)) GMT"
  }

  /// In UTC, whole seconds: `1994-11-06T08:49:37Z` (RFC 3339). A time outside the years 0 to 9999 is written as the
  /// nearest one in them.
  package static func internetText(_ secondsSince1970: Int64) -> String {
    let date = calendarDate(secondsSince1970)
    return "\(year(date))-\(padded(date.tm_mon + 1))-\(padded(date.tm_mday))T\(timeOfDay(date))Z"
  }

  private static func padded(_ number: Int32) -> String { TimeText.padded(Int(number)) }
  private static func year(_ date: tm) -> String { TimeText.padded(Int(date.tm_year) + 1900, to: 4) }

  /// `08:49:37`
  private static func timeOfDay(_ date: tm) -> String {
    "\(padded(date.tm_hour)):\(padded(date.tm_min)):\(padded(date.tm_sec))"
  }

  /// The date in UTC at a time.
  /// - Parameter seconds: since 1970. A time outside the years 0 to 9999, which the formats cannot express, counts as
  ///   the nearest one in them.
  private static func calendarDate(_ seconds: Int64) -> tm {
    var clamped = time_t(min(max(seconds, -62_167_219_200), 253_402_300_799))
    var date = tm()
    gmtime_r(&clamped, &date)
    return date
  }

  // MARK: Reading

  /// Reads an HTTP date in one of its three forms (RFC 9110 section 5.6.7):
  ///
  ///     Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
  ///     Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
  ///     Sun Nov  6 08:49:37 1994           asctime
  ///
  /// The name of the day is not compared with the date, and a second may be 60.
  /// - Parameters:
  ///   - text: a field's value without blanks around it.
  ///   - now: the current time in seconds since 1970. A year of two digits is the latest that makes the date at most 50
  ///     years later.
  /// - Returns: seconds since 1970, negative for earlier dates; nil where the text has none of the forms or the date
  ///   does not exist.
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
      let years = (0...99).reversed().lazy.map { "\(TimeText.padded($0))\(date[2])" }
      return years.compactMap { seconds($0, date[1], String(date[0]), fields[2]) }.first { $0 <= latest }
    case 5 where weekdays.contains(day):
      return seconds(String(fields[4]), fields[1], String(fields[2]), fields[3])
    // A day of one digit has a second space before it.
    case 6 where weekdays.contains(day) && fields[2].isEmpty && fields[3].utf8.count == 1:
      return seconds(String(fields[5]), fields[1], "0\(fields[3])", fields[4])
    default: return nil
    }
  }

  /// Reads a date as ``internetText(_:)`` writes it.
  /// - Returns: seconds since 1970; nil for any other text, and where the date does not exist.
  package static func secondsOfInternetText(_ text: String) -> Int64? {
    guard text.utf8.count == 20, text.last == "Z" else { return nil }
    let parts = text.dropLast().split(separator: "T", omittingEmptySubsequences: false)
    let date = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, date.count == 3, let month = number(date[1], digits: 2), (1...12).contains(month) else {
      return nil
    }
    return seconds(String(date[0]), months[month - 1][...], String(date[2]), parts[1])
  }

  /// The value of exactly so many digits; nil for other text.
  private static func number(_ text: some StringProtocol, digits: Int) -> Int? {
    guard text.utf8.count == digits, text.utf8.allSatisfy(ASCII.isDigit) else { return nil }
    return Int(text)
  }

  /// Seconds since 1970 of a date in UTC: a year of four digits, a month such as `Nov`, a day of two digits and a time
  /// such as `08:49:37`; nil where one of them is malformed or the date does not exist. A second of 60 counts as the
  /// first of the next minute.
  private static func seconds(_ year: String, _ month: Substring, _ day: String, _ time: Substring) -> Int64? {
    let parts = time.split(separator: ":", omittingEmptySubsequences: false).map { number($0, digits: 2) }
    guard let year = number(year, digits: 4), let month = months.firstIndex(of: String(month)),
      let day = number(day, digits: 2), parts.count == 3, let hour = parts[0], let minute = parts[1],
      let second = parts[2], hour < 24, minute < 60, second <= 60
    else { return nil }
    var date = tm()
    (date.tm_year, date.tm_mon, date.tm_mday) = (Int32(year - 1900), Int32(month), Int32(day))
    // Changes a day that the month does not have into one of another month.
    let midnight = timegm(&date)
    return Int(date.tm_mday) == day ? Int64(midnight + hour * 3600 + minute * 60 + second) : nil
  }
}
