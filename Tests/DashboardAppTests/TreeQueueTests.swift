import Dashboard
import Synchronization
import Testing
import UploadClient
import UploadCore
import UploadTestSupport

@testable import DashboardApp

/// Directories in the upload queue: each is one job with all of its files.
@Suite struct TreeQueueTests {
  /// Directories that are being sent, until a test ends them or their task is cancelled.
  private final class Stage: Sendable {
    private struct Running {
      let onFirst: @Sendable () -> Void
      let end: CheckedContinuation<Bool, Never>
    }

    private let running = Mutex<[String: Running]>([:])
    private let cancelledPaths = Mutex<[String]>([])
    private let discardedPaths = Mutex<Set<String>>([])
    private let pausedPaths = Mutex<Set<String>>([])

    var paths: [String] { running.withLock { $0.keys.sorted() } }
    var cancelled: [String] { cancelledPaths.withLock { $0 } }
    var discarded: Set<String> { discardedPaths.withLock { $0 } }

    var paused: Set<String> { pausedPaths.withLock { $0 } }

    /// Fails before the first file has begun, as the ledger has no group then.
    func setPaused(_ job: UploadJob, _ isPaused: Bool) -> Bool {
      guard job.path != "/tree/early" else { return false }
      pausedPaths.withLock { if isPaused { $0.insert(job.path) } else { $0.remove(job.path) } }
      return true
    }

    func discard(_ job: UploadJob) { discardedPaths.withLock { _ = $0.insert(job.path) } }

    func send(_ job: UploadJob, _ onFirst: @escaping @Sendable () -> Void) async -> Bool {
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          running.withLock { $0[job.path] = Running(onFirst: onFirst, end: continuation) }
          // A cancellation before this found nothing to end.
          if Task.isCancelled { cancel(job.path) }
        }
      } onCancel: {
        cancel(job.path)
      }
    }

    private func cancel(_ path: String) {
      guard end(path, hadFiles: false) else { return }
      cancelledPaths.withLock { $0.append(path) }
    }

    func first(_ path: String) { running.withLock { $0[path] }?.onFirst() }

    @discardableResult
    func end(_ path: String, hadFiles: Bool = true) -> Bool {
      guard let ended = running.withLock({ $0.removeValue(forKey: path) }) else { return false }
      ended.end.resume(returning: hadFiles)
      return true
    }
  }

  private let stage = Stage()

  /// Paths that begin with `/tree` are directories; files end at once.
  private func queue(jobs: Int) -> UploadQueue {
    let trees = TreeSending(
      isDirectory: { $0.path.hasPrefix("/tree") },
      send: { [stage] in await stage.send($0, $1) },
      discard: { [stage] in stage.discard($0) },
      setPaused: { [stage] in stage.setPaused($0, $1) }
    )
    return UploadQueue(jobs: jobs, trees: trees) { _, _ in }
  }

  private func jobs(_ paths: String...) throws -> [UploadJob] {
    try paths.map { UploadJob(path: $0, target: try SendTarget("http://127.0.0.1:1"), mode: .stream) }
  }

  @Test func `a directory is one job, and remains queued until its first file has ended`() async throws {
    let queue = queue(jobs: 1)
    let jobs = try jobs("/tree/a", "/tree/b")
    _ = queue.add(jobs)
    try await eventually("the first") { stage.paths == ["/tree/a"] }
    #expect(queue.drainQueued().waiting.map(\.id) == jobs.map(\.id))
    stage.first("/tree/a")
    #expect(queue.drainQueued().waiting.map(\.id) == [jobs[1].id])
    stage.end("/tree/a")
    try await eventually("the second") { stage.paths == ["/tree/b"] }
    stage.first("/tree/b")
    stage.end("/tree/b")
    await queue.waitUntilEmpty()
    #expect(queue.drainQueued().ended.isEmpty, "the ledger has their files")
  }

  @Test func `cancelling a running directory ends all of it, and it can be sent again`() async throws {
    let queue = queue(jobs: 1)
    let job = try jobs("/tree/a")[0]
    _ = queue.add([job])
    try await eventually("it") { stage.paths == ["/tree/a"] }
    stage.first("/tree/a")
    #expect(queue.cancel(job.id)?.id == job.id)
    await queue.waitUntilEmpty()
    #expect(stage.cancelled == ["/tree/a"] && stage.discarded == ["/tree/a"])
    let again = queue.retry(job.id)
    #expect(again != nil && again != job.id)
    #expect(!job.skipsExisting && job.copy.skipsExisting, "the server has some of its files")
    try await eventually("it again") { stage.paths == ["/tree/a"] }
    stage.end("/tree/a")
    await queue.waitUntilEmpty()
  }

  @Test func `a paused directory leaves its place to the next, and continues later`() async throws {
    let queue = queue(jobs: 1)
    let jobs = try jobs("/tree/a", "/tree/b")
    _ = queue.add(jobs)
    try await eventually("the first") { stage.paths == ["/tree/a"] }
    stage.first("/tree/a")
    #expect(queue.setTreePaused(jobs[0].id, true))
    #expect(stage.paused == ["/tree/a"])
    try await eventually("the second") { stage.paths == ["/tree/a", "/tree/b"] }
    #expect(queue.setTreePaused(jobs[0].id, false))
    #expect(stage.paused.isEmpty)
    stage.end("/tree/a")
    stage.end("/tree/b")
    await queue.waitUntilEmpty()
    #expect(!queue.setTreePaused(jobs[0].id, true), "it has ended")
  }

  @Test func `a directory cannot be paused before its first file, and a paused one can be cancelled`() async throws {
    let queue = queue(jobs: 2)
    let jobs = try jobs("/tree/early", "/tree/a", "/file")
    _ = queue.add(jobs)
    try await eventually("both") { stage.paths == ["/tree/a", "/tree/early"] }
    #expect(!queue.setTreePaused(jobs[0].id, true))
    #expect(!queue.setTreePaused(jobs[2].id, true), "a file is no tree")
    #expect(queue.setTreePaused(jobs[1].id, true))
    #expect(queue.cancel(jobs[1].id) != nil)
    try await eventually("its end") { stage.cancelled == ["/tree/a"] }
    stage.end("/tree/early")
    await queue.waitUntilEmpty()
  }

  @Test func `when the program stops, a paused directory does not wait for its grace`() async throws {
    let queue = queue(jobs: 2)
    let jobs = try jobs("/tree/a", "/tree/b")
    _ = queue.add(jobs)
    try await eventually("both") { stage.paths.count == 2 }
    for path in ["/tree/a", "/tree/b"] { stage.first(path) }
    #expect(queue.setTreePaused(jobs[0].id, true))
    queue.close()
    queue.cancelPausedTrees()
    try await eventually("the paused one") { stage.paths == ["/tree/b"] }
    stage.end("/tree/b")
    await queue.waitUntilEmpty()
    #expect(stage.cancelled == ["/tree/a"])
  }

  @Test func `a directory that is cancelled before its first file is reported as cancelled, once`() async throws {
    let queue = queue(jobs: 1)
    let job = try jobs("/tree/a")[0]
    _ = queue.add([job])
    try await eventually("it") { stage.paths == ["/tree/a"] }
    #expect(queue.cancel(job.id) != nil)
    await queue.waitUntilEmpty()
    #expect(queue.drainQueued().ended.map(\.state) == [.cancelled])
    #expect(queue.drainQueued().ended.isEmpty)
    #expect(queue.cancelledCount == 1)
  }

  @Test func `a directory that is sent again and waits for the server's listing has a state and a reason`() async throws
  {
    let queue = queue(jobs: 1)
    let job = try jobs("/tree/a")[0]
    _ = queue.add([job])
    try await eventually("it") { stage.paths == ["/tree/a"] }
    #expect(queue.drainQueued(at: .now + .seconds(9)).waiting.map(\.retryReason) == [nil], "it lists nothing")
    stage.end("/tree/a")
    await queue.waitUntilEmpty()
    let again = try #require(queue.retry(job.id))
    try await eventually("it again") { stage.paths == ["/tree/a"] }
    #expect(queue.drainQueued(at: .now).waiting.map(\.isQueued) == [true])
    let waiting = queue.drainQueued(at: .now + .seconds(9)).waiting
    #expect(waiting.map(\.id) == [again] && waiting.map(\.isQueued) == [false])
    #expect(waiting[0].state == .waiting && waiting[0].retryReason?.contains("300 s") == true, "\(waiting)")
    stage.end("/tree/a")
    await queue.waitUntilEmpty()
  }

  @Test func `a directory without files is reported as sent, once`() async throws {
    let queue = queue(jobs: 1)
    _ = queue.add(try jobs("/tree/empty"))
    try await eventually("it") { stage.paths == ["/tree/empty"] }
    stage.end("/tree/empty", hadFiles: false)
    await queue.waitUntilEmpty()
    let ended = queue.drainQueued().ended
    #expect(ended.map(\.name) == ["empty"] && ended.map(\.state) == [.done])
    #expect(ended.allSatisfy { !$0.isQueued && $0.outcome != nil })
    #expect(queue.drainQueued().ended.isEmpty)
  }

  @Test func `when the program stops, directories that are being sent end`() async throws {
    let queue = queue(jobs: 2)
    _ = queue.add(try jobs("/tree/a", "/tree/b", "/tree/c"))
    try await eventually("two") { stage.paths.count == 2 }
    queue.close()
    queue.cancelTrees()
    await queue.waitUntilEmpty()
    #expect(stage.cancelled.sorted() == ["/tree/a", "/tree/b"])
    #expect(stage.discarded.isEmpty, "the next process can continue their uploads")
  }

  @Test func `the group of a job has the whole number of files only where all were counted`() throws {
    let job = try jobs("/home/ann/photos")[0]
    #expect(job.name == "photos")
    var count = DirectoryCount(path: "/home/ann/photos")
    (count.files, count.bytes, count.unreadable) = (10, 1000, 2)
    let whole = UploadGroup(job, count)
    #expect((whole.id, whole.name, whole.files, whole.bytes) == (job.id.description, "photos", 12, 1000))
    count.isPartial = true
    #expect(UploadGroup(job, count).files == nil)
    #expect(UploadGroup(job, nil).bytes == nil)
  }
}
