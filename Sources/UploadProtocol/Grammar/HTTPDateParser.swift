/// Reads the three forms of an HTTP date (RFC 9110 section 5.6.7):
///
///     Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
///     Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
///     Sun Nov  6 08:49:37 1994           asctime
///
/// The name of the day is not compared with the date.
package enum HTTPDateParser {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let longDays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

  /// - Parameters:
  ///   - text: a field's value without blanks around it.
  ///   - now: the time in seconds since 1970: a year of two digits lies at most 50 years after it.
  /// - Returns: seconds since 1970; nil when it is no date.
  package static func seconds(_ text: String, now: Int64) -> Int64? {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    switch words.count {
    case 6 where words[0].hasSuffix(",") && days.contains(String(words[0].dropLast())):
      guard words[5] == "GMT", let day = number(words[1], digits: 2), let year = number(words[3], digits: 4) else {
        return nil
      }
      return seconds(year, words[2], day, words[4])
    case 4 where words[0].hasSuffix(",") && longDays.contains(String(words[0].dropLast())):
      let date = words[1].split(separator: "-", omittingEmptySubsequences: false)
      guard words[3] == "GMT", date.count == 3, let day = number(date[0], digits: 2),
        let short = number(date[2], digits: 2)
      else { return nil }
      return century(short, now: now) { seconds($0, date[1], day, words[2]) }
    case 5 where days.contains(String(words[0])):
      guard let day = number(words[2], digits: 2), let year = number(words[4], digits: 4) else { return nil }
      return seconds(year, words[1], day, words[3])
    // A day of one digit stands behind two spaces.
    case 6 where days.contains(String(words[0])) && words[2].isEmpty:
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
