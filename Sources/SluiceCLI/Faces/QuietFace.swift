import UploadCore
import UploadReport

/// Says nothing but what went wrong, on standard error.
struct QuietFace: Face {
  private var deriver = EventDeriver()

  mutating func show(_ snapshot: Snapshot) {
    for event in deriver.events(for: snapshot) {
      if case .failed = event, let line = event.plainLine() { Output.errorLine(line) }
    }
  }
}
