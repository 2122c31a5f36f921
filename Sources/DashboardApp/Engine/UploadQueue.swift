import Glibc
import Synchronization
package import UploadClient
package import UploadCore

/// Sends queued uploads in their order, a limited number at once. Safe on any thread; no call blocks.
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
  }

  /// The most queued uploads in a snapshot: copying all of a long queue each time would use more CPU than sending them.
  static let shownLimit = 200

  private let jobs: Int
  private let send: Sending
  private let state = Mutex(State())

  /// - Parameter jobs: uploads at once; less than 1 counts as 1.
  init(jobs: Int, send: @escaping Sending) {
    (self.jobs, self.send) = (max(1, jobs), send)
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
    self.init(jobs: jobs) { job, onBegin in
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

  /// Cancels an upload that has no meter yet. One that starts just now is cancelled as soon as it has.
  /// - Returns: the upload; nil when it is not queued: it is on the ledger, has ended, or is unknown.
  func cancel(_ id: UploadID) -> UploadJob? { state.withLock { $0.uploads.cancel(id) } }

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

  /// The first ``shownLimit`` uploads that have no meter yet, the number of further ones, and those that were cancelled
  /// while they waited. Each cancelled one is returned by one call only, waiting ones by every call.
  func drainQueued() -> (waiting: [UploadSnapshot], rest: Int, cancelled: [UploadSnapshot]) {
    let drained = state.withLock { $0.uploads.drain(limit: Self.shownLimit) }
    let cancelled = drained.cancelled.map { $0.snapshot(isCancelled: true) }
    return (drained.waiting.map { $0.snapshot() }, drained.rest, cancelled)
  }

  private func start() {
    let starting = state.withLock { $0.uploads.start(limit: jobs) }
    for job in starting {
      Task.detached { [self] in
        await send(job) { meter in
          if self.state.withLock({ $0.uploads.begun(meter.id) }) { meter.cancel() }
        }
        state.withLock { $0.uploads.ended(job.id) }
        resumeIfEmpty()
        start()
      }
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

/// A file to send, with everything needed to send it again.
package struct UploadJob: Sendable {
  /// The upload's id, in the queue and on the ledger.
  let id: UploadID
  let path: String
  let target: SendTarget
  let mode: UploadMode
  /// Size in bytes, for display only; nil until it is known.
  var size: UInt64?
  /// What the journal says of an upload that an earlier process has begun; otherwise nil.
  let unfinished: ResumeJournal.Entry?
  /// Whether the upload begins only when the user continues it.
  var isPaused = false

  package init(path: String, target: SendTarget, mode: UploadMode) {
    (id, self.path, self.target, self.mode) = (UploadID(), path, target, mode)
    unfinished = nil
  }

  /// An upload that an earlier process has begun: the client finds its entry in the journal by itself.
  init(continuing entry: ResumeJournal.Entry, target: SendTarget) {
    (id, path, self.target, mode) = (UploadID(), entry.path, target, .stream)
    (size, unfinished) = (entry.size, entry)
  }

  /// The file as the client opens it, once its upload starts.
  var source: UploadSource { .file(path) }

  /// The upload as the dashboard shows it while it is queued, or cancelled before it began.
  func snapshot(isCancelled: Bool = false) -> UploadSnapshot {
    let (name, remote) = (PlainText.sanitized(source.name), target.authority)
    var upload = UploadSnapshot.queued(
      id: id,
      mode: unfinished == nil ? mode : .resumable,
      name: name,
      size: size,
      remote: remote,
      isCancelled: isCancelled,
      isPaused: isPaused
    )
    upload.bytes = unfinished?.offset ?? 0
    return upload
  }

  /// Whether it sends the same file to the same URL, with whatever token.
  func isSameFile(as other: UploadJob) -> Bool {
    path == other.path && target.isSecure == other.target.isSecure && target.authority == other.target.authority
      && target.path == other.target.path && target.query == other.target.query
  }

  /// The same file to the same target in the same mode, as an upload with a new id.
  var copy: UploadJob { UploadJob(path: path, target: target, mode: mode) }

  /// Reads a file's size in bytes; nil when there is no regular file. Follows symbolic links. May block.
  static func size(of path: String) -> UInt64? {
    var status = stat()
    guard NameBytes.withPath(path, { stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(max(0, status.st_size))
  }
}
