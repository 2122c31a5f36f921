import Dashboard
import NIOPosix
import Synchronization
import UploadClient
import UploadCore

/// What the upload queue needs to send a directory as a tree: one job, with all of its files in one group.
struct TreeSending: Sendable {
  /// Whether the job's path is a directory, whose content is then sent by ``send``.
  var isDirectory: @Sendable (UploadJob) async -> Bool
  /// Sends everything in the job's directory, and returns when all files have ended; cancelling the task ends those that
  /// have not. Calls back when the first file has ended: from then on the ledger has the group.
  /// - Returns: whether the directory had anything to send or report.
  var send: @Sendable (UploadJob, @escaping @Sendable () -> Void) async -> Bool

  /// Cancels the files of the job's directory that are being sent, so that what the server has of them is deleted.
  var discard: @Sendable (UploadJob) -> Void = { _ in }

  /// Pauses the sending of a job's directory, or continues it: files that cannot be paused are completed, and no other
  /// begins.
  /// - Returns: false when it is not being sent, or no file of it has begun.
  var setPaused: @Sendable (UploadJob, Bool) -> Bool = { _, _ in false }

  /// Limits the rate of a job's directory as a whole, from its first file on; nil to remove the limit.
  /// - Returns: false when too many directories have a limit.
  var setLimit: @Sendable (UploadJob, UInt64?) -> Bool = { _, _ in false }

  /// For a queue whose paths are files.
  static let none = TreeSending(isDirectory: { _ in false }, send: { _, _ in false })
}

extension TreeSending {
  /// - Parameters:
  ///   - uploader: sends the files.
  ///   - ledger: that of the uploader; also has what the walk cannot read, as failed files.
  ///   - pool: for the walk, which blocks.
  init(_ uploader: Uploader, _ ledger: UploadLedger, pool: NIOThreadPool) {
    let gates = TreeGates()
    setPaused = { job, isPaused in
      guard let gate = gates[job.id], ledger.setPaused(job.id.description, .outgoing, isPaused) else { return false }
      gate.setPaused(isPaused)
      return true
    }
    setLimit = { job, limit in ledger.setLimit(job.id.description, .outgoing, limit) }
    discard = { job in
      let group = job.id.description
      for meter in ledger.active() where meter.direction == .outgoing && meter.group?.id == group { meter.cancel() }
    }
    isDirectory = { job in await Self.onPool(pool) { job.isDirectory } ?? false }
    send = { job, onFirst in
      let signals = TreeSignals()
      // Counted first: the server states progress of the whole tree.
      let count = await withTaskCancellationHandler {
        await Self.onPool(pool) { DirectoryCounter().count(job.path) { signals.isSet } }
      } onCancel: {
        signals.set()
      }
      guard !Task.isCancelled else { return false }
      @Sendable func noteFailure(_ path: String, _ error: UploadError, _ group: UploadGroup) {
        let outcome: UploadOutcome = error.code == .cancelled ? .cancelled : .failed(error)
        ledger.end(UploadMeter(failed: path, of: job, group), outcome)
        if signals.isFirst() { onFirst() }
      }
      @Sendable func makeFeed(_ group: UploadGroup, skipsExisting: Bool) async throws(UploadError) -> TreeFeed {
        try await uploader.feed(
          [.directory(job.path)],
          rules: TreeRules(),
          to: job.target,
          skipsExisting: skipsExisting,
          group: group
        ) { event in
          switch event {
          case .failed(let path, let error), .directoryFailed(let path, let error): noteFailure(path, error, group)
          case .exists, .unknown, .skipped, .directoryMade, .directoryExists, .directoryNotSent: break
          }
        }
      }
      // How many of them are to be sent is known only at the end.
      var group = UploadGroup(job, job.skipsExisting ? nil : count)
      do throws(UploadError) {
        let feed: TreeFeed
        do throws(UploadError) {
          feed = try await makeFeed(group, skipsExisting: job.skipsExisting)
        } catch {
          // The server lists no files, or not for this client: all are sent.
          guard job.skipsExisting, [.refusedByServer, .badAnswer].contains(error.code) else { throw error }
          group = UploadGroup(job, count)
          feed = try await makeFeed(group, skipsExisting: false)
        }
        let sender = feed.needsDigests ? uploader.askingForDigests : uploader
        let sources = GatedSources(sources: feed.sources, gate: gates.begin(job.id))
        defer { gates.end(job.id) }
        await sender.sendEach(sources, to: job.target, mode: job.mode, jobs: nil, group: feed.group) { _, _ in
          sources.gate.noteEnd()
          if signals.isFirst() { onFirst() }
        }
        await feed.finish()
      } catch {
        // Cancelled while it waited for the server's listing: nothing of it has begun.
        if error.code == .cancelled, !signals.hasFiles { return false }
        noteFailure(job.path, error, group)
      }
      ledger.close(group, .outgoing, isCancelled: Task.isCancelled)
      return signals.hasFiles
    }
  }

  /// Runs blocking work on the pool; nil when the pool was shut down.
  private static func onPool<Result: Sendable>(
    _ pool: NIOThreadPool,
    _ work: @escaping @Sendable () -> Result
  ) async -> Result? {
    try? await pool.runIfActive(work)
  }

  /// The gates of the directories that are being sent.
  private final class TreeGates: Sendable {
    private let gates = Mutex<[UploadID: TreeGate]>([:])

    subscript(id: UploadID) -> TreeGate? { gates.withLock { $0[id] } }

    func begin(_ id: UploadID) -> TreeGate {
      let gate = TreeGate()
      gates.withLock { $0[id] = gate }
      return gate
    }

    func end(_ id: UploadID) { gates.withLock { $0[id] = nil } }
  }

  /// What the threads of one tree tell each other.
  private final class TreeSignals: Sendable {
    private let stopped = Atomic<Bool>(false)
    private let noted = Atomic<Bool>(false)

    var isSet: Bool { stopped.load(ordering: .relaxed) }
    func set() { stopped.store(true, ordering: .relaxed) }

    /// Whether the tree had a file, sent or failed.
    var hasFiles: Bool { noted.load(ordering: .relaxed) }

    /// Notes a file.
    /// - Returns: whether it was the first.
    func isFirst() -> Bool { !noted.exchange(true, ordering: .relaxed) }
  }
}

extension UploadGroup {
  /// The group of a job that sends a directory: the dashboard knows its row by the job's id.
  /// - Parameter count: nil, or partial, where the whole is not known.
  init(_ job: UploadJob, _ count: DirectoryCount?) {
    let whole = count.flatMap { $0.isPartial || $0.isStopped || $0.problem != nil ? nil : $0 }
    let name = PlainText.sanitized(job.name)
    // What cannot be read is reported as failed files.
    let files = whole.map { $0.files &+ $0.unreadable }
    self.init(id: job.id.description, name: name, files: files, bytes: whole?.bytes)
  }
}

extension UploadMeter {
  /// The meter of a file or directory that cannot be read or made, to be ended at once.
  fileprivate convenience init(failed path: String, of job: UploadJob, _ group: UploadGroup) {
    self.init(
      direction: .outgoing,
      mode: job.mode,
      name: PlainText.sanitized(path),
      size: nil,
      remote: job.target.authority,
      group: group
    )
  }
}
