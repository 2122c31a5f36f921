import DashboardApp
import UploadCore

/// The test mode's face: JSON lines, and a note of how much memory the server held for each file.
struct HeadlessFace: Face {
  var lines: LineFace
  let peaks: ServerPeaks

  mutating func show(_ snapshot: Snapshot) {
    for upload in snapshot.uploads where upload.direction == .incoming {
      if case .finished(let file) = upload.outcome { peaks[file.path] = upload.peakResidentBytes }
    }
    lines.show(snapshot)
  }
}
