package import UploadCore

/// How far a run of `send` with many files is, at one instant.
package struct TreeProgress: Sendable, Equatable {
  /// Files that need nothing more: sent, skipped or failed.
  package var filesDone: UInt64 = 0
  /// Files of the run; nil where they were not counted.
  package var files: UInt64?
  /// Of the files that are done, those that the server had.
  package var filesSkipped: UInt64 = 0
  /// Bytes of those files, and of the others what was sent.
  package var bytesDone: UInt64 = 0
  package var bytes: UInt64?
  /// Bytes per second.
  package var speed = 0.0
  /// Seconds since the run began.
  package var seconds = 0.0
  /// The files that are being sent, as text that is safe to show.
  package var names: [String] = []

  package init() {}

  /// The share that is done, 0 to 1: of the bytes, or of the files where all are empty. Nil where they were not counted.
  var fraction: Double? {
    guard let files, let bytes else { return nil }
    if bytes > 0 { return min(1, Double(bytesDone) / Double(bytes)) }
    return files > 0 ? min(1, Double(filesDone) / Double(files)) : 1
  }

  /// Seconds until the end at the present rates, the later of that of the bytes and that of the files: small files take their
  /// time by number. Nil at the start, and where they were not counted.
  var eta: Double? {
    guard let files, let bytes, seconds >= 1 else { return nil }
    let byBytes = speed >= 1 ? Double(bytes - min(bytes, bytesDone)) / speed : nil
    let sent = filesDone - min(filesDone, filesSkipped)
    let byFiles = sent > 0 ? Double(files - min(files, filesDone)) * seconds / Double(sent) : nil
    return [byBytes, byFiles].compactMap { $0 }.max()
  }
}

/// Formats the one progress line of a run with many files.
///
/// A pure function of the progress. From left to right: bar, percent, files, rate, time left, the names of files that are
/// being sent. A narrow terminal omits them from the end.
package enum TreeProgressLine {
  private static let barWidth = 20
  private static let gap = "  "

  /// The progress line, safe to show, without a line end.
  /// - Parameters:
  ///   - width: in terminal columns; the text has at most this width, and is empty if `width` is not positive.
  ///   - unicode: whether the terminal can show characters beyond ASCII; without, they become `?`.
  package static func text(_ progress: TreeProgress, width: Int, unicode: Bool) -> String {
    guard width > 0 else { return "" }
    let fields = fields(progress, unicode: unicode)
    var line = TextWidth.truncated(fields[0], to: width, ellipsis: "")
    for field in fields.dropFirst() {
      guard TextWidth.columns(line + gap + field) <= width else { return line }
      line += gap + field
    }
    let room = width - TextWidth.columns(line + gap)
    guard room >= 8, !progress.names.isEmpty else { return line }
    return line + gap + fit(progress.names.joined(separator: ", "), to: room, unicode: unicode)
  }

  /// Why an upload waits for its next attempt, the one that begins first: `"photos/a.jpg": attempt 3 in 12 s: REASON`. Safe to
  /// show, without a line end; nil when none waits.
  /// - Parameters: as in ``text(_:width:unicode:)``.
  package static func retryText(_ uploads: [UploadSnapshot], width: Int, unicode: Bool) -> String? {
    let waiting = uploads.filter { $0.outcome == nil && $0.retryReason != nil }
    guard let next = waiting.min(by: { $0.retryIn ?? 0 < $1.retryIn ?? 0 }), let text = next.retryText else {
      return nil
    }
    return fit("\"\(PlainText.sanitized(next.name))\": \(text)", to: width, unicode: unicode)
  }

  private static func fit(_ text: String, to width: Int, unicode: Bool) -> String {
    let shown = unicode ? text : String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
    return TextWidth.truncated(shown, to: max(0, width), ellipsis: unicode ? "…" : "...")
  }

  /// The fields of which the width hardly changes.
  private static func fields(_ progress: TreeProgress, unicode: Bool) -> [String] {
    let bar =
      progress.fraction.map { ProgressBar.filled($0, width: barWidth, unicode: unicode) }
      ?? ProgressBar.moving(progress.seconds, width: barWidth, unicode: unicode)
    let percent = progress.fraction.map { TextWidth.right("\(Int($0 * 100))%", 4) }
    let done = progress.filesDone.grouped
    let files =
      progress.files.map { TextWidth.right(done, $0.grouped.utf8.count) + " of " + SendTally.count($0, "file") }
      ?? SendTally.count(progress.filesDone, "file")
    let left = progress.eta.map { TimeText.clock($0) + " left" }
    return [bar, percent, files, TextWidth.right(ByteSize.rateText(progress.speed), 12), left].compactMap { $0 }
  }
}
