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
  private(set) var downloads = DownloadTotals()
  /// Free space on the file system that uploads are stored on, in bytes; nil while it is unknown.
  var freeSpace: UInt64?
  /// Resident bytes of the process, oldest first, at most 32 values: one for each half second with an active or queued
  /// upload, and otherwise one for each snapshot in which the number of tenths of a MiB has changed.
  private(set) var residentHistory: [Double] = []
  /// Whole minutes since the first snapshot.
  private(set) var uptimeMinutes = 0
  /// The local time of the latest snapshot; nil before the first.
  private(set) var time: ClockTime?
  private var clock = TickClock()

  /// The most values of ``residentHistory``: more than the sparkline in the header shows.
  private static let historyLimit = 32

  subscript(direction: UploadDirection) -> UploadList { direction == .incoming ? incoming : outgoing }

  var runningCount: Int { incoming.runningCount + outgoing.runningCount }
  var endedCount: Int { incoming.endedCount + outgoing.endedCount }

  mutating func update(with snapshot: Snapshot, at time: ClockTime, sort: UploadSort, filter: String) {
    if self.time == nil { log.setMissingTimes(time) }
    self.time = time
    let ticks = clock.ticks(until: snapshot.at)
    uptimeMinutes = clock.minutes(until: snapshot.at)
    let newEvents = events.events(for: withoutKnownEnds(snapshot))
    for entry in newEvents.compactMap({ LogEntry($0, at: time) }) { log.append(entry) }
    rejectedCount = snapshot.rejectedCount
    downloads = snapshot.downloads
    let received = snapshot.uploads.filter { $0.direction == .incoming }
    let sent = snapshot.uploads.filter { $0.direction == .outgoing }
    let (incomingGroups, outgoingGroups) = (snapshot.groups(.incoming), snapshot.groups(.outgoing))
    let incomingChanged = incoming.update(with: received, groups: incomingGroups, ticks: ticks)
    let outgoingChanged = outgoing.update(
      with: sent,
      groups: outgoingGroups,
      unlisted: snapshot.unlisted,
      ticks: ticks
    )
    appendMemory(snapshot.memory, ticks: ticks)
    slabs = snapshot.slabs
    // Rows that changed places more often than twice a second could not be read.
    if ticks > 0 || incomingChanged || outgoingChanged { arrange(by: sort, filter: filter) }
  }

  /// The snapshot without uploads whose end an earlier one has reported: the log would have the end twice.
  private func withoutKnownEnds(_ snapshot: Snapshot) -> Snapshot {
    func isKnown(_ upload: UploadSnapshot) -> Bool {
      upload.outcome != nil && self[upload.direction][upload.id]?.now.outcome != nil
    }
    guard snapshot.uploads.contains(where: isKnown) else { return snapshot }
    var rest = snapshot
    rest.uploads.removeAll(where: isKnown)
    return rest
  }

  /// Sets the memory and extends its history. While nothing runs, the sparkline moves only when the number beside it
  /// changes: an idle screen does not change.
  /// - Parameter ticks: half seconds since the snapshot before.
  private mutating func appendMemory(_ new: ProcessMemory, ticks: Int) {
    let isSame = Figures.mebibyteTenths(new.resident) == Figures.mebibyteTenths(memory.resident)
    memory = new
    let idleValues = isSame ? 0 : 1
    residentHistory += repeatElement(Double(new.resident), count: runningCount > 0 ? ticks : idleValues)
    residentHistory.removeFirst(max(0, residentHistory.count - Self.historyLimit))
  }

  mutating func arrange(by sort: UploadSort, filter: String) {
    incoming.arrange(by: sort, filter: filter)
    outgoing.arrange(by: sort, filter: filter)
  }

  /// Opens or closes the row of a tree; does nothing for other rows.
  mutating func toggleTree(_ id: UploadID) {
    incoming.toggleTree(id)
    outgoing.toggleTree(id)
  }

  mutating func clearEnded() {
    incoming.clearEnded()
    outgoing.clearEnded()
  }

  mutating func note(_ level: NoteLevel, _ text: String) { log.append(LogEntry(level, text, at: time)) }
}

extension Snapshot {
  fileprivate func groups(_ direction: UploadDirection) -> [GroupSnapshot] {
    groups.filter { $0.direction == direction }
  }
}
