import TerminalUI
import UploadCore

/// The uploads of one direction and their rows: active ones, by default newest first; interrupted and paused ones,
/// newest first; queued ones, the next to begin first; ended ones, the latest end first. ``arrange(by:filter:)`` sets
/// the rows, after changes too.
///
/// The files of a tree, or of a form, are one row, with rows beneath it while it is open (``UploadTree``).
struct UploadList: Sendable {
  /// The most ended uploads that are kept; beyond it, the oldest are dropped.
  static let endedLimit = 200

  private var records: [UploadID: UploadRecord] = [:]
  /// In the order of the snapshot: oldest first; then trees.
  private var active: [UploadID] = []
  /// By the id of the group.
  private var trees: [String: UploadTree] = [:]
  /// The groups of the latest snapshot that are trees.
  private var counted: Set<String> = []
  /// How many of ``active`` are trees, and how many active files these have; a tree between two files counts as one.
  private var activeTrees = (count: 0, files: 0)
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
  /// The uploads that have a row, in the order of the rows: those that match the filter.
  private(set) var shown: [UploadID] = []
  /// For each of ``shown`` how many uploads before it take more than one row where there is space, and at the end the
  /// number of all.
  private(set) var tallBefore = [0]
  /// ``tallCount`` at the latest arrangements, oldest first.
  private var recentTall: [Int] = []
  private var lastFilter = UploadFilter()
  /// The upper edge of all sparklines, in bytes per second, so that their heights compare: the highest of the latest
  /// rates, as a round number; 0 without any.
  private(set) var sparkTop = 0.0
  /// The sum of the current rates of all active uploads, in bytes per second.
  private(set) var totalRate = 0.0
  /// What active and queued uploads still have to move.
  private(set) var remaining = RemainingBytes()

  private static let steadyTicks = 10

  /// Larger counts of a snapshot become this one, so that no sum overflows.
  static let countLimit = 1 << 40

  /// The number of active uploads, with the active files of trees.
  var activeCount: Int { active.count - activeTrees.count + activeTrees.files }
  var queuedCount: Int { queued.count + unlisted }
  /// The number of active and queued uploads, with ``unlisted`` ones, without interrupted and paused ones.
  var runningCount: Int { activeCount + queuedCount }
  var endedCount: Int { ended.count }
  /// Counted with each snapshot, and not for each frame.
  private(set) var stalledCount = 0
  private(set) var interruptedCount = 0
  private(set) var pausedCount = 0
  /// How many of ``pausedCount`` are trees.
  private(set) var pausedTreeCount = 0
  /// How many of ``pausedCount`` an earlier process has begun, and this one has not continued.
  private(set) var leftCount = 0
  /// How many interrupted uploads, files of trees included, may continue soon: ``UploadSnapshot/isBetweenRequests``.
  private(set) var betweenRequestsCount = 0

  /// How many uploads of ``shown`` take more than one row where there is space.
  var tallCount: Int { tallBefore.last ?? 0 }

  /// The highest of ``tallCount`` in the last seconds: rows that became higher whenever one of many short uploads ends, and
  /// lower when the next begins, could not be read.
  var steadyTallCount: Int { recentTall.reduce(tallCount, max) }

  /// The heights of the rows' uploads when a running one takes `rows` rows.
  func heights(_ rows: Int) -> ItemHeights { ItemHeights(tallBefore: tallBefore, height: rows) }

  subscript(id: UploadID) -> UploadRecord? { records[id] }

  /// How many records are kept; for tests.
  var recordCount: Int { records.count }

  /// The record of a row, counted from 0; nil beyond the last one.
  func record(at row: Int) -> UploadRecord? { shown.indices.contains(row) ? records[shown[row]] : nil }

  /// The row of an upload, counted from 0; nil when it has none.
  func row(of id: UploadID) -> Int? { shown.firstIndex(of: id) }

  /// The records of all uploads that have not ended: active ones, then interrupted and paused ones, both newest first,
  /// then queued ones.
  var unendedRecords: [UploadRecord] { (active.reversed() + resting.reversed() + queued).compactMap { records[$0] } }

  /// Updates the list with a snapshot. The rows do not change before ``arrange(by:filter:)``.
  /// - Parameters:
  ///   - uploads: all uploads of the snapshot, in its order.
  ///   - direction: of the list: other uploads are ignored. Nil where all belong to it.
  ///   - groups: the groups of that direction.
  ///   - unlisted: how many more are queued.
  ///   - ticks: half seconds since the snapshot before.
  /// - Returns: whether an upload was added, left the queue, was interrupted or paused, continued, ended or
  ///   disappeared, so that the rows must be arranged.
  mutating func update(
    with uploads: [UploadSnapshot],
    of direction: UploadDirection? = nil,
    groups: [GroupSnapshot] = [],
    unlisted: Int = 0,
    ticks: Int
  ) -> Bool {
    let before = (active, resting, queued, ended)
    active.removeAll(keepingCapacity: true)
    resting.removeAll(keepingCapacity: true)
    queued.removeAll(keepingCapacity: true)
    self.unlisted = min(max(0, unlisted), Self.countLimit)
    (totalRate, activeTrees, remaining) = (0, (0, 0), RemainingBytes())
    (stalledCount, interruptedCount, pausedCount) = (0, 0, 0)
    (pausedTreeCount, leftCount, betweenRequestsCount) = (0, 0, 0)
    if self.unlisted > 0 { remaining.isExact = false }
    // A form of one file is shown as that file.
    let groups = groups.filter { $0.files != nil || $0.filesKnown > 1 }
    var activeFiles = beginTrees(groups)
    let hasTrees = !trees.isEmpty
    // By index: a loop over the elements would copy each one.
    for index in uploads.indices where direction == nil || uploads[index].direction == direction {
      if uploads[index].isBetweenRequests { betweenRequestsCount += 1 }
      if !hasTrees || !addToTree(uploads[index], ticks: ticks) { add(uploads[index], ticks: ticks) }
    }
    for group in groups { update(group, ticks: ticks) }
    activeFiles.subtract(trees.values.lazy.flatMap(\.files))
    for id in activeFiles { records[id] = nil }
    let hasOpenTree = trees.values.contains(where: \.isOpen)
    guard (active, resting, queued, ended) != before else { return hasOpenTree }
    removeMissing(before.0 + before.1 + before.2)
    let excess = max(0, ended.count - Self.endedLimit)
    for id in ended.prefix(excess) { remove(id) }
    ended.removeFirst(excess)
    droppedCount += excess
    return true
  }

  private mutating func add(_ upload: UploadSnapshot, ticks: Int) {
    let wasRunning = updateRecord(upload, ticks: ticks)
    if upload.outcome != nil {
      if wasRunning { ended.append(upload.id) }
    } else if upload.isResting {
      resting.append(upload.id)
      count(upload.state)
      if upload.isQueued { leftCount += 1 }
    } else if upload.isQueued {
      queued.append(upload.id)
      remaining.add(upload)
    } else {
      active.append(upload.id)
      remaining.add(upload)
      count(upload.state)
      totalRate += upload.speed > 0 ? min(upload.speed, 1e18) : 0
    }
  }

  /// Updates the record in place: a copy of each of a thousand would take longer than the rest.
  /// - Returns: whether the upload was running before, or is new.
  private mutating func updateRecord(_ upload: UploadSnapshot, ticks: Int) -> Bool {
    guard let place = records.index(forKey: upload.id) else {
      var record = UploadRecord(upload)
      record.update(with: upload, ticks: ticks)
      records[upload.id] = record
      return true
    }
    return records.values[place].update(with: upload, ticks: ticks)
  }

  /// Removes uploads that were running before and are in no list now: the ledger drops ended ones that are not read in
  /// time.
  private mutating func removeMissing(_ before: [UploadID]) {
    let kept = Set(active).union(resting).union(queued).union(ended)
    for id in before where !kept.contains(id) && records[id]?.isInTree != true { remove(id) }
  }

  // MARK: Trees

  /// Begins an update of the trees, and drops those that the ledger has dropped and that have no row.
  /// - Returns: the files that were active before.
  private mutating func beginTrees(_ groups: [GroupSnapshot]) -> Set<UploadID> {
    counted = Set(groups.map(\.id))
    guard !groups.isEmpty || !trees.isEmpty else { return [] }
    trees = trees.filter { counted.contains($0.key) || records[$0.value.row] != nil }
    for group in groups where trees[group.id] == nil { trees[group.id] = UploadTree(group) }
    return Set(trees.keys.flatMap { trees[$0]?.beginUpdate() ?? [] })
  }

  /// - Returns: false when the upload belongs to no tree.
  private mutating func addToTree(_ upload: UploadSnapshot, ticks: Int) -> Bool {
    guard let group = upload.group?.id, counted.contains(group), let tree = trees[group] else { return false }
    // The end of a file of a cleared tree does not bring that back.
    guard !tree.isCleared || upload.outcome == nil else { return true }
    guard let (isListed, removed) = trees[group]?.add(upload) else { return false }
    if let removed { records[removed] = nil }
    if isListed {
      records[upload.id, default: UploadRecord(upload)].update(with: upload, ticks: ticks)
      records[upload.id]?.isInTree = true
    } else {
      records[upload.id] = nil
    }
    if let row = trees[group]?.row { records[row]?.note(failure: upload) }
    return true
  }

  private mutating func update(_ group: GroupSnapshot, ticks: Int) {
    guard let tree = trees[group.id] else { return }
    // The ledger keeps ended groups for a while.
    if group.hasEnded, tree.isCleared { return }
    trees[group.id]?.isCleared = false
    let wasRunning = records[tree.row]?.tree.map { !$0.now.hasEnded }
    if wasRunning == nil { records[tree.row] = newRow(group, tree) }
    records[tree.row]?.update(with: group, files: tree, ticks: ticks)
    if group.hasEnded {
      if wasRunning ?? true { ended.append(tree.row) }
      return
    }
    if wasRunning == false { ended.removeAll { $0 == tree.row } }
    if let state = records[tree.row]?.now.state {
      count(state)
      if state == .paused { pausedTreeCount += 1 }
    }
    if group.isResting { return resting.append(tree.row) }
    active.append(tree.row)
    if let row = records[tree.row]?.now { remaining.add(row) }
    activeTrees = (activeTrees.count + 1, activeTrees.files + min(max(1, group.filesActive), Self.countLimit))
    totalRate += group.speed > 0 ? min(group.speed, 1e18) : 0
  }

  /// Counts an upload or a tree that is neither queued nor has ended.
  private mutating func count(_ state: UploadState) {
    if state == .stalled { stalledCount += 1 }
    if state == .interrupted { interruptedCount += 1 }
    if state == .paused { pausedCount += 1 }
  }

  private func newRow(_ group: GroupSnapshot, _ tree: UploadTree) -> UploadRecord {
    var record = UploadRecord(group, id: tree.row)
    for file in tree.failed { if let failed = records[file]?.now { record.note(failure: failed) } }
    return record
  }

  /// Removes an upload, or a tree with its files.
  private mutating func remove(_ id: UploadID) {
    records[id] = nil
    guard let (group, tree) = trees.first(where: { $0.value.row == id }) else { return }
    for file in tree.files { records[file] = nil }
    trees[group] = UploadTree(clearing: tree)
  }

  /// Opens or closes the row of a tree; does nothing for other rows. Call ``arrange(by:filter:)`` then.
  mutating func toggleTree(_ id: UploadID) {
    guard let group = trees.first(where: { $0.value.row == id })?.key else { return }
    trees[group]?.isOpen.toggle()
    records[id]?.tree?.isOpen.toggle()
    recentTall = []
  }

  /// The limit that the user has set on the tree of a file, in bytes per second; nil for none.
  func treeLimit(of file: UploadRecord) -> UInt64? {
    guard file.isInTree, let tree = file.now.group.flatMap({ trees[$0.id] }) else { return nil }
    return records[tree.row]?.tree?.now.limit
  }

  /// Notes a limit that the user has just set, before a snapshot has it; ignored for an unknown upload.
  mutating func setLimit(_ id: UploadID, _ bytesPerSecond: UInt64?) { records[id]?.setLimit(bytesPerSecond) }

  /// The active files of a tree by the id of its row; none for other rows.
  func activeFiles(of id: UploadID) -> [UploadID] { trees.values.first { $0.row == id }?.active ?? [] }

  // MARK: Rows

  mutating func clearEnded() {
    for id in ended { remove(id) }
    ended = []
    droppedCount = 0
  }

  /// Sets the rows: only active uploads are sorted, the queue keeps its order.
  mutating func arrange(by sort: UploadSort, filter: UploadFilter) {
    let first = sort.sorted(matching(active.reversed(), filter))
    let rest = matching(resting.reversed(), filter) + matching(queued, filter) + matching(ended.reversed(), filter)
    shown = (first + rest).flatMap { record in
      record.tree?.isOpen == true ? [record.id] + matchingFiles(of: record, filter).map(\.id) : [record.id]
    }
    if filter != lastFilter { (lastFilter, recentTall) = (filter, []) }
    measureRows()
  }

  /// Sets what depends on the rows and is needed for each frame: twice a second, not for each of them.
  private mutating func measureRows() {
    var (tall, peak) = (0, 0.0)
    tallBefore.removeAll(keepingCapacity: true)
    tallBefore.append(0)
    for id in shown {
      if let place = records.index(forKey: id), !records.values[place].isQuiet {
        tall += 1
        peak = max(peak, records.values[place].recentPeak)
      }
      tallBefore.append(tall)
    }
    sparkTop = GraphScale.top(of: peak, .coarse)
    // Two arrangements a second while something runs.
    recentTall = tall == 0 ? [] : recentTall.suffix(Self.steadyTicks - 1) + [tall]
  }

  /// A tree has a row when one of its files has.
  private func matching(_ ids: some Sequence<UploadID>, _ filter: UploadFilter) -> [UploadRecord] {
    let all = ids.compactMap { records[$0] }
    guard !filter.showsAll else { return all }
    return all.filter { filter.matches($0) || $0.tree != nil && !matchingFiles(of: $0, filter).isEmpty }
  }

  /// The files of a tree's row that match the filter; all if the row does.
  private func matchingFiles(of record: UploadRecord, _ filter: UploadFilter) -> [UploadRecord] {
    let files = trees.values.first { $0.row == record.id }?.files.compactMap { records[$0] } ?? []
    return filter.matches(record) ? files : files.filter { filter.matches($0) }
  }
}

extension UploadSnapshot {
  /// A client continues an upload within this time after its last request, unless something has interrupted it; in
  /// seconds.
  private static let longestGap = 10.0

  /// Whether it is interrupted so shortly that its client may only be between two requests.
  fileprivate var isBetweenRequests: Bool {
    state == .interrupted && interruptedSeconds.map { $0 < Self.longestGap } ?? false
  }
}
