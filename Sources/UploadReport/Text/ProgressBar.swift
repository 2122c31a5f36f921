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
