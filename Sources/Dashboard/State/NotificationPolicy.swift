import TerminalUI
import UploadCore
import UploadReport

/// Decides when to tell the user that all uploads are done, or that one has failed: at most once in five seconds. What
/// happens meanwhile is told together after that.
struct NotificationPolicy: Sendable {
  /// The least time between two notifications.
  static let interval = Duration.seconds(5)

  private var last: ContinuousClock.Instant?
  /// Uploads that have ended since the last notification.
  private var stored = 0
  private var sent = 0
  private var failed = 0
  private var cancelled = 0
  /// Name and reason of the first failure among them.
  private var failure: (name: String, reason: String)?
  /// Whether some have ended, and no other is left.
  private var isDone = false

  /// Whether something is to be told as soon as ``interval`` is over.
  var isPending: Bool { isDone || failed > 0 }

  /// What to tell, if anything; without control characters.
  /// - Parameter isDone: whether no upload is active or queued after this snapshot, and none is expected to continue.
  mutating func text(for snapshot: Snapshot, isDone: Bool) -> String? {
    for upload in snapshot.uploads { note(upload) }
    self.isDone = isDone && stored + sent + failed + cancelled > 0
    guard isPending, last.map({ snapshot.at - $0 >= Self.interval }) ?? true else { return nil }
    let text = text
    self = NotificationPolicy()
    last = snapshot.at
    return text
  }

  private mutating func note(_ upload: UploadSnapshot) {
    switch upload.outcome {
    case .finished: if upload.direction == .incoming { stored += 1 } else { sent += 1 }
    case .failed(let error):
      failed += 1
      if failure == nil { failure = (UploadRecord.bounded(upload.name), error.message) }
    case .cancelled: cancelled += 1
    case nil: break
    }
  }

  private var text: String {
    let counts = [(stored, "stored"), (sent, "sent"), (failed, "failed")].filter { $0.0 > 0 }
    let totals = counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    guard let failure else { return isDone ? "All uploads are done\(totals.isEmpty ? "" : ": \(totals)")." : "" }
    let others = failed > 1 ? " and \(failed - 1) more" : ""
    let rest = isDone ? " All others are done." : ""
    return "Upload failed: \(failure.name)\(others): \(failure.reason)\(rest)".printable
  }
}
