import UploadCore

/// The uploads of one direction, in the order in which they are shown: those that run, then those that have ended,
/// newest first.
struct UploadList: Sendable {
  /// How many ended ones are kept.
  static let endedLimit = 200

  private var records: [UploadID: UploadRecord] = [:]
  /// As the snapshot has them: oldest first.
  private var running: [UploadID] = []
  /// In the order of their ends.
  private var ended: [UploadID] = []
  /// Ended ones that were dropped because there were too many, since the list was last cleared.
  private(set) var leftOut = 0
  /// The ones that are shown, the filter considered.
  private(set) var shown: [UploadID] = []
  /// Of those that run, bytes per second.
  private(set) var totalSpeed = 0.0

  var runningCount: Int { running.count }
  var endedCount: Int { ended.count }
  /// Those that run and do not move for want of somebody.
  var stalledCount: Int { running.count { records[$0]?.now.state == .stalled } }

  subscript(id: UploadID) -> UploadRecord? { records[id] }

  /// The record of a row; nil beyond the last one.
  func record(at row: Int) -> UploadRecord? {
    shown.indices.contains(row) ? records[shown[row]] : nil
  }

  /// The row of an upload; nil when it is not shown.
  func row(of id: UploadID) -> Int? {
    shown.firstIndex(of: id)
  }

  var runningRecords: [UploadRecord] { running.compactMap { records[$0] } }

  /// Takes the uploads of a snapshot, all of this direction.
  /// - Returns: whether other uploads run or have ended than before.
  mutating func take(_ uploads: [UploadSnapshot], ticks: Int) -> Bool {
    let before = running
    running.removeAll(keepingCapacity: true)
    totalSpeed = 0
    var hasEnded = false
    for upload in uploads {
      let wasRunning = records[upload.id]?.isRunning ?? true
      records[upload.id, default: UploadRecord(upload)].take(upload, ticks: ticks)
      if upload.outcome == nil {
        running.append(upload.id)
        totalSpeed += upload.speed > 0 ? min(upload.speed, 1e18) : 0
      } else if wasRunning {
        ended.append(upload.id)
        hasEnded = true
      }
    }
    guard hasEnded || running != before else { return false }
    dropLost(before)
    dropOldest()
    return true
  }

  /// The ledger gives up on ends that nobody fetches; those uploads are in no snapshot any more.
  private mutating func dropLost(_ before: [UploadID]) {
    guard records.count > running.count + ended.count else { return }
    let kept = Set(running).union(ended)
    for id in before where !kept.contains(id) { records[id] = nil }
  }

  private mutating func dropOldest() {
    let excess = ended.count - Self.endedLimit
    guard excess > 0 else { return }
    for id in ended.prefix(excess) { records[id] = nil }
    ended.removeFirst(excess)
    leftOut += excess
  }

  /// Forgets those that have ended.
  mutating func clearEnded() {
    for id in ended { records[id] = nil }
    ended = []
    leftOut = 0
  }

  /// Works out what is shown and in what order.
  mutating func arrange(by sort: UploadSort, filter: String) {
    let filter = filter.lowercased()
    let first = Self.sorted(matching(running, filter), by: sort)
    shown = first + matching(ended.reversed(), filter).map(\.id)
  }

  private func matching(_ ids: [UploadID], _ filter: String) -> [UploadRecord] {
    let all = ids.compactMap { records[$0] }
    return filter.isEmpty ? all : all.filter { $0.matches(filter) }
  }

  private static func sorted(_ running: [UploadRecord], by sort: UploadSort) -> [UploadID] {
    // Newest first, and so among equals: the sort of the standard library keeps the order of those.
    let newestFirst = Array(running.reversed())
    switch sort {
    case .started: return newestFirst.map(\.id)
    case .name: return newestFirst.sorted { $0.now.name < $1.now.name }.map(\.id)
    case .rate: return descending(newestFirst) { $0.now.speed }
    case .progress: return descending(newestFirst) { $0.now.fraction ?? -1 }
    case .memory: return descending(newestFirst) { Double($0.now.residentBytes) }
    }
  }

  /// What is no number counts as the least: with it in a comparison there would be no order.
  private static func descending(_ records: [UploadRecord], _ key: (UploadRecord) -> Double) -> [UploadID] {
    records.map { record -> (id: UploadID, key: Double) in
      let value = key(record)
      return (record.id, value.isNaN ? -.infinity : value)
    }
    .sorted { $0.key > $1.key }.map(\.id)
  }
}

extension UploadRecord {
  /// Whether anything the row says contains `text`, which is in lower case.
  fileprivate func matches(_ text: String) -> Bool {
    now.name.lowercased().contains(text) || now.remote.lowercased().contains(text)
      || now.mode.rawValue.contains(text) || now.stateWords.contains(text)
  }
}
