import UploadCore
import UploadReport

/// The content of all snapshots and notes so far: what the screen is drawn from. Freezing keeps a copy of it.
struct DashboardState: Sendable {
  private(set) var incoming = UploadList()
  private(set) var outgoing = UploadList()
  private(set) var log = EventLog()
  private var events = EventDeriver(interval: nil)
  private(set) var memory = ProcessMemory(resident: 0, peak: 0)
  private(set) var slabs = SlabUse(used: 0, budget: 0)
  /// Requests that the server rejected since it started.
  private(set) var rejectedCount: UInt64 = 0
  /// In bytes; nil while it is not known.
  var freeSpace: UInt64?
  /// Resident bytes of the process, a value each half second while anything runs.
  private(set) var residentHistory: [Double] = []
  /// Whole minutes since the first snapshot.
  private(set) var uptimeMinutes = 0
  /// When the latest snapshot was taken; nil before the first.
  private(set) var time: ClockTime?
  private var clock = TickClock()

  /// Enough for the sparkline in the header.
  private static let historyLimit = 32

  subscript(direction: UploadDirection) -> UploadList {
    direction == .incoming ? incoming : outgoing
  }

  var runningCount: Int { incoming.runningCount + outgoing.runningCount }
  var endedCount: Int { incoming.endedCount + outgoing.endedCount }

  mutating func take(_ snapshot: Snapshot, at time: ClockTime, sort: UploadSort, filter: String) {
    if self.time == nil { log.date(at: time) }
    self.time = time
    let ticks = clock.ticks(until: snapshot.at)
    uptimeMinutes = clock.minutes(until: snapshot.at)
    log.note(events.events(for: withoutKnownEnds(snapshot)), at: time)
    rejectedCount = snapshot.rejectedCount
    let changedIn = incoming.take(snapshot.uploads.filter { $0.direction == .incoming }, ticks: ticks)
    let changedOut = outgoing.take(
      snapshot.uploads.filter { $0.direction == .outgoing },
      unlisted: snapshot.unlisted,
      ticks: ticks
    )
    keepMemory(snapshot.memory, ticks: ticks)
    slabs = snapshot.slabs
    // Rows change places twice a second at most, or nobody could read them.
    if ticks > 0 || changedIn || changedOut { arrange(by: sort, filter: filter) }
  }

  /// The snapshot less uploads whose end is known: it would be reported once more.
  private func withoutKnownEnds(_ snapshot: Snapshot) -> Snapshot {
    func isKnown(_ upload: UploadSnapshot) -> Bool {
      upload.outcome != nil && self[upload.direction][upload.id]?.now.outcome != nil
    }
    guard snapshot.uploads.contains(where: isKnown) else { return snapshot }
    var rest = snapshot
    rest.uploads.removeAll(where: isKnown)
    return rest
  }

  /// While nothing runs the sparkline moves only when the number beside it does: an idle screen stands still.
  private mutating func keepMemory(_ new: ProcessMemory, ticks: Int) {
    let isSame = Figures.mebibyteTenths(new.resident) == Figures.mebibyteTenths(memory.resident)
    memory = new
    let values = runningCount > 0 ? ticks : isSame ? 0 : 1
    guard values > 0 else { return }
    residentHistory += repeatElement(Double(new.resident), count: values)
    residentHistory.removeFirst(max(0, residentHistory.count - Self.historyLimit))
  }

  mutating func arrange(by sort: UploadSort, filter: String) {
    incoming.arrange(by: sort, filter: filter)
    outgoing.arrange(by: sort, filter: filter)
  }

  mutating func clearEnded() {
    incoming.clearEnded()
    outgoing.clearEnded()
  }

  mutating func note(_ level: NoteLevel, _ text: String) {
    log.append(LogEntry(time: time, kind: .note(level), direction: nil, name: "", detail: text))
  }
}
