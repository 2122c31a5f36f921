import UploadCore

/// Tracks which uploads are queued, which run, and which can be sent again. A pure state machine; ``UploadQueue``
/// performs its decisions.
///
/// An upload is queued until its meter is on the ledger: first it waits, then it starts, which includes opening its
/// file. One that an earlier process has begun is paused before that, until the user continues it.
package struct UploadQueueState {
  /// The most uploads that are queued at once, so that pasted paths cannot fill the memory.
  package static let limit = 10_000
  /// The most uploads that are remembered to be sent again; the oldest are dropped first.
  static let pastLimit = 10_000

  private struct Entry {
    var job: UploadJob
    var isStarting = false
    /// Whether to cancel it as soon as it has a meter.
    var isCancelled = false
  }

  /// In their order; starting ones first.
  private var entries: [Entry] = []
  /// Uploads that start or run.
  private var busy: Set<UploadID> = []
  /// Those of ``busy`` that the user has paused: they leave their place to others.
  private var pausedBusy: Set<UploadID> = []
  /// Cancelled while queued, and not drained yet.
  private var cancelled: [UploadJob] = []
  /// Directories in which there was no file, and that were not drained yet.
  private var empty: [UploadJob] = []
  /// Accepted uploads, which can be sent again once they have ended; the oldest first.
  private var past: [UploadJob] = []
  private var isClosed = false
  /// Number of uploads cancelled while they waited. One that was starting gets a meter, and the ledger counts it.
  private(set) var cancelledCount = 0

  /// Whether no upload is queued, starting or running, apart from those that an earlier process has begun.
  var isEmpty: Bool { entries.allSatisfy(\.job.isPaused) && busy.isEmpty }

  /// The same, apart from paused ones too.
  var isResting: Bool { entries.allSatisfy(\.job.isPaused) && busy == pausedBusy }

  /// Adds uploads at the end, the first ones if there is no room for all; none once the queue is closed. They replace
  /// those of the same file and target, or of a file in the same directory, that an earlier process has begun: the client
  /// continues them.
  /// - Returns: the number of accepted uploads.
  mutating func add(_ jobs: [UploadJob]) -> Int {
    guard !isClosed else { return 0 }
    entries.removeAll { entry in entry.job.isPaused && jobs.contains { entry.job.isIncluded(in: $0) } }
    let accepted = jobs.prefix(max(0, Self.limit - entries.count))
    entries += accepted.map { Entry(job: $0) }
    past += accepted
    past.removeFirst(max(0, past.count - Self.pastLimit))
    return accepted.count
  }

  /// Continues an upload that an earlier process has begun: it waits from now on.
  /// - Returns: false when there is none with this id.
  mutating func resume(_ id: UploadID) -> Bool {
    guard let index = entries.firstIndex(where: { $0.job.id == id && $0.job.isPaused }) else { return false }
    entries[index].job.isPaused = false
    return true
  }

  /// Notes that the user has paused a running upload, or continues it; other ids are ignored. Continued uploads may be
  /// more than the limit of ``start(limit:)``.
  mutating func note(_ id: UploadID, isPaused: Bool) {
    guard busy.contains(id) else { return }
    if isPaused { pausedBusy.insert(id) } else { pausedBusy.remove(id) }
  }

  /// Whether the user has paused a running upload.
  func isPaused(_ id: UploadID) -> Bool { pausedBusy.contains(id) }

  /// Limits the rate of a queued upload, from its beginning on.
  /// - Returns: false when it is not queued.
  mutating func setLimit(_ id: UploadID, _ bytesPerSecond: UInt64?) -> Bool {
    guard let index = entries.firstIndex(where: { $0.job.id == id }) else { return false }
    entries[index].job.limit = bytesPerSecond
    return true
  }

  /// The limit of a queued upload; nil for none.
  func limit(of id: UploadID) -> UInt64? { entries.first { $0.job.id == id }?.job.limit }

  /// Marks waiting uploads as starting, until `limit` uploads start or run. Call it after ``add(_:)`` and
  /// ``ended(_:)``.
  /// - Returns: the uploads to start now, in their order.
  mutating func start(limit: Int) -> [UploadJob] {
    var starting: [UploadJob] = []
    while busy.count - pausedBusy.count < limit,
      let index = entries.firstIndex(where: { !$0.isStarting && !$0.job.isPaused })
    {
      entries[index].isStarting = true
      busy.insert(entries[index].job.id)
      starting.append(entries[index].job)
    }
    return starting
  }

  /// Notes that the meter of a starting upload is on the ledger.
  /// - Returns: whether it was cancelled meanwhile; the caller then cancels the meter.
  mutating func begun(_ id: UploadID) -> Bool {
    guard let index = entries.firstIndex(where: { $0.job.id == id }) else { return false }
    return entries.remove(at: index).isCancelled
  }

  /// Notes that an upload that was started has ended, even if it never had a meter.
  /// - Parameter isEmptyTree: whether it is a directory of which no file is on the ledger. Where it was cancelled, it
  ///   counts as cancelled in the queue.
  mutating func ended(_ id: UploadID, isEmptyTree: Bool = false) {
    if isEmptyTree, let entry = entries.first(where: { $0.job.id == id }) {
      if entry.isCancelled { markCancelled(entry.job) } else { empty.append(entry.job) }
    }
    _ = begun(id)
    busy.remove(id)
    pausedBusy.remove(id)
  }

  /// Whether a starting upload was cancelled.
  func isCancelled(_ id: UploadID) -> Bool { entries.contains { $0.job.id == id && $0.isCancelled } }

  /// A new upload of the same file, to be added by the caller; nil when the upload `id` has not ended, or is not among
  /// the last ``pastLimit``.
  func retry(_ id: UploadID) -> UploadJob? {
    guard !busy.contains(id), !entries.contains(where: { $0.job.id == id }) else { return nil }
    return past.last { $0.id == id }?.copy
  }

  /// Cancels a queued upload: one that waits or is paused at once, one that starts when ``begun(_:)`` is called.
  /// - Returns: the upload; nil when it is not queued: it is on the ledger, has ended, or is unknown.
  mutating func cancel(_ id: UploadID) -> UploadJob? {
    guard let index = entries.firstIndex(where: { $0.job.id == id }) else { return nil }
    guard entries[index].isStarting else {
      let job = entries.remove(at: index).job
      markCancelled(job)
      return job
    }
    entries[index].isCancelled = true
    return entries[index].job
  }

  /// Rejects further uploads, and cancels all queued ones as ``cancel(_:)`` does, but paused ones, which the next
  /// process can continue.
  mutating func close() {
    isClosed = true
    entries.removeAll(where: \.job.isPaused)
    for entry in entries where !entry.isStarting { markCancelled(entry.job) }
    entries.removeAll { !$0.isStarting }
    for index in entries.indices { entries[index].isCancelled = true }
  }

  /// Sets the sizes of uploads that are still queued, in bytes; other ids are ignored.
  mutating func note(sizes: [UploadID: UInt64]) {
    for index in entries.indices {
      if let size = sizes[entries[index].job.id] { entries[index].job.size = size }
    }
  }

  /// The first `limit` queued and paused uploads, the number of further ones, and those that were cancelled while they
  /// waited since the last call.
  mutating func drain(limit: Int = .max) -> (waiting: [UploadJob], rest: Int, cancelled: [UploadJob]) {
    defer { cancelled = [] }
    let waiting = entries.prefix(limit).map(\.job)
    return (waiting, entries.count - waiting.count, cancelled)
  }

  /// The directories in which there was no file, since the last call.
  mutating func drainEmpty() -> [UploadJob] {
    defer { empty = [] }
    return empty
  }

  private mutating func markCancelled(_ job: UploadJob) {
    cancelled.append(job)
    cancelledCount += 1
  }
}
