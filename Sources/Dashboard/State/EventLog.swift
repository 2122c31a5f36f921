import UploadCore

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

  /// Writes down what is new about an upload. A queued one starts when it leaves the queue.
  /// - Parameter before: what was known of it; nil when it is new.
  mutating func note(_ upload: UploadSnapshot, name: String, before: UploadSnapshot?, at time: ClockTime) {
    func append(_ kind: LogEntry.Kind, _ detail: String) {
      self.append(LogEntry(time: time, kind: kind, direction: upload.direction, name: name, detail: detail))
    }
    if !upload.isInLine, before?.isInLine ?? true, !upload.hasFailedBeforeItBegan {
      append(.started, Self.start(of: upload))
    }
    if let reason = upload.retryReason, reason != before?.retryReason { append(.waiting, "to try again: \(reason)") }
    if let outcome = upload.outcome {
      guard before?.outcome == nil else { return }
      switch outcome {
      case .finished(let file): append(.finished, Self.end(of: upload, file))
      case .failed(let error): append(.failed, error.message)
      case .cancelled where upload.isInLine: append(.cancelled, "before it began")
      case .cancelled: append(.cancelled, "after \(ByteSize.text(upload.bytes))")
      }
    } else if upload.cause != before?.cause {
      if let cause = upload.cause {
        append(.stalled, cause.explanation)
      } else {
        append(.resumed, "after \(Figures.span(before?.stalledSeconds ?? 0))")
      }
    }
  }

  /// Writes down rejected requests.
  mutating func note(_ request: RejectedRequest, at time: ClockTime) {
    let name = [request.method, request.path].compactMap { $0 }.joined(separator: " ")
    var detail = "\(request.status)"
    if let client = request.client { detail += " from \(client)" }
    if request.count > 1 { detail += ", \(request.count) times" }
    append(
      LogEntry(
        time: time,
        kind: .rejected,
        direction: .incoming,
        name: name.isEmpty ? "request" : name,
        detail: "\(detail): \(request.reason)"
      )
    )
  }

  private static func start(of upload: UploadSnapshot) -> String {
    let size = upload.size.map { (upload.sizeExact ? "" : "at most ") + ByteSize.text($0) } ?? "unknown size"
    let way = upload.direction == .incoming ? "from" : "to"
    return "\(upload.mode.rawValue), \(size), \(way) \(upload.remote)"
  }

  private static func end(of upload: UploadSnapshot, _ file: FinishedUpload) -> String {
    let renamed = file.path == upload.name || file.path.isEmpty ? "" : ", stored as \(file.path)"
    let rate = ByteSize.rateText(upload.averageSpeed)
    return "\(ByteSize.text(file.bytes)) in \(Figures.clock(upload.seconds)), \(rate)\(renamed)"
  }
}

extension StallCause {
  /// The cause in a sentence.
  fileprivate var explanation: String {
    switch self {
    case .client: "the client sends nothing"
    case .server: "the server takes nothing, or does not answer"
    case .input: "its input brings nothing"
    case .disk: "writes to the disk are not coming back"
    case .memory: "the memory budget is spent"
    case .limit: "the rate limit holds it back"
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
