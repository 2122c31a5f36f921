import Glibc

/// Dates as HTTP writes them (IMF-fixdate, RFC 9110 section 5.6.7), and as JSON does.
enum HTTPDate {
  /// `Sun, 06 Nov 1994 08:49:37 GMT`.
  static func text(_ secondsSince1970: Int64) -> String {
    let moment = Moment(secondsSince1970)
    return "\(weekdays[moment.weekday]), \(two(moment.day)) \(months[moment.month - 1]) \(four(moment.year)) "
      + "\(two(moment.hour)):\(two(moment.minute)):\(two(moment.second)) GMT"
  }

  /// `1994-11-06T08:49:37Z` (RFC 3339).
  static func internetText(_ secondsSince1970: Int64) -> String {
    let moment = Moment(secondsSince1970)
    return "\(four(moment.year))-\(two(moment.month))-\(two(moment.day))"
      + "T\(two(moment.hour)):\(two(moment.minute)):\(two(moment.second))Z"
  }

  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  private static func two(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }

  private static func four(_ number: Int) -> String {
    String(repeating: "0", count: max(0, 4 - "\(number)".count)) + "\(number)"
  }

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
}

/// The wall clock.
enum CurrentTime {
  /// Seconds since 1970.
  static var seconds: Int64 { Int64(time(nil)) }
}

/// The time as a line of the log begins with it.
package enum LogTime {
  /// `1994-11-06T08:49:37Z` (RFC 3339).
  package static var now: String { HTTPDate.internetText(CurrentTime.seconds) }
}
