import UploadCore
import UploadReport

/// One line an event: JSON for programs, or sentences for people.
struct LineFace: Face {
  /// What a line looks like.
  enum Style: Sendable {
    case json
    /// Sentences; `progress` also while an upload runs, not just when something happens to it.
    case plain(progress: Bool)
  }

  private let style: Style
  private var deriver: EventDeriver

  /// - Parameter interval: the shortest time between two progress lines of an upload.
  init(_ style: Style, interval: Duration) {
    self.style = style
    deriver = EventDeriver(interval: interval)
  }

  mutating func show(_ snapshot: Snapshot) {
    for event in deriver.events(for: snapshot) { write(event) }
  }

  private func write(_ event: UploadEvent) {
    switch (style, event) {
    case (.json, _): Output.line(event.json.serialized)
    case (.plain(progress: false), .progress), (.plain, .process): break
    case (.plain, _): if let line = event.plainLine() { Output.line(line) }
    }
  }
}
