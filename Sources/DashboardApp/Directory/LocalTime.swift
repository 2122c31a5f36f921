import Glibc

/// Times as the user's clock shows them.
enum LocalTime {
  /// `2026-11-25 18:30`; empty where the calendar has no such time.
  /// - Parameter seconds: since 1970, UTC.
  static func text(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    guard localtime_r(&time, &parts) != nil else { return "" }
    let date =
      "\(padded(Int(parts.tm_year) + 1900, to: 4))-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
    return "\(date) \(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min)))"
  }

  private static func padded(_ number: Int, to width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
