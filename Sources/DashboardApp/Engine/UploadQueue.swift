package import HTTPExchange
import Synchronization
package import UploadClient
package import UploadCore

/// Sends queued uploads in their order, a limited number at once; a directory is one of them, with all that it contains.
/// Safe on any thread; no call blocks.
///
/// An upload appears in snapshots of this queue until it has a meter, and then in those of the ledger, under the same
/// id.
package final class UploadQueue: Sendable {
  /// Sends one file and returns when that has finished, failed or been cancelled. Calls back with its meter once that
  /// is on the ledger.
  typealias Sending = @Sendable (UploadJob, @escaping @Sendable (UploadMeter) -> Void) async -> Void

  private struct State {
    var uploads = UploadQueueState()
    var whenEmpty: [CheckedContinuation<Void, Never>] = []
    /// The directories that are being sent.
    var trees: [UploadID: (job: UploadJob, task: Task<Bool, Never>, since: ContinuousClock.Instant)] = [:]
  }

  /// The most queued uploads in a snapshot: copying all of a long queue each time would use more CPU than sending them.
  static let shownLimit = 200

  private let jobs: Int
  private let trees: TreeSending
  private let send: Sending
  private let state = Mutex(State())

  /// - Parameter jobs: uploads at once; less than 1 counts as 1.
  init(jobs: Int, trees: TreeSending = .none, send: @escaping Sending) {
    (self.jobs, self.trees, self.send) = (max(1, jobs), trees, send)
  }

  /// A queue whose uploads are sent by a client of its own, which retries by the usual policy.
  /// - Parameters:
  ///   - ledger: where running and ended uploads appear.
  ///   - jobs: uploads at once; less than 1 counts as 1.
  ///   - resume: how uploads continue after an interruption; nil to send each file in one request.
  ///   - proxies: the proxies through which servers are reached.
  package convenience init(
    _ ledger: UploadLedger,
    jobs: Int,
    resume: ResumeConfiguration? = nil,
    proxies: ProxySettings = .none
  ) {
    var configuration = UploadClientConfiguration()
    configuration.retry = .usual
    configuration.resume = resume
    configuration.proxies = proxies
    let client = ClientEngine(configuration: configuration, ledger: ledger, jobs: jobs)
    let trees = TreeSending(client.uploader, ledger, pool: client.readers)
    self.init(jobs: jobs, trees: trees) { job, onBegin in
      await client.uploader.send(job.source, to: job.target, mode: job.mode, id: job.id, onBegin: onBegin)
    }
  }

  /// Number of uploads that were cancelled while they waited in the queue. The ledger counts all others.
  var cancelledCount: Int { state.withLock { $0.uploads.cancelledCount } }

  /// Whether no upload is queued, starting or running, apart from those of ``addPaused(_:)``.
  package var isEmpty: Bool { state.withLock { $0.uploads.isEmpty } }

  /// Whether no upload is queued, starting or running, apart from paused ones.
  var isResting: Bool { state.withLock { $0.uploads.isResting } }

  /// Adds uploads at the end, the first ones if there is no room for all.
  /// - Returns: the number of rejected uploads: above 0 when the queue is full or closed.
  package func add(_ jobs: [UploadJob]) -> Int {
    let accepted = state.withLock { $0.uploads.add(jobs) }
    start()
    return jobs.count - accepted
  }

  /// Adds uploads that an earlier process has begun. Each is paused until ``resume(_:)``, or replaced when the same
  /// file is added for the same target.
  func addPaused(_ jobs: [UploadJob]) {
    let paused = jobs.map { job in
      var job = job
      job.isPaused = true
      return job
    }
    state.withLock { _ = $0.uploads.add(paused) }
  }

  /// Continues an upload of ``addPaused(_:)``.
  /// - Returns: false when there is none with this id.
  func resume(_ id: UploadID) -> Bool {
    let isKnown = state.withLock { $0.uploads.resume(id) }
    start()
    return isKnown
  }

  /// Notes that a running upload has been paused, so that another one may begin, or continues.
  func note(_ id: UploadID, isPaused: Bool) {
    state.withLock { $0.uploads.note(id, isPaused: isPaused) }
    start()
  }

  /// Pauses a directory that is being sent, or continues it, so that another upload may begin.
  /// - Returns: false when it is no directory, or has not begun or ended.
  func setTreePaused(_ id: UploadID, _ isPaused: Bool) -> Bool {
    guard let job = state.withLock({ $0.trees[id]?.job }), trees.setPaused(job, isPaused) else { return false }
    note(id, isPaused: isPaused)
    return true
  }

  /// Limits the rate of a queued upload, or of a directory as a whole.
  /// - Parameter bytesPerSecond: nil to remove the limit.
  /// - Returns: false when it is neither: a file that is being sent, or ended, or unknown.
  func setLimit(_ id: UploadID, _ bytesPerSecond: UInt64?) -> Bool {
    let (isQueued, tree) = state.withLock { ($0.uploads.setLimit(id, bytesPerSecond), $0.trees[id]?.job) }
    guard let tree else { return isQueued }
    return trees.setLimit(tree, bytesPerSecond) || isQueued
  }

  /// Queues the file of a finished, failed or cancelled upload again, as a new upload.
  /// - Returns: the new upload's id; nil when the upload has not ended, is not among the last 10,000, or the queue is
  ///   full or closed.
  func retry(_ id: UploadID) -> UploadID? {
    let added = state.withLock { state -> UploadID? in
      guard let job = state.uploads.retry(id), state.uploads.add([job]) == 1 else { return nil }
      return job.id
    }
    start()
    return added
  }

  /// Cancels an upload that has no meter yet, or a directory with all of its files, whose unfinished uploads the server deletes.
  /// One that starts just now is cancelled as soon as it has.
  /// - Returns: the upload; nil when it is not queued: it is on the ledger, has ended, or is unknown.
  func cancel(_ id: UploadID) -> UploadJob? {
    let (job, tree) = state.withLock { ($0.uploads.cancel(id), $0.trees[id]) }
    if let tree {
      trees.discard(tree.job)
      tree.task.cancel()
      // Those that have begun since.
      trees.discard(tree.job)
    }
    return job ?? tree?.job
  }

  /// Cancels the directories that are being sent: their files that have not ended, and those that have not begun.
  package func cancelTrees() {
    for tree in state.withLock({ Array($0.trees.values) }) { tree.task.cancel() }
  }

  /// Cancels the directories that the user has paused: their uploads can be continued.
  func cancelPausedTrees() {
    let paused = state.withLock { state in state.trees.values.filter { state.uploads.isPaused($0.job.id) } }
    for tree in paused { tree.task.cancel() }
  }

  /// Rejects further uploads, and cancels those that have no meter yet, but those of ``addPaused(_:)``, which are
  /// removed. Running ones continue.
  package func close() {
    state.withLock { $0.uploads.close() }
    resumeIfEmpty()
  }

  /// Returns when no upload is queued, starting or running.
  package func waitUntilEmpty() async {
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if !state.uploads.isEmpty { state.whenEmpty.append(continuation) }
        return state.uploads.isEmpty
      }
      if isEmpty { continuation.resume() }
    }
  }

  /// Sets the sizes to show for uploads that are still queued, in bytes; other ids are ignored.
  func note(sizes: [UploadID: UInt64]) { state.withLock { $0.uploads.note(sizes: sizes) } }

  /// A directory that is sent again is shown as waiting for the server's listing after this time.
  private static let listingTime = Duration.seconds(2)

  /// The first ``shownLimit`` uploads that have no meter yet, the number of further ones, and those that ended without
  /// one: cancelled while they waited, or empty directories. Each ended one is returned by one call only, waiting ones by
  /// every call.
  /// - Parameter now: the time that decides which directories wait for the server's listing.
  func drainQueued(
    at now: ContinuousClock.Instant = .now
  ) -> (waiting: [UploadSnapshot], rest: Int, ended: [UploadSnapshot]) {
    let (drained, empty, listing) = state.withLock { state in
      let listing = state.trees.values.filter { $0.job.skipsExisting && now - $0.since > Self.listingTime }
      return (state.uploads.drain(limit: Self.shownLimit), state.uploads.drainEmpty(), Set(listing.map(\.job.id)))
    }
    let cancelled = drained.cancelled.map { $0.snapshot(isCancelled: true) }
    let waiting = drained.waiting.map { listing.contains($0.id) ? $0.listingSnapshot() : $0.snapshot() }
    return (waiting, drained.rest, cancelled + empty.map { $0.emptySnapshot() })
  }

  private func start() {
    let starting = state.withLock { $0.uploads.start(limit: jobs) }
    for job in starting {
      Task.detached { [self] in
        if await trees.isDirectory(job) {
          await sendTree(job)
        } else {
          await send(job) { meter in
            let (limit, isCancelled) = self.state.withLock {
              ($0.uploads.limit(of: meter.id), $0.uploads.begun(meter.id))
            }
            meter.setLimit(limit)
            if isCancelled { meter.cancel() }
          }
          state.withLock { $0.uploads.ended(job.id) }
        }
        resumeIfEmpty()
        start()
      }
    }
  }

  /// Sends a directory. It remains queued until its first file has ended, unless that is cancelled before.
  private func sendTree(_ job: UploadJob) async {
    let task = Task { [trees, self] in
      await trees.send(job) {
        if self.state.withLock({ $0.uploads.begun(job.id) }) { self.state.withLock { $0.trees[job.id] }?.task.cancel() }
      }
    }
    let (isCancelled, limit) = state.withLock { state in
      state.trees[job.id] = (job, task, .now)
      return (state.uploads.isCancelled(job.id), state.uploads.limit(of: job.id))
    }
    if let limit { _ = trees.setLimit(job, limit) }
    if isCancelled { task.cancel() }
    let hadFiles = await task.value
    state.withLock { state in
      state.trees[job.id] = nil
      state.uploads.ended(job.id, isEmptyTree: !hadFiles)
    }
  }

  private func resumeIfEmpty() {
    let waiters = state.withLock { state in
      guard state.uploads.isEmpty else { return [] as [CheckedContinuation<Void, Never>] }
      defer { state.whenEmpty = [] }
      return state.whenEmpty
    }
    for waiter in waiters { waiter.resume() }
  }
}
