package import UploadCore
import UploadReport

/// For `send` on a terminal: one live line a file at the foot, and above them what has happened; failures go to standard
/// error.
package struct LiveFace: Face {
  /// Live lines at most, and fewer where the terminal is lower: what scrolls out of it could not be redrawn.
  private static let most = 16

  private let unicode: Bool
  private var deriver = EventDeriver()
  private var drawn = 0

  package init(unicode: Bool) {
    self.unicode = unicode
  }

  package mutating func show(_ snapshot: Snapshot) {
    var text = erasure
    for event in deriver.events(for: snapshot) {
      switch event {
      case .finished, .cancelled, .stalled, .resumed: text += (event.plainLine() ?? "") + "\n"
      case .failed:
        // Where both are the same terminal, what was drawn has to be gone first.
        Output.raw(text)
        text = ""
        Output.errorLine(event.plainLine() ?? "")
      default: break
      }
    }
    let width = max(1, (Output.columns ?? 80) - 1)
    let room = max(1, min(Self.most, (Output.rows ?? 24) - 1))
    let lines = snapshot.uploads.filter { $0.outcome == nil }.prefix(room)
    for upload in lines { text += ProgressLine.text(upload, width: width, unicode: unicode) + "\n" }
    drawn = lines.count
    Output.raw(text)
  }

  package mutating func end() {
    Output.raw(erasure)
    drawn = 0
  }

  /// Goes back to the first live line and clears from there.
  private var erasure: String {
    drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : ""
  }
}
