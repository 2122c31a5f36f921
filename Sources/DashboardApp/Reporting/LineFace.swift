package import UploadCore
import UploadReport

/// One line an event: JSON for programs, or sentences for people.
package struct LineFace: Face {
  /// What a line looks like.
  package enum Style: Sendable {
    case json
    /// Sentences about uploads of others, with the time of day. That one has failed is news like any other.
    case plain
    /// Sentences for whoever sends, with progress, and failures on standard error.
    case sending
  }

  private let style: Style
  private var deriver: EventDeriver

  /// - Parameter interval: the shortest time between two progress lines of an upload.
  package init(_ style: Style, interval: Duration) {
    self.style = style
    deriver = EventDeriver(interval: interval)
  }

  package mutating func show(_ snapshot: Snapshot) {
    for event in deriver.events(for: snapshot) { write(event) }
  }

  private func write(_ event: UploadEvent) {
    switch (style, event) {
    case (.json, _): Output.line(event.json.serialized)
    case (.plain, .progress): break
    case (.sending, .failed): if let line = event.plainLine() { Output.errorLine(line) }
    case (.plain, _): if let line = event.plainLine() { Output.timedLine(line) }
    case (.sending, _): if let line = event.plainLine() { Output.line(line) }
    }
  }
}
