import TerminalUI
import UploadCore

/// The uploads of one direction and their rows: active ones, by default newest first; interrupted and paused ones, newest
/// first; queued ones, the next to begin first; ended ones, the latest end first. ``arrange(by:filter:)`` sets the rows, after changes too.
struct UploadList: Sendable {
  /// The most ended uploads that are kept; beyond it, the oldest are dropped.
  static let endedLimit = 200

  private var records: [UploadID: UploadRecord] = [:]
  /// In the order of the snapshot: oldest first.
  private var active: [UploadID] = []
  /// Interrupted and paused uploads, in the order of the snapshot.
  private var resting: [UploadID] = []
  /// The next to begin first.
  private var queued: [UploadID] = []
  /// How many queued uploads the snapshot only counts; 0 to ``countLimit``.
  private(set) var unlisted = 0
  /// In the order of their ends.
  private var ended: [UploadID] = []
  /// Ended uploads that were dropped over the limit since the list was last cleared.
  private(set) var droppedCount = 0
  /// The uploads that have a row, in the order of the rows: those that contain the filter.
  private(set) var shown: [UploadID] = []
  /// The sum of the current rates of all active uploads, in bytes per second.
  private(set) var totalRate = 0.0

  /// Larger counts of a snapshot become this one, so that no sum overflows.
  static let countLimit = 1 << 40

  var activeCount: Int { active.count }
  var queuedCount: Int { queued.count + unlisted }
  /// The number of active and queued uploads, with ``unlisted`` ones, without interrupted and paused ones.
  var runningCount: Int { activeCount + queuedCount }
  var endedCount: Int { ended.count }
  var stalledCount: Int { active.count { records[$0]?.now.state == .stalled } }
  var interruptedCount: Int { resting.count { records[$0]?.now.state == .interrupted } }
  var pausedCount: Int { resting.count { records[$0]?.now.state == .paused } }

  subscript(id: UploadID) -> UploadRecord? { records[id] }

  /// The record of a row, counted from 0; nil beyond the last one.
  func record(at row: Int) -> UploadRecord? { shown.indices.contains(row) ? records[shown[row]] : nil }

  /// The row of an upload, counted from 0; nil when it has none.
  func row(of id: UploadID) -> Int? { shown.firstIndex(of: id) }

  /// The records of active uploads, oldest first, then of queued ones, without ``unlisted`` ones.
  var runningRecords: [UploadRecord] { (active + queued).compactMap { records[$0] } }

  /// Updates the list with a snapshot. The rows do not change before ``arrange(by:filter:)``.
  /// - Parameters:
  ///   - uploads: all uploads of the list's direction in the snapshot, in its order.
  ///   - unlisted: how many more are queued.
  ///   - ticks: half seconds since the snapshot before.
  /// - Returns: whether an upload was added, left the queue, was interrupted or paused, continued, ended or disappeared, so
  ///   that the rows must be arranged.
  mutating func update(with uploads: [UploadSnapshot], unlisted: Int = 0, ticks: Int) -> Bool {
    let before = (active, resting, queued, ended.count)
    active.removeAll(keepingCapacity: true)
    resting.removeAll(keepingCapacity: true)
    queued.removeAll(keepingCapacity: true)
    self.unlisted = min(max(0, unlisted), Self.countLimit)
    totalRate = 0
    for upload in uploads {
      let wasRunning = records[upload.id]?.isRunning ?? true
      records[upload.id, default: UploadRecord(upload)].update(with: upload, ticks: ticks)
      if upload.outcome != nil {
        if wasRunning { ended.append(upload.id) }
      } else if upload.isResting {
        resting.append(upload.id)
      } else if upload.isQueued {
        queued.append(upload.id)
      } else {
        active.append(upload.id)
        totalRate += upload.speed > 0 ? min(upload.speed, 1e18) : 0
      }
    }
    guard (active, resting, queued, ended.count) != before else { return false }
    removeMissing(before.0 + before.1 + before.2)
    let excess = max(0, ended.count - Self.endedLimit)
    for id in ended.prefix(excess) { records[id] = nil }
    ended.removeFirst(excess)
    droppedCount += excess
    return true
  }

  /// Removes uploads that were running before and are in no list now: the ledger drops ended ones that are not read in
  /// time.
  private mutating func removeMissing(_ before: [UploadID]) {
    guard records.count > active.count + resting.count + queued.count + ended.count else { return }
    let kept = Set(active).union(resting).union(queued).union(ended)
    for id in before where !kept.contains(id) { records[id] = nil }
  }

  mutating func clearEnded() {
    for id in ended { records[id] = nil }
    ended = []
    droppedCount = 0
  }

  /// Sets the rows: only active uploads are sorted, the queue keeps its order.
  /// - Parameter filter: what a row must contain, in upper or lower case; empty for all rows.
  mutating func arrange(by sort: UploadSort, filter: String) {
    let filter = filter.lowercased()
    let first = Self.sorted(matching(active.reversed(), filter), by: sort)
    let rest = matching(resting.reversed(), filter) + matching(queued, filter) + matching(ended.reversed(), filter)
    shown = (first + rest).map(\.id)
  }

  private func matching(_ ids: some Sequence<UploadID>, _ filter: String) -> [UploadRecord] {
    let all = ids.compactMap { records[$0] }
    return filter.isEmpty ? all : all.filter { $0.matches(filter) }
  }

  /// Equal records stay newest first: the sort of the standard library is stable.
  private static func sorted(_ newestFirst: [UploadRecord], by sort: UploadSort) -> [UploadRecord] {
    switch sort {
    case .started: newestFirst
    case .name: newestFirst.sorted { $0.now.name < $1.now.name }
    // The maximum of any number and NaN, for which comparisons define no order, is the number.
    case .rate: newestFirst.sorted { max(-Double.infinity, $0.now.speed) > max(-Double.infinity, $1.now.speed) }
    case .progress: newestFirst.sorted { $0.now.fraction ?? -1 > $1.now.fraction ?? -1 }
    case .memory: newestFirst.sorted { $0.now.residentBytes > $1.now.residentBytes }
    }
  }
}

/// The selection and the scroll position in a list of uploads.
///
/// The first row is selected until the user moves; then the selection stays with its upload when the order changes.
struct ListPlace: Hashable, Sendable {
  /// What the selection follows when the list changes.
  enum Anchor: Hashable {
    case firstRow
    /// An upload that was selected automatically. The first row again when it has no row any more, or has ended and is
    /// below the first page.
    case uploadUntilEnd
    /// An upload that the user selected.
    case upload
  }

  /// The selected upload; nil in an empty list.
  private(set) var id: UploadID?
  private(set) var scroll = Scroll()
  var anchor = Anchor.firstRow

  /// Updates the selection after the list has changed, as ``anchor`` says. When the selected upload is gone, selects
  /// the one that is now in its row, or the last one.
  /// - Parameter visible: how many uploads are visible at a time.
  mutating func follow(_ list: UploadList, visible: Int) {
    let row = id.flatMap { list.row(of: $0) }
    let isLost = row.map { $0 >= visible && list.record(at: $0)?.isRunning != true } ?? true
    if list.shown.isEmpty || anchor == .uploadUntilEnd && isLost { anchor = .firstRow }
    select(anchor == .firstRow ? 0 : row ?? scroll.selection, anchor: anchor, in: list, visible: visible)
  }

  mutating func move(by steps: Int, in list: UploadList, visible: Int) {
    select(min(scroll.selection, list.shown.count) + steps, anchor: .upload, in: list, visible: visible)
  }

  /// Selects the upload of a row, or of the nearest row that exists; none in an empty list.
  /// - Parameter visible: how many uploads are visible at a time.
  mutating func select(_ row: Int, anchor: Anchor, in list: UploadList, visible: Int) {
    self.anchor = anchor
    scroll.select(row, count: list.shown.count, visible: visible)
    id = list.record(at: scroll.selection)?.id
  }
}
