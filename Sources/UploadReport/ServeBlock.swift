package import UploadCore

/// The progress lines of a server on a terminal (`sluice serve`): one for each active upload or large tree, and below
/// them a summary.
///
/// A pure function of the snapshot. Interrupted uploads are not active: they have no connection.
package enum ServeBlock {
  /// The fewest rows of the terminal that are left to what has happened, where it is tall enough.
  private static let mostOtherRows = 4

  /// The progress lines, safe to show, without line ends; none without an active upload.
  /// - Parameters:
  ///   - columns: of the terminal; progress lines are shorter by one, so that none of them wraps.
  ///   - rows: of the terminal. Where not all progress lines fit, the last one says how many are left out.
  ///   - unicode: whether the terminal can show characters beyond ASCII.
  ///   - files: trees with more files than this have one line.
  package static func lines(
    _ snapshot: Snapshot,
    columns: Int,
    rows: Int,
    unicode: Bool,
    files: UInt64
  ) -> [String] {
    let (trees, rest) = snapshot.separatingTrees(above: files)
    let wholes = trees.map { $0.upload(name: "\($0.title): \($0.filesText)") }
    let active = (wholes + rest.filter { $0.outcome == nil && !$0.isQueued }).filter { $0.state != .interrupted }
    let width = max(1, columns - 1)
    let room = max(1, rows - max(1, min(mostOtherRows, rows / 4)))
    guard active.count > 1 else {
      return active.map { ProgressLine.text($0, width: width, unicode: unicode) }
    }
    let shown = active.count < room ? active.count : room - 1
    let lines = active.prefix(shown).map { ProgressLine.text($0, width: width, unicode: unicode) }
    let summary = summary(active, hidden: active.count - shown, unicode: unicode)
    return lines + [TextWidth.left(summary, width, ellipsis: unicode ? "…" : "...")]
  }

  /// `… and 12 more: 15 active, 131.2 MiB/s, 1 stalled, 18.4 GiB left, 2:24`; without those left out, from `15 active` on.
  private static func summary(_ active: [UploadSnapshot], hidden: Int, unicode: Bool) -> String {
    let speed = active.reduce(0) { $0 + max(0, $1.speed) }
    let stalled = active.count { $0.state == .stalled }
    var parts = ["\(UInt64(active.count).grouped) active", ByteSize.rateText(speed)]
    if stalled > 0 { parts.append("\(UInt64(stalled).grouped) stalled") }
    if let left = left(active) {
      parts.append("\(ByteSize.text(left)) left")
      if speed >= 1 { parts.append(TimeText.clock(Double(left) / speed)) }
    }
    let more = hidden > 0 ? "\(unicode ? "…" : "...") and \(UInt64(hidden).grouped) more: " : ""
    return more + parts.joined(separator: ", ")
  }

  /// The bytes that have not arrived yet; nil when the size of an upload is unknown.
  private static func left(_ active: [UploadSnapshot]) -> UInt64? {
    var left: UInt64 = 0
    for upload in active {
      guard let size = upload.size else { return nil }
      let (sum, overflow) = left.addingReportingOverflow(size > upload.bytes ? size - upload.bytes : 0)
      left = overflow ? .max : sum
    }
    return left
  }
}
