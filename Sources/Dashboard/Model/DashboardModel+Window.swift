package import TerminalUI
import UploadCore

extension DashboardModel {
  /// For the window's title: what runs and how far it is, or where to upload to. Harmless to a terminal.
  package var title: String {
    guard hasRunningUploads else { return "sluice \(facts.url)".printable }
    let counts = UploadDirection.allCases.map { "\($0.arrow(capabilities.isUnicode))\(live[$0].activeCount)" }
    let part = part.map { " \(Figures.percent($0))" } ?? ""
    return "sluice \(counts.joined(separator: " "))\(part)".printable
  }

  /// For the window's entry in the taskbar: how far all running uploads are together, an error while none of them moves.
  package var progress: TaskbarProgress {
    guard hasRunningUploads else { return .none }
    let active = live.incoming.activeCount + live.outgoing.activeCount
    if active > 0, live.incoming.stalledCount + live.outgoing.stalledCount == active { return .error }
    return part.map(TaskbarProgress.part) ?? .busy
  }

  /// The part of all bytes that have moved; nil when an upload has no length, or there are some that are not listed.
  private var part: Double? {
    guard live.outgoing.unlisted == 0 else { return nil }
    var (bytes, size) = (0.0, 0.0)
    for record in live.incoming.runningRecords + live.outgoing.runningRecords {
      guard let whole = record.now.size else { return nil }
      bytes += Double(min(record.now.bytes, whole))
      size += Double(whole)
    }
    return size > 0 ? bytes / size : nil
  }
}
