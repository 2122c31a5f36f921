import UploadCore

/// Dates as HTTP and JSON write them, and as HTTP reads them; in seconds since 1970, UTC.
package enum HTTPDate {
  /// From the day of 1 January 1970 on.
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let longWeekdays = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  // MARK: Writing

  /// `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 section 5.6.7).
  package static func text(_ secondsSince1970: Int64) -> String {
    let moment = Moment(secondsSince1970)
    return "\(weekdays[moment.weekday]), \(two(moment.day)) \(months[moment.month - 1]) \(four(moment.year)) "
      + "\(two(moment.hour)):\(two(moment.minute)):\(two(moment.second)) GMT"
  }

  /// `1994-11-06T08:49:37Z` (RFC 3339).
  package static func internetText(_ secondsSince1970: Int64) -> String {
    let moment = Moment(secondsSince1970)
    return "\(four(moment.year))-\(two(moment.month))-\(two(moment.day))"
      + "T\(two(moment.hour)):\(two(moment.minute)):\(two(moment.second))Z"
  }

  private static func two(_ number: Int) -> String { TimeText.padded(number) }
  private static func four(_ number: Int) -> String { TimeText.padded(number, to: 4) }

  /// The fields of a date in UTC, proleptic Gregorian; the civil-from-days method of Howard Hinnant.
  private struct Moment {
    var year, month, day, hour, minute, second, weekday: Int

    init(_ seconds: Int64) {
      // Years 0 to 9999, the most that the formats can write.
      let clamped = Int(min(max(seconds, -62_167_219_200), 253_402_300_799))
      let days = Int((Double(clamped) / 86_400).rounded(.down))
      let rest = clamped - days * 86_400
      (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
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

  /// Reads the three forms of an HTTP date (RFC 9110 section 5.6.7):
  ///
  ///     Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
  ///     Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
  ///     Sun Nov  6 08:49:37 1994           asctime
  ///
  /// The name of the day is not compared with the date.
  /// - Parameters:
  ///   - text: a field's value without blanks around it.
  ///   - now: the time in seconds since 1970: a year of two digits lies at most 50 years after it.
  /// - Returns: seconds since 1970; nil when it is no date.
  package static func seconds(_ text: String, now: Int64) -> Int64? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    switch words.count {
    case 6 where words[0].hasSuffix(",") && weekdays.contains(String(words[0].dropLast())):
      guard words[5] == "GMT", let day = number(words[1], digits: 2), let year = number(words[3], digits: 4) else {
        return nil
      }
      return seconds(year, words[2], day, words[4])
    case 4 where words[0].hasSuffix(",") && longWeekdays.contains(String(words[0].dropLast())):
      let date = words[1].split(separator: "-", omittingEmptySubsequences: false)
      guard words[3] == "GMT", date.count == 3, let day = number(date[0], digits: 2),
        let short = number(date[2], digits: 2)
      else { return nil }
      return century(short, now: now) { seconds($0, date[1], day, words[2]) }
    case 5 where weekdays.contains(String(words[0])):
      guard let day = number(words[2], digits: 2), let year = number(words[4], digits: 4) else { return nil }
      return seconds(year, words[1], day, words[3])
    // A day of one digit stands behind two spaces.
    case 6 where weekdays.contains(String(words[0])) && words[2].isEmpty:
      guard let day = number(words[3], digits: 1), let year = number(words[5], digits: 4) else { return nil }
      return seconds(year, words[1], day, words[4])
    default: return nil
    }
  }

  /// The latest year with two last digits that is not more than 50 years in the future.
  private static func century(_ short: Int, now: Int64, _ date: (Int) -> Int64?) -> Int64? {
    let fiftyYears: Int64 = 50 * 365 * 86_400 + 12 * 86_400
    for century in stride(from: 9900, through: 0, by: -100) {
      if let seconds = date(century + short), seconds <= now + fiftyYears { return seconds }
    }
    return nil
  }

  private static func number(_ text: Substring, digits: Int) -> Int? {
    guard text.utf8.count == digits, text.utf8.allSatisfy(ASCII.isDigit) else { return nil }
    return Int(text)
  }

  private static func seconds(_ year: Int, _ month: Substring, _ day: Int, _ time: Substring) -> Int64? {
    let parts = time.split(separator: ":", omittingEmptySubsequences: false).map { number($0, digits: 2) }
    guard let month = months.firstIndex(of: String(month)), parts.count == 3, let hour = parts[0],
      let minute = parts[1], let second = parts[2], (1...31).contains(day), hour < 24, minute < 60, second <= 60
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
