import UploadCore

/// Which uploads are queued, which run, and which can be sent again. A pure state machine; ``UploadQueue`` carries out its
/// decisions.
///
/// An upload is queued until its meter is on the ledger: it waits, then it starts, which takes as long as opening its file.
package struct UploadQueueState {
  /// The most queued uploads, so that no paste can fill the memory.
  package static let limit = 10_000
  /// The most uploads that can be sent again; the oldest are dropped first.
  static let pastLimit = 10_000

  private struct Entry {
    var job: UploadJob
    var isStarting = false
    /// To be cancelled as soon as it has begun.
    var isCancelled = false
  }

  /// Those that start are in front.
  private var entries: [Entry] = []
  /// Uploads that start or run.
  private var busy: Set<UploadID> = []
  /// Cancelled while queued, and not drained yet.
  private var cancelled: [UploadJob] = []
  private var past: [UploadID: UploadJob] = [:]
  private var pastOrder: [UploadID] = []
  private var isClosed = false
  /// How many have been cancelled while queued since the start.
  private(set) var cancelledCount = 0

  /// Whether nothing waits, starts or runs.
  var isEmpty: Bool { entries.isEmpty && busy.isEmpty }

  /// Adds uploads at the end.
  /// - Returns: how many were accepted.
  mutating func add(_ jobs: [UploadJob]) -> Int {
    guard !isClosed else { return 0 }
    let taken = jobs.prefix(max(0, Self.limit - entries.count))
    for job in taken {
      entries.append(Entry(job: job))
      remember(job)
    }
    return taken.count
  }

  /// Starts as many uploads as `limit` allows.
  mutating func start(limit: Int) -> [UploadJob] {
    var starting: [UploadJob] = []
    while busy.count < limit, let index = entries.firstIndex(where: { !$0.isStarting }) {
      entries[index].isStarting = true
      busy.insert(entries[index].job.id)
      starting.append(entries[index].job)
    }
    return starting
  }

  /// An upload is on the ledger.
  /// - Returns: whether it has been cancelled meanwhile.
  mutating func begun(_ id: UploadID) -> Bool {
    guard let index = entries.firstIndex(where: { $0.job.id == id }) else { return false }
    return entries.remove(at: index).isCancelled
  }

  /// An upload has ended.
  mutating func ended(_ id: UploadID) {
    _ = begun(id)
    busy.remove(id)
  }

  /// An upload that has ended, to be sent once more; nil when it has not ended, or was dropped.
  func again(_ id: UploadID) -> UploadJob? {
    guard !busy.contains(id), !entries.contains(where: { $0.job.id == id }) else { return nil }
    return past[id]?.again
  }

  /// Cancels an upload.
  /// - Returns: false when it is not queued.
  mutating func cancel(_ id: UploadID) -> Bool {
    guard let index = entries.firstIndex(where: { $0.job.id == id }) else { return false }
    if entries[index].isStarting {
      entries[index].isCancelled = true
    } else {
      markCancelled(entries.remove(at: index).job)
    }
    return true
  }

  /// Accepts nothing more, and cancels all that is queued.
  mutating func close() {
    isClosed = true
    for entry in entries where !entry.isStarting { markCancelled(entry.job) }
    entries.removeAll { !$0.isStarting }
    for index in entries.indices { entries[index].isCancelled = true }
  }

  /// Notes the sizes of files that are still queued.
  mutating func note(sizes: [UploadID: UInt64]) {
    for index in entries.indices {
      if let size = sizes[entries[index].job.id] { entries[index].job.size = size }
    }
  }

  /// The queued uploads as they are shown: the first `limit`, how many are behind them, and those that have been cancelled
  /// since the last call.
  mutating func drain(limit: Int = .max) -> (waiting: [UploadJob], rest: Int, cancelled: [UploadJob]) {
    defer { cancelled = [] }
    let waiting = entries.prefix(limit).map(\.job)
    return (waiting, entries.count - waiting.count, cancelled)
  }

  private mutating func markCancelled(_ job: UploadJob) {
    cancelled.append(job)
    cancelledCount += 1
  }

  private mutating func remember(_ job: UploadJob) {
    if pastOrder.count >= Self.pastLimit {
      for id in pastOrder.prefix(Self.pastLimit / 2) { past[id] = nil }
      pastOrder.removeFirst(Self.pastLimit / 2)
    }
    past[job.id] = job
    pastOrder.append(job.id)
  }
}
