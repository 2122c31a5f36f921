/// Spans of time as people write and read them.
package enum TimeText {
  /// Reads a span: `30s`, `500ms`, `2m`, `1.5h`, `7d`; a bare number is seconds.
  /// - Throws: ``UploadError`` with code `badValue` and what a time looks like.
  package static func parse(_ text: String) throws(UploadError) -> Duration {
    let (number, unit) = Quantity.split(text)
    guard let value = Double(number), let factor = secondsPerUnit(unit), value * factor <= longest else {
      throw UploadError(
        .badValue,
        "\"\(PlainText.sanitized(text))\" is not a time. Write for example 500ms, 30s, 5m or 2h, at most 365d."
      )
    }
    // To the nanosecond: as a binary fraction of a second 30 ms would be a little off.
    return .nanoseconds((value * factor * 1e9).rounded())
  }

  /// `1:05`, `2:03:04`; whole seconds, rounded down, hours only where there are any.
  package static func clock(_ seconds: Double) -> String {
    let whole = seconds.isFinite ? Int(min(max(0, seconds), longest)) : 0
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0 ? "\(hours):\(padded(minutes)):\(padded(rest))" : "\(minutes):\(padded(rest))"
  }

  /// A year in seconds: nothing here waits longer.
  private static let longest: Double = 365 * 86_400

  /// A number of at least so many digits, as dates and times have them: `05`. Not for negative ones.
  package static func padded(_ number: Int, to width: Int = 2) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  private static func secondsPerUnit(_ unit: String) -> Double? {
    switch unit {
    case "ms": 0.001
    case "", "s": 1
    case "m", "min": 60
    case "h": 3600
    case "d": 86_400
    default: nil
    }
  }
}

extension Duration {
  /// The span in seconds as people read it: `30 s`, `0.5 s`.
  package var formattedSeconds: String {
    let tenths = Int((inSeconds * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }

  /// The span in seconds as a floating-point number.
  package var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
