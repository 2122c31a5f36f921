import UploadCore
import UploadReport

/// Numbers as text for the dashboard, and the widths of their fields: fixed, so that nothing moves when a number
/// changes.
enum Figures {
  /// Columns of the widest rate as ``ByteSize/rateText(_:)``: `1023.9 MiB/s`.
  static let rateColumns = 12
  /// Columns of the widest ``memory(_:)``: `9999.9 MiB`.
  static let memoryColumns = 10
  /// Columns of the widest ``clock(_:)``: `99:59:59`.
  static let clockColumns = 8
  /// Columns of the widest size as ``ByteSize/text(_:)``: `1023.9 MiB`.
  static let sizeColumns = 10
  /// Columns of the widest ``compact(_:)``: `1023.9M`.
  static let compactColumns = 7

  /// An amount of memory, given in bytes, in MiB with one decimal, rounded: `14.2 MiB`. In KiB the number of an
  /// idle program would change all the time. From 10,000 MiB on as ``ByteSize/text(_:)``.
  static func memory(_ bytes: UInt64) -> String {
    let tenths = UInt64((Double(bytes) * 10 / 1_048_576).rounded())
    return tenths < 100_000 ? "\(tenths / 10).\(tenths % 10) MiB" : ByteSize.text(bytes)
  }

  /// The same for a signed number of bytes; a negative one counts as 0.
  static func memory(_ bytes: Int) -> String { memory(UInt64(max(0, bytes))) }

  /// The same in so many columns: without the end of its unit where all amounts below 1,000 MiB do not fit with it, and
  /// in a larger unit from there on.
  static func memory(_ bytes: Int, columns: Int) -> String {
    let bytes = max(0, bytes)
    guard columns >= 9 else { return String(memory(bytes).filter { $0 != " " }.prefix { $0 != "i" }) }
    return bytes < 1000 << 20 ? memory(bytes) : ByteSize.text(UInt64(bytes))
  }

  /// The same in whole MiB, for the header: `14 MiB`.
  static func wholeMemory(_ bytes: UInt64) -> String { "\(mebibytes(bytes)) MiB" }

  /// Whole MiB in use, of whole MiB: `10 of 256 MiB`. Negative numbers count as 0.
  static func part(_ used: Int, of budget: Int) -> String {
    "\(mebibytes(UInt64(max(0, used)))) of \(wholeMemory(UInt64(max(0, budget))))"
  }

  /// Rounded; in tenths the number of an idle program would change all the time.
  private static func mebibytes(_ bytes: UInt64) -> UInt64 { UInt64((Double(bytes) / 1_048_576).rounded()) }

  /// A size in bytes for narrow columns, in units of 1,024: `512.0M`, `17B`.
  static func compact(_ bytes: UInt64) -> String {
    // `512.0 MiB` without the space and the end of the unit.
    let text = ByteSize.text(bytes).filter { $0 != " " }
    return String(text.prefix { $0 != "i" })
  }

  /// A size in bytes with at most three digits, in units of 1,024: `153 M`, `47 M`, `1.2 G`, `17 B`. At most 5 columns, so
  /// there is no decimal from 10 on.
  static func short(_ bytes: UInt64) -> String {
    let (number, unit) = threeDigits(Double(bytes))
    return "\(number.count > 3 ? String(number.prefix { $0 != "." }) : number) \(unit.prefix(1))"
  }

  /// A rate in bytes per second with at most three digits, in units of 1,024: `131 MiB/s`, `9.6 MiB/s`. Negative and
  /// invalid numbers count as 0.
  static func rate(_ bytesPerSecond: Double) -> String {
    let (number, unit) = threeDigits(bytesPerSecond)
    return "\(number) \(unit)/s"
  }

  /// The label of an axis at a round value: `20 MiB`, `1.5 GiB`, `0`.
  static func axis(_ value: Double) -> String {
    guard value > 0 else { return "0" }
    let (number, unit) = threeDigits(value)
    return "\(number.hasSuffix(".0") ? String(number.dropLast(2)) : number) \(unit)"
  }

  /// A number of bytes in the unit in which it is below 1,000, with one decimal below 100; bytes have none. Negative and
  /// invalid numbers count as 0, larger ones than 10^18 as that.
  private static func threeDigits(_ bytes: Double) -> (number: String, unit: String) {
    var value = bytes > 0 ? min(bytes, 1e18) : 0
    var unit = 0
    // 999.5 would be printed as 1000: the next unit is used before that.
    while value >= (unit == 0 ? 1000 : 999.5), unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    let tenths = Int((value * 10).rounded())
    let isWhole = unit == 0 || tenths >= 1000
    return (isWhole ? "\(unit == 0 ? Int(value) : Int(value.rounded()))" : "\(tenths / 10).\(tenths % 10)", units[unit])
  }

  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

  /// A rate, given in bytes per second, without decimals and spaces: `212MiB/s`. Negative and invalid numbers count as
  /// 0.
  static func shortRate(_ bytesPerSecond: Double) -> String {
    let parts = ByteSize.rateText(bytesPerSecond).split(separator: " ")
    return parts.map { $0.prefix { $0 != "." } }.joined()
  }

  /// A duration, given in seconds, as `1:05` or `2:03:04`; in days from a hundred hours on: `12 d`. Rounded down;
  /// negative numbers and NaN count as 0.
  static func clock(_ seconds: Double) -> String {
    seconds >= 360_000 ? "\(Int(min(seconds, 1e9)) / 86_400) d" : TimeText.clock(seconds)
  }

  /// How long an upload took, given in seconds: `0.1 s`, `41.3 s`; from ten minutes on `12:05`.
  static func duration(_ seconds: Double) -> String {
    seconds >= 600 ? clock(seconds) : DurationText.seconds(seconds)
  }

  /// A fraction (0 to 1) in whole percent: `51 %`. Rounded down, so that only 1 gives `100 %`; larger numbers count as 1,
  /// negative ones and NaN as 0.
  static func percent(_ part: Double) -> String { "\(part > 0 ? Int(min(part, 1) * 100) : 0) %" }

  /// How long an upload has been stalled, given in seconds: `12 s`; from ten minutes on in minutes, `30 min`; from ten
  /// hours on in hours, `11 h`. Rounded down; negative numbers and NaN count as 0.
  static func span(_ seconds: Double) -> String {
    let whole = seconds > 0 ? Int(min(seconds, 1e9)) : 0
    if whole < 600 { return "\(whole) s" }
    return whole < 36_000 ? "\(whole / 60) min" : "\(whole / 3600) h"
  }

  /// How long the program has run: `5 min`, `3:20 h`, from two days on `2 d 1 h`. A clock with seconds would redraw
  /// an idle screen.
  /// - Parameter minutes: 0 or more.
  static func uptime(_ minutes: Int) -> String {
    if minutes < 60 { return "\(minutes) min" }
    let hours = minutes / 60
    return hours < 48 ? "\(hours):\(TimeText.padded(minutes % 60)) h" : "\(hours / 24) d \(hours % 24) h"
  }

  /// `text` with spaces before it, `columns` wide; unchanged when it is wider. For ASCII only.
  static func padded(_ text: String, _ columns: Int) -> String {
    String(repeating: " ", count: max(0, columns - text.utf8.count)) + text
  }

  /// `text` with spaces behind it, `columns` wide; unchanged when it is wider. For ASCII only.
  static func filled(_ text: String, _ columns: Int) -> String {
    text + String(repeating: " ", count: max(0, columns - text.utf8.count))
  }

  /// A number with its noun: `1 file`, `2 files`.
  static func count(_ number: Int, _ one: String, _ several: String) -> String {
    "\(number) \(number == 1 ? one : several)"
  }
}

extension UploadSnapshot {
  /// The state as text: `queued`, `receiving`, `stalled: client 12 s`, `interrupted 2 min`, `interrupted, paused`,
  /// `retry 2/4 in 7 s`, `failed: disk full`; `stored` or `sent` when it is complete.
  var stateText: String {
    switch state {
    case .waiting where isQueued: "queued"
    case .waiting where retryIn != nil: retryText
    case .waiting where retryReason != nil: "waiting to retry"
    case .waiting, .receiving, .sending, .limited, .paused, .finishing, .cancelled: state.rawValue
    case .waitingForMemory: "waiting for memory"
    case .interrupted where isPausedWhileInterrupted: "interrupted, paused"
    case .interrupted: interruptedSeconds.map { "interrupted \(TimeText.rough($0))" } ?? state.rawValue
    case .stalled: "stalled: \(cause?.rawValue ?? "unknown") \(Figures.span(stalledSeconds))"
    case .done: direction == .incoming ? "stored" : "sent"
    case .failed: failure.map { "failed: \($0.code.text)" } ?? "failed"
    }
  }

  /// The number of the next attempt, of how many, and the time until it begins: `retry 2/4 in 7 s`, without a limit on
  /// attempts `retry 2 in 7 s`. In whole seconds, rounded up.
  private var retryText: String {
    let most = maxAttempts.map { "/\($0)" } ?? ""
    return "retry \(attempt)\(most) in \(Int(min(max(0, retryIn ?? 0), 1e9).rounded(.up))) s"
  }

  /// The limit that the user has set: `limit 5 MiB/s`; nil without one.
  var limitText: String? { limit.map(Figures.limit) }

  /// The rate beside the state, in bytes per second: the current one while bytes move, the average of a complete
  /// upload; nil in all other states.
  var shownRate: Double? {
    switch state {
    case .receiving, .sending, .limited: speed
    case .done: averageSpeed
    case .waiting, .waitingForMemory, .stalled, .interrupted, .paused, .finishing, .failed, .cancelled: nil
    }
  }

  /// The bytes to show: of an interrupted upload those that are stored, otherwise those received or sent.
  var shownBytes: UInt64 { state == .interrupted ? stored ?? bytes : bytes }

  /// When an interrupted upload is deleted: `expires 23 h`; nil for all others.
  var expiryText: String? { state == .interrupted ? expiresIn.map { "expires \(TimeText.rough($0))" } : nil }

  /// The time left of a running upload as ``Figures/clock(_:)``, empty when it is unknown; the duration of an ended
  /// one.
  var shownTime: String { outcome == nil ? eta.map(Figures.clock) ?? "" : Figures.clock(seconds) }

  /// The error of a failed upload; nil otherwise.
  var failure: UploadError? { if case .failed(let error) = outcome { error } else { nil } }

  /// The result of a complete upload; nil otherwise.
  var finishedFile: FinishedUpload? { if case .finished(let file) = outcome { file } else { nil } }

  /// The received (or sent) and the stored fraction of the size, each 0 to 1. Both are 1 for a complete upload, and 0
  /// for an empty file before that; both are the stored one for an interrupted upload; nil while the size is unknown.
  var barParts: (received: Double, stored: Double)? {
    if state == .done { return (1, 1) }
    guard let size, let fraction else { return nil }
    guard size > 0 else { return (0, 0) }
    let storedPart = min(1, Double(stored ?? 0) / Double(size))
    return (state == .interrupted ? storedPart : fraction, storedPart)
  }
}

extension UploadRecord {
  /// The state as ``UploadSnapshot/stateText``; of a tree that has lost files, how many.
  var stateText: String {
    guard let tree = tree?.now, now.retryReason == nil else { return now.stateText }
    guard !tree.isStalled || tree.hasEnded, !tree.lossText.isEmpty else { return now.stateText }
    return now.state == .cancelled ? now.stateText : tree.lossText
  }

  /// Whether files of the tree have failed or are missing; false for the row of one upload.
  var hasLosses: Bool {
    guard let tree = tree?.now, now.state != .cancelled else { return false }
    return stateText == tree.lossText
  }

  /// The mode; `tree` for the row of one.
  var modeText: String { tree == nil || now.mode == .multipart ? now.mode.rawValue : "tree" }

  /// The fractions of ``UploadSnapshot/barParts``; those of a tree by its files where the bytes are unknown.
  var barParts: (received: Double, stored: Double)? {
    guard let tree = tree?.now, tree.bytes == nil, now.state != .done else { return now.barParts }
    return tree.fraction.map { ($0, $0) }
  }
}

extension UploadError.Code {
  /// The code as text: `connection refused` for `connectionRefused`.
  var text: String { rawValue.map { $0.isUppercase ? " \($0.lowercased())" : String($0) }.joined() }
}

extension UploadDirection {
  /// An arrow, one column wide: down for incoming, up for outgoing.
  /// - Parameter isUnicode: false for `v` and `^`.
  func arrow(_ isUnicode: Bool) -> String {
    switch self {
    case .incoming: isUnicode ? "↓" : "v"
    case .outgoing: isUnicode ? "↑" : "^"
    }
  }
}
