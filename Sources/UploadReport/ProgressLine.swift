package import UploadCore

/// The progress line of an upload on a terminal that has no dashboard (`sluice send`).
///
/// A pure function of the snapshot. From left to right: name, bar, percent (bytes where the size is unknown), rate, time
/// left, memory. Where it gets narrow they go in the order memory, time, rate, bar; columns are of fixed width, so that
/// nothing jumps from one line to the next. An upload that waits for its next attempt shows when and why behind its
/// name.
package enum ProgressLine {
  private static let shortestName = 8
  private static let longestName = 32
  private static let shortestBar = 6
  private static let gap = 2

  /// The progress line, exactly `width` columns wide; empty when `width` is not positive.
  /// - Parameter unicode: whether the terminal shows more than ASCII.
  package static func text(_ upload: UploadSnapshot, width: Int, unicode: Bool) -> String {
    guard width > 0 else { return "" }
    let name = shown(upload.name, unicode: unicode)
    let ellipsis = unicode ? "…" : "..."
    if let reason = upload.retryReason {
      let nameRoom = min(TextWidth.columns(name), longestName, max(shortestName, width / 3))
      let shortName = TextWidth.left(name, nameRoom, ellipsis: ellipsis)
      let why = "\(upload.retryCountdown): " + shown(reason, unicode: unicode)
      return TextWidth.left(shortName + TextWidth.spaces(gap) + why, width, ellipsis: ellipsis)
    }
    var fields = fields(upload)
    var taken = columns(of: fields)
    while fields.count > 1, width - taken < shortestName + gap + shortestBar {
      fields.removeLast()
      taken = columns(of: fields)
    }
    let room = width - taken
    let right = fields.map { TextWidth.spaces(gap) + $0 }.joined()
    guard room >= shortestName + gap + shortestBar else {
      return narrow(name, figure: fields.first ?? "", width: width, ellipsis: ellipsis)
    }
    let nameRoom = min(TextWidth.columns(name), longestName, max(shortestName, room / 2 - gap))
    let bar = bar(upload, width: room - gap - nameRoom, unicode: unicode)
    let line = TextWidth.left(name, nameRoom, ellipsis: ellipsis) + TextWidth.spaces(gap) + bar + right
    return TextWidth.left(line, width, ellipsis: "")
  }

  /// Too narrow for a bar: as much of the name as leaves room for the figure.
  private static func narrow(_ name: String, figure: String, width: Int, ellipsis: String) -> String {
    let figure = TextWidth.cut(figure, to: width, ellipsis: "")
    let room = width - TextWidth.columns(figure) - 1
    guard room > 0 else { return TextWidth.right(figure, width) }
    return TextWidth.left(name, room, ellipsis: ellipsis) + " " + figure
  }

  private static func columns(of fields: [String]) -> Int {
    fields.reduce(0) { $0 + gap + TextWidth.columns($1) }
  }

  private static func shown(_ name: String, unicode: Bool) -> String {
    let safe = PlainText.sanitized(name)
    guard !unicode else { return safe }
    return String(String.UnicodeScalarView(safe.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
  }

  private static func bar(_ upload: UploadSnapshot, width: Int, unicode: Bool) -> String {
    if upload.state == .done { return ProgressBar.filled(1, width: width, unicode: unicode) }
    guard let fraction = upload.fraction else {
      return ProgressBar.moving(upload.seconds, width: width, unicode: unicode)
    }
    return ProgressBar.filled(fraction, width: width, unicode: unicode)
  }

  /// The fields to the right of the bar, the most important first.
  private static func fields(_ upload: UploadSnapshot) -> [String] {
    [
      TextWidth.right(figure(upload), upload.size == nil ? 10 : 4),
      TextWidth.right(pace(upload), 12),
      TextWidth.right(time(upload), 8),
      TextWidth.right("mem " + ByteSize.text(UInt64(max(0, upload.residentBytes))), 14),
    ]
  }

  private static func figure(_ upload: UploadSnapshot) -> String {
    guard let fraction = upload.fraction else { return ByteSize.text(upload.bytes) }
    return "\(Int(min(max(0, fraction), 1) * 100))%"
  }

  /// The rate, or the name of a state in which there is none.
  private static func pace(_ upload: UploadSnapshot) -> String {
    switch upload.state {
    case .receiving, .sending, .limited: ByteSize.rateText(upload.speed)
    case .waitingForMemory: "needs memory"
    case .waiting, .stalled, .finishing, .failed, .cancelled: upload.state.rawValue
    case .done: ByteSize.rateText(upload.averageSpeed)
    }
  }

  /// Time left while it moves, the cause while it is stalled, time taken once it is over.
  private static func time(_ upload: UploadSnapshot) -> String {
    switch upload.state {
    case .done, .failed, .cancelled: TimeText.clock(upload.seconds)
    case .stalled: upload.cause?.rawValue ?? ""
    case .waiting, .receiving, .sending, .waitingForMemory, .limited, .finishing: upload.eta.map(TimeText.clock) ?? ""
    }
  }
}

/// A bar of a fixed number of columns.
enum ProgressBar {
  /// Seven of eight parts of a block, the narrowest first (U+258F to U+2589).
  private static let eighths = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]

  /// A bar that is full to `fraction` (0 to 1), to an eighth of a column where blocks can be shown.
  static func filled(_ fraction: Double, width: Int, unicode: Bool) -> String {
    guard width > 0 else { return "" }
    let share = fraction.isFinite ? min(max(0, fraction), 1) : 0
    guard unicode else {
      let full = min(Int(Double(width) * share), width)
      return String(repeating: "#", count: full) + String(repeating: "-", count: width - full)
    }
    let parts = min(Int(Double(width) * 8 * share), width * 8)
    let (full, rest) = (parts / 8, parts % 8)
    let part = rest > 0 ? eighths[rest - 1] : ""
    return String(repeating: "█", count: full) + part
      + String(repeating: "─", count: width - full - (rest > 0 ? 1 : 0))
  }

  /// A segment that wanders to and fro, for what has no known end: where it is depends on `seconds` alone.
  static func moving(_ seconds: Double, width: Int, unicode: Bool) -> String {
    guard width > 0 else { return "" }
    let segment = max(1, width / 5)
    let way = width - segment
    let columnsPerSecond = 8.0
    let round = Double(max(1, 2 * way))
    let place = seconds.isFinite ? (max(0, seconds) * columnsPerSecond).truncatingRemainder(dividingBy: round) : 0
    let step = place.isFinite ? Int(place) : 0
    let before = min(step <= way ? step : 2 * way - step, way)
    let (block, line) = unicode ? ("█", "─") : ("#", "-")
    return String(repeating: line, count: before) + String(repeating: block, count: segment)
      + String(repeating: line, count: way - before)
  }
}
