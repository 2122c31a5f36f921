import Glibc
import Synchronization
package import UploadClient
package import UploadCore

/// Files to be sent, a few at once and in their order. For any thread, and nothing here waits.
///
/// An upload is shown from here while it waits, and from the ledger once it has a meter, under one name.
package final class UploadQueue: Sendable {
  /// Sends one file to its end; tells of its meter once that is on the ledger.
  typealias Sending = @Sendable (UploadJob, @escaping @Sendable (UploadMeter) -> Void) async -> Void

  private struct State {
    var line = UploadQueueState()
    var whenEmpty: [CheckedContinuation<Void, Never>] = []
  }

  /// Uploads in line that are shown: copying all of a long one for each snapshot would take more of the processor than
  /// sending them, and nobody reads so far down.
  static let shownLimit = 200

  private let jobs: Int
  private let send: Sending
  private let state = Mutex(State())

  /// - Parameter jobs: uploads at once; less than 1 counts as 1.
  init(jobs: Int, send: @escaping Sending) {
    self.jobs = max(1, jobs)
    self.send = send
  }

  /// A line for a client's own uploads.
  package convenience init(_ client: ClientEngine, jobs: Int) {
    self.init(jobs: jobs) { job, onBegin in
      await client.uploader.send(job.source, to: job.target, mode: job.mode, id: job.id, onBegin: onBegin)
    }
  }

  /// How many have been called off before they had a meter.
  var cancelledCount: Int { state.withLock { $0.line.cancelledCount } }

  /// Whether nothing waits, starts or runs.
  package var isEmpty: Bool { state.withLock { $0.line.isEmpty } }

  /// Puts files at the end of the line.
  /// - Returns: how many found no place in it.
  package func add(_ jobs: [UploadJob]) -> Int {
    let taken = state.withLock { $0.line.add(jobs) }
    start()
    return jobs.count - taken
  }

  /// Sends the file of an upload that has ended once more.
  /// - Returns: what the upload is called now; nil when it has not ended, is not known any more, or finds no place.
  func retry(_ id: UploadID) -> UploadID? {
    let added = state.withLock { state -> UploadID? in
      guard let job = state.line.again(id), state.line.add([job]) == 1 else { return nil }
      return job.id
    }
    start()
    return added
  }

  /// Calls off an upload that has no meter yet.
  /// - Returns: false when there is none of that name in line: it may be on the ledger.
  func cancel(_ id: UploadID) -> Bool {
    state.withLock { $0.line.cancel(id) }
  }

  /// Takes nothing more, and calls off what has no meter yet.
  package func close() {
    state.withLock { $0.line.close() }
    tellEmpty()
  }

  /// Returns when nothing waits, starts or runs.
  package func waitUntilEmpty() async {
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if !state.line.isEmpty { state.whenEmpty.append(continuation) }
        return state.line.isEmpty
      }
      if isEmpty { continuation.resume() }
    }
  }

  /// Notes how large files are, those that are still in line.
  func note(sizes: [UploadID: UInt64]) {
    state.withLock { $0.line.note(sizes: sizes) }
  }

  /// The uploads that have no meter yet: the first ones in their order, how many are behind them, and those that have
  /// been called off since the last call.
  func drainQueued() -> (waiting: [UploadSnapshot], rest: Int, cancelled: [UploadSnapshot]) {
    let line = state.withLock { $0.line.take(limit: Self.shownLimit) }
    return (line.waiting.map { $0.snapshot() }, line.rest, line.cancelled.map { $0.snapshot(isCancelled: true) })
  }

  private func start() {
    let starting = state.withLock { $0.line.start(limit: jobs) }
    for job in starting {
      Task.detached { [self] in
        await send(job) { meter in self.begun(meter) }
        state.withLock { $0.line.ended(job.id) }
        tellEmpty()
        start()
      }
    }
  }

  private func begun(_ meter: UploadMeter) {
    let isCalledOff = state.withLock { $0.line.begun(meter.id) }
    if isCalledOff { meter.cancel() }
  }

  private func tellEmpty() {
    let waiters = state.withLock { state in
      guard state.line.isEmpty else { return [] as [CheckedContinuation<Void, Never>] }
      defer { state.whenEmpty = [] }
      return state.whenEmpty
    }
    for waiter in waiters { waiter.resume() }
  }
}

/// A file to be sent, with all that is needed to send it once more.
package struct UploadJob: Sendable {
  /// What the upload is called, in the line and on the ledger.
  let id: UploadID
  let path: String
  let target: SendTarget
  let mode: UploadMode
  /// In bytes, as the line shows it; nil while nobody has looked. What is sent is what the file has then.
  var size: UInt64?

  package init(path: String, target: SendTarget, mode: UploadMode) {
    id = UploadID()
    self.path = path
    self.target = target
    self.mode = mode
  }

  /// What is sent.
  var source: UploadSource { .file(path) }

  /// The upload as it is shown while others are before it.
  func snapshot(isCancelled: Bool = false) -> UploadSnapshot {
    .inLine(
      id: id,
      mode: mode,
      name: PlainText.sanitized(source.name),
      size: size,
      remote: target.authority,
      isCancelled: isCancelled
    )
  }

  /// The same file to the same place, as another upload.
  var again: UploadJob {
    UploadJob(path: path, target: target, mode: mode)
  }

  /// Looks at the file's size. May block.
  static func size(of path: String) -> UInt64? {
    var status = stat()
    guard NameBytes.withPath(path, { stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return UInt64(max(0, status.st_size))
  }
}
