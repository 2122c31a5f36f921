import UploadCore
import UploadReport

/// Everything that snapshots and notes have reported so far: what the screen is drawn from. Freezing keeps a copy of
/// it.
struct DashboardState: Sendable {
  private(set) var incoming = UploadList()
  private(set) var outgoing = UploadList()
  private(set) var log = EventLog()
  private var events = EventDeriver(interval: nil, trees: .together(above: 20, failures: 20))
  private(set) var memory = ProcessMemory(resident: 0, peak: 0)
  private(set) var slabs = SlabUse(used: 0, budget: 0)
  /// Requests that the server rejected since it started.
  private(set) var rejectedCount: UInt64 = 0
  /// The last of these requests.
  private(set) var rejections = RejectionLog()
  private var clients: [UploadDirection: ClientList] = [:]
  private(set) var downloads = DownloadTotals()
  /// What was stored and sent since the program began.
  private(set) var finished: [UploadDirection: FinishedFiles] = [:]
  /// Whether the rows of clients are kept, which takes time. Call ``arrange(by:filter:)`` after a change.
  var groupsByClient = false
  /// Free space on the file system that uploads are stored on, in bytes; nil while it is unknown.
  var freeSpace: UInt64?
  /// Whole minutes since the first snapshot.
  private(set) var uptimeMinutes = 0
  /// The local time of the latest snapshot; nil before the first.
  private(set) var time: ClockTime?
  private var clock = TickClock()

  subscript(direction: UploadDirection) -> UploadList { direction == .incoming ? incoming : outgoing }

  var runningCount: Int { incoming.runningCount + outgoing.runningCount }
  var endedCount: Int { incoming.endedCount + outgoing.endedCount }

  /// Whether an upload that does not move is expected to continue: the user has paused it, or its client may only be
  /// between two requests. Those of earlier processes are not meant.
  var hasWaitingUploads: Bool {
    [incoming, outgoing].contains { $0.pausedCount > $0.leftCount || $0.betweenRequestsCount > 0 }
  }

  mutating func update(with snapshot: Snapshot, at time: ClockTime, sort: UploadSort, filter: UploadFilter) {
    if self.time == nil { log.setMissingTimes(time) }
    self.time = time
    let ticks = clock.ticks(until: snapshot.at)
    uptimeMinutes = clock.minutes(until: snapshot.at)
    let news = withoutKnownEnds(snapshot)
    for entry in events.events(for: news).compactMap({ LogEntry($0, at: time) }) { log.append(entry) }
    for request in snapshot.rejected { log.append(LogEntry(rejections.add(request, at: time))) }
    for index in news.uploads.indices where news.uploads[index].outcome != nil {
      clients[news.uploads[index].direction, default: ClientList()].add(news.uploads[index])
    }
    rejectedCount = snapshot.rejectedCount
    downloads = snapshot.downloads
    finished = snapshot.finished
    let (incomingGroups, outgoingGroups) = (snapshot.groups(.incoming), snapshot.groups(.outgoing))
    let uploads = snapshot.uploads
    let incomingChanged = incoming.update(with: uploads, of: .incoming, groups: incomingGroups, ticks: ticks)
    let outgoingChanged = outgoing.update(
      with: uploads,
      of: .outgoing,
      groups: outgoingGroups,
      unlisted: snapshot.unlisted,
      ticks: ticks
    )
    memory = snapshot.memory
    slabs = snapshot.slabs
    // Rows that changed places more often than twice a second could not be read.
    if ticks > 0 || incomingChanged || outgoingChanged { arrange(by: sort, filter: filter) }
  }

  /// The snapshot without uploads whose end an earlier one has reported: the log would have the end twice.
  private func withoutKnownEnds(_ snapshot: Snapshot) -> Snapshot {
    let uploads = snapshot.uploads
    // By index: a closure that gets the elements would copy each of them.
    let known = uploads.indices.filter {
      uploads[$0].outcome != nil && self[uploads[$0].direction][uploads[$0].id]?.now.outcome != nil
    }
    guard !known.isEmpty else { return snapshot }
    var rest = snapshot
    for index in known.reversed() { rest.uploads.remove(at: index) }
    return rest
  }

  mutating func arrange(by sort: UploadSort, filter: UploadFilter) {
    incoming.arrange(by: sort, filter: filter)
    outgoing.arrange(by: sort, filter: filter)
    guard groupsByClient else { return }
    for direction in UploadDirection.allCases {
      clients[direction, default: ClientList()].arrange(self[direction], direction, by: sort, filter: filter)
    }
  }

  /// The uploads of a direction grouped by client or server; without rows unless ``groupsByClient``.
  func clients(_ direction: UploadDirection) -> ClientList { clients[direction] ?? ClientList() }

  /// Opens or closes the row of a client or server. Call ``arrange(by:filter:)`` then.
  mutating func toggleClient(_ client: ClientKey, _ direction: UploadDirection) {
    clients[direction]?.toggle(client)
  }

  /// Opens or closes the row of a tree; does nothing for other rows.
  mutating func toggleTree(_ id: UploadID) {
    incoming.toggleTree(id)
    outgoing.toggleTree(id)
  }

  /// Notes a limit that the user has just set.
  mutating func setLimit(_ id: UploadID, _ bytesPerSecond: UInt64?) {
    incoming.setLimit(id, bytesPerSecond)
    outgoing.setLimit(id, bytesPerSecond)
  }

  mutating func clearEnded() {
    incoming.clearEnded()
    outgoing.clearEnded()
    for direction in UploadDirection.allCases { clients[direction]?.clearEnded() }
  }

  mutating func note(_ level: NoteLevel, _ text: String) { log.append(LogEntry(level, text, at: time)) }
}

extension Snapshot {
  fileprivate func groups(_ direction: UploadDirection) -> [GroupSnapshot] {
    groups.filter { $0.direction == direction }
  }
}
