package import UploadCore
import UploadReport

/// For `serve` on a terminal: the progress lines of ``ServeBlock`` at the bottom, redrawn in place five times a second,
/// and above them, after the time of day, one line for each upload that finishes, fails, is cancelled, stalls, is
/// interrupted or resumes, and for each rejected request, download and tree. The start of an upload is quiet.
package struct ServeRenderer: ProgressRenderer {
  /// The files of a tree with more than these are not listed one by one.
  private static let listedFiles: UInt64 = 20
  /// The least time between two drawings of the progress lines while nothing has happened.
  private static let period = Duration.milliseconds(190)

  private let output: LiveOutput
  private let unicode: Bool
  /// Logs what ends; prints nothing.
  private let log: LineRenderer
  private var deriver = EventDeriver(interval: nil, trees: .together(above: listedFiles))
  private var drawnAt: ContinuousClock.Instant?
  private var drawnCount = 0

  /// - Parameters:
  ///   - output: the terminal.
  ///   - unicode: whether it can show characters beyond ASCII.
  ///   - log: whose logger has the log lines.
  package init(_ output: LiveOutput, unicode: Bool, log: LineRenderer) {
    (self.output, self.unicode, self.log) = (output, unicode, log)
  }

  package mutating func show(_ snapshot: Snapshot) {
    let lines = lines(for: snapshot, at: Output.timeOfDay)
    let isDue = isDue(snapshot, hasLines: !lines.isEmpty)
    let block = isDue ? block(snapshot, columns: Output.columns ?? 80, rows: Output.rows ?? 24) : nil
    if isDue || !lines.isEmpty { output.show(lines, block) }
    log.log(snapshot)
  }

  package mutating func end() { output.show("", []) }

  /// What has happened since the previous snapshot: complete output lines.
  /// - Parameter time: the time of day.
  mutating func lines(for snapshot: Snapshot, at time: String) -> String {
    var text = ""
    for event in deriver.events(for: snapshot) {
      switch event {
      case .finished, .failed, .cancelled, .stalled, .interrupted, .resumed, .noticed, .retrying, .rejected, .download,
        .tree(_, .stalled), .tree(_, .resumed), .tree(_, .ended):
        if let line = event.plainLine() { text += "\(time) \(line)\n" }
      // Visible in the progress lines.
      case .listening, .started, .progress, .tree(_, .started), .tree(_, .progress), .process, .summary: break
      }
    }
    return text
  }

  func block(_ snapshot: Snapshot, columns: Int, rows: Int) -> [String] {
    ServeBlock.lines(snapshot, columns: columns, rows: rows, unicode: unicode, files: Self.listedFiles)
  }

  /// Whether the progress lines are to be drawn: at once when something happened or the number of uploads has changed.
  mutating func isDue(_ snapshot: Snapshot, hasLines: Bool) -> Bool {
    let count = snapshot.uploads.count { $0.outcome == nil }
    if let drawnAt, !hasLines, count == drawnCount, snapshot.at - drawnAt < Self.period { return false }
    (drawnAt, drawnCount) = (snapshot.at, count)
    return true
  }
}
