import UploadCore

/// A line of the event log.
struct LogEntry: Sendable, Hashable {
  enum Kind: Hashable, Sendable {
    case started
    case stalled
    case resumed
    /// To try again.
    case waiting
    case finished
    case failed
    case cancelled
    case rejected
    case note(NoteLevel)

    /// As the log shows it.
    var word: String {
      switch self {
      case .started: "started"
      case .stalled: "stalled"
      case .resumed: "resumed"
      case .waiting: "waiting"
      case .finished: "finished"
      case .failed: "failed"
      case .cancelled: "cancelled"
      case .rejected: "rejected"
      case .note(.info): "note"
      case .note(.warning): "warning"
      case .note(.error): "error"
      }
    }
  }

  /// Nil until the first snapshot has told the time.
  var time: ClockTime?
  var kind: Kind
  /// Of the upload or request it is about; nil for a note.
  var direction: UploadDirection?
  /// The upload's name, or the request's method and path; empty for a note.
  var name: String
  /// What else there is to say.
  var detail: String

  /// Whether it contains `text`, which is in lower case.
  func matches(_ text: String) -> Bool {
    name.lowercased().contains(text) || detail.lowercased().contains(text) || kind.word.contains(text)
  }
}

extension ClockTime {
  /// `18:39:10`
  package var text: String {
    [hour, minute, second].map { (0...9).contains($0) ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}
