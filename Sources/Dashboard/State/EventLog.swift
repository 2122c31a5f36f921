import UploadCore
import UploadReport

/// The latest events and notes, oldest first, in bounded memory.
struct EventLog: Sendable {
  /// How many entries are shown at most; up to a quarter more are kept.
  static let limit = 500
  /// The most entries about rejected requests, so that a flood of them does not displace all others.
  static let rejectionLimit = 100
  /// The most Unicode scalars of an entry's detail, which is also the text of a note; the rest is dropped.
  private static let detailLimit = 1000

  private(set) var entries: [LogEntry] = []

  /// Appends an entry, unless it is about rejected requests that have one already, which is then updated in its place.
  mutating func append(_ entry: LogEntry) {
    if let rejection = entry.rejection {
      if let index = entries.lastIndex(where: { $0.rejection == rejection }) {
        entries[index].detail = entry.detail
        return
      }
      if entries.count(where: { $0.rejection != nil }) >= Self.rejectionLimit,
        let oldest = entries.firstIndex(where: { $0.rejection != nil })
      {
        entries.remove(at: oldest)
      }
    }
    // Removed in batches, so that an entry costs little while thousands of small uploads are logged.
    if entries.count >= Self.limit + Self.limit / 4 { entries.removeFirst(entries.count - Self.limit + 1) }
    var entry = entry
    entry.detail = String(entry.detail.unicodeScalars.prefix(Self.detailLimit))
    entries.append(entry)
  }

  /// Sets the time of entries that were appended before the first snapshot.
  mutating func setMissingTimes(_ time: ClockTime) {
    for index in entries.indices where entries[index].time == nil { entries[index].time = time }
  }

  /// Of the latest ``limit`` entries those that contain `filter`, ignoring case, newest first; all of them for an empty
  /// filter.
  func newestFirst(_ filter: String) -> [LogEntry] {
    newestFirst(containing: filter.isEmpty ? [] : [filter.lowercased()])
  }

  /// Of the latest ``limit`` entries those that contain all of the texts, newest first.
  /// - Parameter texts: in lower case.
  func newestFirst(containing texts: [String]) -> [LogEntry] {
    entries.suffix(Self.limit).reversed().filter { entry in texts.allSatisfy { entry.matches($0) } }
  }
}

/// One row of the event log.
struct LogEntry: Sendable, Hashable {
  /// The raw value is the kind as the log shows it, at most nine columns wide.
  enum Kind: String, Sendable {
    case started, stalled, resumed
    /// An outgoing upload whose last attempt failed, and that waits for the next one; or an interrupted incoming one,
    /// which waits for the client.
    case waiting
    /// A complete incoming upload.
    case stored
    /// A complete outgoing upload.
    case sent
    case failed, cancelled, rejected
    /// A download that is complete, or that the client or an error has ended before.
    case download, aborted
    case note, warning, error
  }

  /// The local time; nil until the first snapshot states it.
  var time: ClockTime?
  var kind: Kind
  /// The direction of the upload or request; nil for a download and for a note.
  var direction: UploadDirection?
  /// The upload's name, or the request's method and path; empty for a note.
  var name = ""
  /// The text of a note; for an upload or request, figures or the reason.
  var detail: String
  /// Of rejected requests, the ``RejectionLog/Entry/id``; otherwise nil.
  var rejection: Int?

  /// Whether it is about no upload, request or download.
  var isNote: Bool { direction == nil && name.isEmpty }

  /// Whether the name, the detail or the kind contains a text, ignoring case.
  /// - Parameter text: in lower case.
  func matches(_ text: String) -> Bool {
    name.lowercased().contains(text) || detail.lowercased().contains(text) || kind.rawValue.contains(text)
  }
}

extension LogEntry {
  init(_ level: NoteLevel, _ text: String, at time: ClockTime?) {
    let kind: Kind =
      switch level {
      case .info: .note
      case .warning: .warning
      case .error: .error
      }
    self.init(time: time, kind: kind, detail: text)
  }

  /// The entry for rejected requests.
  init(_ rejection: RejectionLog.Entry) {
    let request = rejection.request
    let name = [request.method ?? "request", request.path].compactMap { $0 }.joined(separator: " ")
    self.init(
      time: rejection.first,
      kind: .rejected,
      direction: .incoming,
      name: UploadRecord.bounded(name),
      detail: UploadEvent.rejected(request).detail,
      rejection: rejection.id
    )
  }

  /// The entry for an event; nil for an event that the log does not show, such as progress, and for rejected requests,
  /// which have ``init(_:)``.
  init?(_ event: UploadEvent, at time: ClockTime) {
    switch event {
    case .started(let upload): self.init(.started, upload, "\(upload.mode.rawValue), \(event.detail)", at: time)
    case .stalled(let upload): self.init(.stalled, upload, event.detail, at: time)
    case .interrupted(let upload): self.init(.waiting, upload, "interrupted, \(event.detail)", at: time)
    case .resumed(let upload, _, _): self.init(.resumed, upload, event.detail, at: time)
    case .retrying(let upload): self.init(.waiting, upload, event.detail, at: time)
    case .noticed(let upload): self.init(.note, upload, event.detail, at: time)
    case .finished(let upload, let file):
      let renamed = file.path == upload.name || file.path.isEmpty ? "" : ", stored as \(file.path)"
      let sender = upload.sender.map { ", from \($0)" } ?? ""
      self.init(upload.direction == .incoming ? .stored : .sent, upload, event.detail + renamed + sender, at: time)
    case .failed(let upload, _): self.init(.failed, upload, event.detail, at: time)
    case .cancelled(let upload): self.init(.cancelled, upload, event.detail, at: time)
    case .download(let download):
      let kind: Kind = download.outcome == .aborted ? .aborted : .download
      self.init(time: time, kind: kind, name: UploadRecord.bounded(download.name), detail: event.detail)
    case .tree(let group, let change): self.init(group, change, event.detail, at: time)
    case .rejected, .listening, .progress, .process, .summary: return nil
    }
  }

  /// The entry for a tree; nil for its progress.
  private init?(_ group: GroupSnapshot, _ change: TreeChange, _ detail: String, at time: ClockTime) {
    let kind: Kind
    switch change {
    case .progress: return nil
    case .started: kind = .started
    case .stalled: kind = .stalled
    case .resumed: kind = .resumed
    case .ended:
      switch group.state {
      case .done: kind = group.direction == .incoming ? .stored : .sent
      case .cancelled: kind = .cancelled
      case .waiting, .receiving, .sending, .waitingForMemory, .stalled, .limited, .interrupted, .paused, .finishing,
        .failed:
        kind = .failed
      }
    }
    let name = UploadRecord.bounded(group.title)
    self.init(time: time, kind: kind, direction: group.direction, name: name, detail: detail)
  }

  private init(_ kind: Kind, _ upload: UploadSnapshot, _ detail: String, at time: ClockTime) {
    let name = UploadRecord.bounded(upload.name)
    self.init(time: time, kind: kind, direction: upload.direction, name: name, detail: detail)
  }
}
