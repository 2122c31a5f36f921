import UploadCore

/// Numbers as the dashboard shows them: in fields of fixed width, so that nothing moves when they change.
enum Figures {
  /// Columns of the widest ``rate(_:)``: `1023.9 MiB/s`.
  static let rateColumns = 12
  /// Columns of the widest ``memory(_:)``: `9999.9 MiB`.
  static let memoryColumns = 10
  /// Columns of the widest ``clock(_:)``: `99:59:59`.
  static let clockColumns = 8
  /// Columns of the widest size: `1023.9 MiB`.
  static let sizeColumns = 10
  /// Columns of the widest ``compact(_:)``: `1023.9M`.
  static let compactColumns = 7

  /// Memory in tenths of a MiB, so that an idle program's number stands still: `14.2 MiB`.
  static func memory(_ bytes: UInt64) -> String {
    let tenths = mebibyteTenths(bytes)
    return tenths < 100_000 ? "\(tenths / 10).\(tenths % 10) MiB" : ByteSize.text(bytes)
  }

  static func memory(_ bytes: Int) -> String {
    memory(UInt64(max(0, bytes)))
  }

  /// What ``memory(_:)`` can tell apart.
  static func mebibyteTenths(_ bytes: UInt64) -> UInt64 {
    UInt64((Double(bytes) * 10 / 1_048_576).rounded())
  }

  /// A size for narrow columns, in 1,024s: `512.0M`, `17B`.
  static func compact(_ bytes: UInt64) -> String {
    let text = ByteSize.text(bytes)
    guard let space = text.firstIndex(of: " ") else { return text }
    return text[..<space] + String(text[text.index(after: space)])
  }

  /// A rate for a summary of one line: `212MiB/s`.
  static func shortRate(_ bytesPerSecond: Double) -> String {
    let text = ByteSize.rateText(bytesPerSecond)
    guard let point = text.firstIndex(of: "."), let space = text.firstIndex(of: " ") else {
      return text.filter { $0 != " " }
    }
    return text[..<point] + String(text[text.index(after: space)...])
  }

  /// A span of time: `1:05`, `2:03:04`, `12 d` from a hundred hours on.
  static func clock(_ seconds: Double) -> String {
    guard seconds >= 360_000 else { return TimeText.clock(seconds) }
    return "\(Int(min(seconds, 1e9)) / 86_400) d"
  }

  /// Whole percents, rounded down: 100 only when all is there.
  static func percent(_ part: Double) -> String {
    "\(part > 0 ? Int(min(part, 1) * 100) : 0)%"
  }

  /// How long something has stood still, in words: `12 s`, `3 min`, `2 h`.
  static func span(_ seconds: Double) -> String {
    let whole = seconds > 0 ? Int(min(seconds, 1e9)) : 0
    if whole < 600 { return "\(whole) s" }
    return whole < 36_000 ? "\(whole / 60) min" : "\(whole / 3600) h"
  }

  /// How long the program has run, in whole minutes: a clock with seconds would redraw an idle screen.
  static func uptime(_ minutes: Int) -> String {
    if minutes < 60 { return "\(minutes) min" }
    let (hours, rest) = (minutes / 60, minutes % 60)
    return hours < 48 ? "\(hours) h \(rest) min" : "\(hours / 24) d \(hours % 24) h"
  }

  /// `text` at the right of so many columns; unchanged when it is wider. ASCII alone.
  static func padded(_ text: String, _ columns: Int) -> String {
    let missing = columns - text.utf8.count
    return missing > 0 ? String(repeating: " ", count: missing) + text : text
  }

  /// `text` at the left of so many columns; unchanged when it is wider. ASCII alone.
  static func filled(_ text: String, _ columns: Int) -> String {
    text + String(repeating: " ", count: max(0, columns - text.utf8.count))
  }
}
