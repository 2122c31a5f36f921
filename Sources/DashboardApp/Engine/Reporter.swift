package import UploadCore
import UploadStorage

/// Samples the uploads ten times per second and shows them, every five seconds while there are only interrupted and
/// paused ones. Pauses a second after the last upload or rejected request, until the next one. Nothing else may sample
/// the same ledger.
///
/// It writes on a thread of its own, which blocks while the output is not read.
package actor Reporter {
  private static let period = Duration.milliseconds(100)
  /// The longest time between two samples while uploads are interrupted or paused: what has been stored of one may
  /// still be synced. One that continues ends the wait.
  private static let restPeriod = Duration.seconds(5)

  private let executor = ThreadExecutor()
  private var sampler: Sampler
  private var renderer: any ProgressRenderer
  private let onIdle: @Sendable () -> Void
  private let activity = WakeUps()
  private var isOver = false
  private var idle = IdleWatch()

  /// - Parameter onIdle: called each time there has been no upload and no rejected request for a second after some. It
  ///   must not block.
  package init(
    sampler: Sampler,
    ledger: UploadLedger,
    renderer: any ProgressRenderer,
    onIdle: @escaping @Sendable () -> Void = {}
  ) {
    (self.sampler, self.renderer, self.onIdle) = (sampler, renderer, onIdle)
    ledger.onActivity { [activity] in activity.post() }
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// Writes an output line after the time of day, between those of two snapshots.
  package func write(_ line: String) { Output.timedLine(line) }

  /// Reports until its task is cancelled; call it once. ``finish()`` alone does not end a pause without uploads, so
  /// cancel the task first.
  package func run() async {
    var wakeUps = activity.stream.makeAsyncIterator()
    while !Task.isCancelled, !isOver {
      switch report() {
      case .busy: try? await Task.sleep(for: Self.period)
      case .resting:
        let timer = Task { [activity] in
          // A cancelled timer must not post: the next wait would end at once, again and again.
          if (try? await Task.sleep(for: Self.restPeriod)) != nil { activity.post() }
        }
        _ = await wakeUps.next(isolation: self)
        timer.cancel()
      case .idle: _ = await wakeUps.next(isolation: self)
      }
    }
  }

  /// Reports a last time and ends the renderer; no snapshot is shown after that. Call it once, after the last upload.
  package func finish() {
    report()
    isOver = true
    renderer.end()
  }

  /// What may change before the ledger reports activity.
  private enum Outlook {
    case busy
    /// Only times, and what is synced of interrupted uploads.
    case resting
    /// Nothing.
    case idle
  }

  @discardableResult
  private func report() -> Outlook {
    guard !isOver else { return .idle }
    let snapshot = sampler.sample()
    renderer.show(snapshot)
    if idle.becomesIdle(with: snapshot) { onIdle() }
    guard snapshot.isResting, !idle.isPending else { return .busy }
    return snapshot.uploads.isEmpty ? .idle : .resting
  }
}

/// Detects the moment when the process becomes idle after uploads or rejected requests.
struct IdleWatch {
  /// Time without an upload after which the process is idle.
  private static let idleAfter = Duration.seconds(1)

  /// The last activity; nil once it was reported as over.
  private var lastActive: ContinuousClock.Instant?

  /// Whether there was activity after which ``becomesIdle(with:)`` has not returned true yet.
  var isPending: Bool { lastActive != nil }

  /// Call it with every snapshot.
  /// - Returns: true once after each activity, for the first snapshot that is at least a second after the last one with
  ///   uploads or rejected requests. Interrupted and paused uploads do not count.
  mutating func becomesIdle(with snapshot: Snapshot) -> Bool {
    if !snapshot.isResting || !snapshot.rejected.isEmpty || snapshot.hasUnreportedRejections {
      lastActive = snapshot.at
    } else if let last = lastActive, snapshot.at - last >= Self.idleAfter {
      lastActive = nil
      return true
    }
    return false
  }
}

/// Runs an actor on a thread of its own, so that one whose calls block, such as writes to a pipe that is not read, takes no
/// thread from the tasks of the process: there are only as many as cores. The thread ends after a while without work.
final class ThreadExecutor: SerialExecutor {
  private let worker = WorkerPool(threads: 1)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    worker.submit { [self] _ in job.runSynchronously(on: asUnownedSerialExecutor()) }
  }
}
