import UploadCore
import UploadReport

/// What has happened, oldest first, in a bounded number of lines.
struct EventLog: Sendable {
  static let limit = 500
  /// The most that is kept of a detail, in bytes: notes have no limit of their own.
  private static let detailLimit = 1000

  private(set) var entries: [LogEntry] = []

  /// The latest one.
  var last: LogEntry? { entries.last }

  mutating func append(_ entry: LogEntry) {
    // Dropped in a bunch, so that a line costs nothing while thousands of small uploads go by.
    if entries.count >= Self.limit + Self.limit / 4 { entries.removeFirst(entries.count - Self.limit + 1) }
    var entry = entry
    if entry.detail.utf8.count > Self.detailLimit {
      entry.detail = String(String.UnicodeScalarView(entry.detail.unicodeScalars.prefix(Self.detailLimit)))
    }
    entries.append(entry)
  }

  /// Gives what was written before the time was known the first one that is.
  mutating func date(at time: ClockTime) {
    for index in entries.indices where entries[index].time == nil { entries[index].time = time }
  }

  /// The lines that contain `filter`, newest first; all when it is empty.
  func newestFirst(_ filter: String) -> [LogEntry] {
    let filter = filter.lowercased()
    let recent = entries.suffix(Self.limit).reversed()
    return filter.isEmpty ? Array(recent) : recent.filter { $0.matches(filter) }
  }

  /// Writes down what has happened.
  mutating func note(_ events: [UploadEvent], at time: ClockTime) {
    for event in events {
      if let entry = LogEntry(event, at: time) { append(entry) }
    }
  }
}

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

  /// Nil until the first snapshot states the time.
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

extension LogEntry {
  /// The line for an event; nil for one that is not in the log.
  init?(_ event: UploadEvent, at time: ClockTime) {
    switch event {
    case .started(let upload): self.init(.started, upload, "\(upload.mode.rawValue), \(event.detail)", at: time)
    case .stalled(let upload): self.init(.stalled, upload, event.detail, at: time)
    case .resumed(let upload, _): self.init(.resumed, upload, event.detail, at: time)
    case .retrying(let upload): self.init(.waiting, upload, event.detail, at: time)
    case .finished(let upload, let file):
      let renamed = file.path == upload.name || file.path.isEmpty ? "" : ", stored as \(file.path)"
      self.init(.finished, upload, event.detail + renamed, at: time)
    case .failed(let upload, _): self.init(.failed, upload, event.detail, at: time)
    case .cancelled(let upload): self.init(.cancelled, upload, event.detail, at: time)
    case .rejected(let request):
      let name = [request.method, request.path].compactMap { $0 }.joined(separator: " ")
      self.init(
        time: time,
        kind: .rejected,
        direction: .incoming,
        name: name.isEmpty ? "request" : name,
        detail: event.detail
      )
    case .listening, .progress, .process, .summary: return nil
    }
  }

  private init(_ kind: Kind, _ upload: UploadSnapshot, _ detail: String, at time: ClockTime) {
    self.init(
      time: time,
      kind: kind,
      direction: upload.direction,
      name: UploadRecord.bounded(upload.name),
      detail: detail
    )
  }
}
