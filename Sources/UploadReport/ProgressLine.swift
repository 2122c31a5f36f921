package import UploadCore

/// Formats the progress line of an upload on a terminal without the dashboard (`sluice send`).
///
/// A pure function of the snapshot. From left to right: name, bar, percent (bytes where the size is unknown), rate,
/// time left, memory. A narrow terminal omits, in this order, memory, time, rate and bar. Columns have fixed widths, so
/// that nothing moves from one progress line to the next. An upload that waits for its next attempt shows only when and
/// why after its name.
package enum ProgressLine {
  private static let shortestName = 8
  private static let longestName = 32
  private static let shortestBar = 6
  private static let gap = 2
  /// The columns of the shortest name and the shortest bar with the gap between them.
  private static let shortestRoom = shortestName + gap + shortestBar

  /// The progress line of `upload`, safe to show, without a line end.
  /// - Parameters:
  ///   - width: in terminal columns; the text has exactly this width, and is empty if `width` is not positive.
  ///   - unicode: whether the terminal can show characters beyond ASCII; without, they become `?`.
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
    while fields.count > 1, width - columns(of: fields) < shortestRoom { fields.removeLast() }
    let room = width - columns(of: fields)
    let right = fields.map { TextWidth.spaces(gap) + $0 }.joined()
    guard room >= shortestRoom else {
      return narrow(name, figure: fields.first ?? "", width: width, ellipsis: ellipsis)
    }
    let nameRoom = min(TextWidth.columns(name), longestName, max(shortestName, room / 2 - gap))
    let bar = bar(upload, width: room - gap - nameRoom, unicode: unicode)
    let line = TextWidth.left(name, nameRoom, ellipsis: ellipsis) + TextWidth.spaces(gap) + bar + right
    return TextWidth.left(line, width, ellipsis: "")
  }

  /// The text for a width without a bar: the name, truncated to leave room for the figure.
  private static func narrow(_ name: String, figure: String, width: Int, ellipsis: String) -> String {
    let figure = TextWidth.truncated(figure, to: width, ellipsis: "")
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
    let fraction: Double? = upload.state == .done ? 1 : upload.fraction
    return fraction.map { ProgressBar.filled($0, width: width, unicode: unicode) }
      ?? ProgressBar.moving(upload.seconds, width: width, unicode: unicode)
  }

  /// The fields to the right of the bar, the most important first.
  private static func fields(_ upload: UploadSnapshot) -> [String] {
    [
      TextWidth.right(upload.percentText ?? ByteSize.text(upload.bytes), upload.size == nil ? 10 : 4),
      TextWidth.right(pace(upload), 12),
      TextWidth.right(time(upload), 8),
      TextWidth.right("mem " + ByteSize.text(UInt64(max(0, upload.residentBytes))), 14),
    ]
  }

  /// The rate, or the name of a state without a rate.
  private static func pace(_ upload: UploadSnapshot) -> String {
    switch upload.state {
    case .receiving, .sending, .limited: ByteSize.rateText(upload.speed)
    case .waitingForMemory: "needs memory"
    case .waiting, .stalled, .interrupted, .paused, .finishing, .failed, .cancelled: upload.state.rawValue
    case .done: ByteSize.rateText(upload.averageSpeed)
    }
  }

  /// The time left of a running upload, the cause of a stall, the duration of an ended upload.
  private static func time(_ upload: UploadSnapshot) -> String {
    switch upload.state {
    case .done, .failed, .cancelled: TimeText.clock(upload.seconds)
    case .stalled: upload.cause?.rawValue ?? ""
    case .waiting, .receiving, .sending, .waitingForMemory, .limited, .interrupted, .paused, .finishing:
      upload.eta.map(TimeText.clock) ?? ""
    }
  }
}

/// Draws progress bars with a fixed number of terminal columns.
enum ProgressBar {
  /// One to seven eighths of a block (U+258F to U+2589).
  private static let eighths = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]

  /// A bar of `width` columns that is filled from the left to `fraction`, 0 to 1; other numbers become the nearest of
  /// these, and invalid and infinite ones 0. Exact to an eighth of a column with `unicode`, to a whole column in ASCII;
  /// rounded down.
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

  /// A bar of `width` columns with a segment that moves to and fro at eight columns per second, for an upload of
  /// unknown size.
  /// - Parameters:
  ///   - seconds: since the upload began; they determine the segment's position.
  ///   - unicode: whether to draw with block characters instead of ASCII.
  static func moving(_ seconds: Double, width: Int, unicode: Bool) -> String {
    guard width > 0 else { return "" }
    let segment = max(1, width / 5)
    let way = width - segment
    let round = Double(max(1, 2 * way))
    let position = (max(0, seconds) * 8).truncatingRemainder(dividingBy: round)
    let step = position.isFinite ? Int(position) : 0
    let before = min(step <= way ? step : 2 * way - step, way)
    let (block, line) = unicode ? ("█", "─") : ("#", "-")
    return String(repeating: line, count: before) + String(repeating: block, count: segment)
      + String(repeating: line, count: way - before)
  }
}
