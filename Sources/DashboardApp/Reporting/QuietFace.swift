package import UploadCore
import UploadReport

/// Says nothing but what went wrong, on standard error.
package struct QuietFace: Face {
  private var deriver = EventDeriver()

  package init() {}

  package mutating func show(_ snapshot: Snapshot) {
    for event in deriver.events(for: snapshot) {
      if case .failed = event, let line = event.plainLine() { Output.errorLine(line) }
    }
  }
}
