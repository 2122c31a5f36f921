/// Reads and prints sizes in bytes, and rates in bytes per second, as people write them.
package enum ByteSize {
  /// Reads a size in bytes: digits, perhaps with a fraction, then perhaps a unit. `64KiB`, `1.9GB`, `512`, `10M`.
  ///
  /// `kB MB GB TB` count in thousands; `KiB MiB GiB TiB`, and `K M G T` alone, in 1,024s; without a unit or with `B`,
  /// in bytes. Upper and lower case are the same. A fraction that leaves part of a byte is rounded down.
  /// - Throws: ``UploadError`` with code `badValue` and examples of sizes, also for a size of 2^64 or more.
  package static func parse(_ text: String) throws(UploadError) -> UInt64 {
    let (number, unit) = Quantity.split(text)
    guard let factor = factor(of: unit), let value = scaled(number, by: factor) else {
      throw Quantity.invalid(text, "is not a size. Write for example 512, 64KiB, 256MiB or 1.9GB.")
    }
    return value
  }

  /// Reads a rate in bytes per second: a size as ``parse(_:)`` reads it, perhaps with `/s` behind it. `10MB/s`,
  /// `512KiB`.
  ///
  /// The unit is required: `10` is hardly meant as 10 bytes per second.
  /// - Throws: ``UploadError`` with code `badValue` and examples of rates; also for a rate of 0.
  package static func parseRate(_ text: String) throws(UploadError) -> UInt64 {
    let size = String(withoutPerSecond(text))
    let rate = try? parse(size)
    guard let rate, rate > 0, !Quantity.split(size).unit.isEmpty else {
      let problem = rate.map { $0 > 0 ? "has no unit" : "is not above 0" } ?? "is not a rate"
      throw Quantity.invalid(text, "\(problem). Write for example 512KiB/s, 10MB/s or 1.5GB/s.")
    }
    return rate
  }

  /// `text` without `/s` at its end, in either case; all of it where there is none.
  static func withoutPerSecond(_ text: String) -> Substring {
    text.lowercased().hasSuffix("/s") ? text.dropLast(2) : text[...]
  }

  /// `bytes` as people read it: in 1,024s, rounded to one decimal, below 1,024 exact. `0 B`, `512 B`, `3.0 MiB`,
  /// `1.9 GiB`.
  package static func text(_ bytes: UInt64) -> String {
    guard bytes >= 1024 else { return "\(bytes) B" }
    var value = Double(bytes)
    var unit = 0
    // 1023.95 would be printed as 1024.0: the next unit is used before that.
    while value >= 1023.95, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    let tenths = UInt64((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  /// A rate in whole bytes per second, rounded down, as ``text(_:)`` writes it and with `/s`: `96.2 MiB/s`. Negative,
  /// infinite and invalid numbers count as 0, larger ones than 10^18 as 10^18.
  package static func rateText(_ bytesPerSecond: Double) -> String {
    let whole = bytesPerSecond.isFinite ? min(max(0, bytesPerSecond), 1e18) : 0
    return text(UInt64(whole)) + "/s"
  }

  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

  /// The units of sizes, smallest first, each with its bytes; upper and lower case are the same when a size is read.
  static let unitNames: [(name: String, factor: UInt64)] = [
    ("B", 1), ("kB", 1_000), ("KiB", 1 << 10), ("MB", 1_000_000), ("MiB", 1 << 20),
    ("GB", 1_000_000_000), ("GiB", 1 << 30), ("TB", 1_000_000_000_000), ("TiB", 1 << 40),
  ]

  /// How many bytes a unit is. 1 for no unit; `k` is short for `kib` and so on.
  /// - Parameter unit: in lower case.
  /// - Returns: nil when there is no unit of that name.
  static func factor(of unit: String) -> UInt64? {
    switch unit {
    case "": 1
    case "k", "m", "g", "t": factor(of: unit + "ib")
    default: unitNames.first { $0.name.lowercased() == unit }?.factor
    }
  }

  /// `number` times `factor` in whole bytes, in integers so that `1.9GB` is exact; nil when it is no number or too
  /// large.
  private static func scaled(_ number: String, by factor: UInt64) -> UInt64? {
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = UInt64(parts[0]) else { return nil }
    let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    guard parts.count == 2 else { return product }
    guard let fraction = UInt64(parts[1]), parts[1].count <= 18 else { return nil }
    let power = repeatElement(10 as UInt64, count: parts[1].count).reduce(1, *)
    let (high, low) = fraction.multipliedFullWidth(by: factor)
    let (sum, carried) = product.addingReportingOverflow(power.dividingFullWidth((high, low)).quotient)
    return carried ? nil : sum
  }
}

/// A size or rate that a user set, with the unit it was written in, so that messages repeat it that way:
/// `--max-size 1MB` is reported as `1 MB`, not as `976.6 KiB`.
package struct SizeSetting: Sendable, Equatable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// In bytes; of a rate in bytes per second.
  package let bytes: UInt64
  /// The number as it was written and its unit in full: `1 MB`, `1.9 GB`, `10 MiB` for `10M`; of a rate without `/s`.
  package let description: String

  /// Reads a size as ``ByteSize/parse(_:)`` does.
  /// - Throws: ``UploadError`` with code `badValue`.
  package init(parsing text: String) throws(UploadError) {
    bytes = try ByteSize.parse(text)
    description = Self.spelled(text)
  }

  /// Reads a rate as ``ByteSize/parseRate(_:)`` does; the description has no `/s`.
  /// - Throws: ``UploadError`` with code `badValue`.
  package init(parsingRate text: String) throws(UploadError) {
    bytes = try ByteSize.parseRate(text)
    description = Self.spelled(ByteSize.withoutPerSecond(text))
  }

  /// A size that no user wrote: its description has the largest unit of which it is a whole multiple.
  package init(_ bytes: UInt64) {
    self.bytes = bytes
    let exact = ByteSize.unitNames.last { bytes > 0 && bytes.isMultiple(of: $0.factor) }
    description = exact.map { "\(bytes / $0.factor) \($0.name)" } ?? "\(bytes) B"
  }

  package init(integerLiteral bytes: UInt64) { self.init(bytes) }

  /// Compares the bytes; the units they were written in make no difference.
  package static func == (left: SizeSetting, right: SizeSetting) -> Bool { left.bytes == right.bytes }

  private static func spelled(_ text: some StringProtocol) -> String {
    let (number, unit) = Quantity.split(text)
    let factor = ByteSize.factor(of: unit)
    return "\(number) \(ByteSize.unitNames.last { $0.factor == factor }?.name ?? unit)"
  }
}

/// Splits texts into a number and its unit, as people write them: `1.9 GB`, `30s`.
enum Quantity {
  /// Splits a quantity; neither part is checked.
  /// - Returns: the ASCII digits and points that `text` begins with, perhaps none, and all text behind them in lower
  ///   case; both without whitespace around them.
  static func split(_ text: some StringProtocol) -> (number: String, unit: String) {
    let start = text.drop(while: \.isWhitespace)
    let number = start.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    return (String(number), start[number.endIndex...].trimmingWhitespace.lowercased())
  }

  /// An error with code `badValue` about a text that cannot be read.
  /// - Parameter problem: the rest of the message after the quoted text, which is made safe to show.
  static func invalid(_ text: String, _ problem: String) -> UploadError {
    UploadError(.badValue, "\"\(PlainText.sanitized(text))\" \(problem)")
  }
}

/// Reads and prints spans of time as people write them.
package enum TimeText {
  /// Reads a span: `30s`, `500ms`, `2m`, `1.5h`, `7d`; a number without a unit is seconds. Rounded to nanoseconds.
  /// - Throws: ``UploadError`` with code `badValue` and examples of times, also for a span of more than 365 days.
  package static func parse(_ text: String) throws(UploadError) -> Duration {
    let (number, unit) = Quantity.split(text)
    guard let value = Double(number), let factor = secondsPerUnit[unit], value * factor <= longest else {
      throw Quantity.invalid(text, "is not a time. Write for example 500ms, 30s, 5m or 2h, at most 365d.")
    }
    // To the nanosecond: as a binary fraction of a second 30 ms would be a little off.
    return .nanoseconds((value * factor * 1e9).rounded())
  }

  /// Seconds as a clock shows them: `1:05`, `2:03:04`. Whole seconds, rounded down; hours only where there are any.
  /// Negative, infinite and invalid numbers count as 0, more than a year as a year.
  package static func clock(_ seconds: Double) -> String {
    let whole = seconds.isFinite ? Int(min(max(0, seconds), longest)) : 0
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0 ? "\(hours):\(padded(minutes)):\(padded(rest))" : "\(minutes):\(padded(rest))"
  }

  /// Seconds in one rounded unit, for times that need not be exact: `45 s`, `12 min`, from two hours on `23 h`, from
  /// two days on `5 d`. Rounded down. Negative, infinite and invalid numbers count as 0, more than a year as a year.
  package static func rough(_ seconds: Double) -> String {
    let whole = seconds.isFinite ? Int(min(max(0, seconds), longest)) : 0
    if whole < 60 { return "\(whole) s" }
    if whole < 7200 { return "\(whole / 60) min" }
    return whole < 172_800 ? "\(whole / 3600) h" : "\(whole / 86_400) d"
  }

  /// The longest accepted span: a year, in seconds.
  private static let longest: Double = 365 * 86_400

  /// A number in at least `width` digits, with leading zeros, as in dates and times: `05`. Not for negative numbers.
  package static func padded(_ number: Int, to width: Int = 2) -> String {
    let digits = "\(number)"
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// The units of times, in lower case; the empty one is seconds.
  private static let secondsPerUnit: [String: Double] = [
    "ms": 0.001, "": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400,
  ]
}

extension Duration {
  /// The span in seconds, rounded to tenths, as people read it: `30 s`, `0.5 s`. Not for negative spans.
  package var formattedSeconds: String {
    let tenths = Int((inSeconds * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }

  /// The span in seconds as a floating-point number.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// Numbers of files as text.
package enum CountText {
  /// The same with its noun: `1 file`, `1,204 files`.
  package static func files(_ number: UInt64) -> String { "\(number.grouped) \(number == 1 ? "file" : "files")" }

  /// How many of how many files: `1,204 of 10,000 files`; where the whole number is unknown, `1,204 files`.
  package static func files(_ number: UInt64, of total: UInt64?) -> String {
    total.map { "\(number.grouped) of \(files($0))" } ?? files(number)
  }
}

extension UInt64 {
  /// The number in groups of three digits: `10,000`.
  package var grouped: String {
    let digits = Array(String(self))
    return digits.indices.reduce(into: "") { text, index in
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digits[index])
    }
  }
}
