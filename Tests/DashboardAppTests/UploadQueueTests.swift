import Synchronization
import Testing
import UploadClient
import UploadCore
import UploadTestSupport

@testable import DashboardApp

/// The queue with uploads that end when a test says so.
@Suite struct UploadQueueTests {
  /// Uploads that have begun, and the continuations that end them.
  private final class Stage: Sendable {
    private let running = Mutex<[(path: String, meter: UploadMeter, end: CheckedContinuation<Void, Never>)]>([])
    let ledger = UploadLedger()

    var paths: [String] { running.withLock { $0.map(\.path) } }

    func send(_ job: UploadJob, _ onBegin: @Sendable (UploadMeter) -> Void) async {
      let meter = UploadMeter(
        id: job.id,
        direction: .outgoing,
        mode: job.mode,
        name: job.path,
        size: nil,
        remote: job.target.authority
      )
      ledger.begin(meter)
      await withCheckedContinuation { continuation in
        running.withLock { $0.append((job.path, meter, continuation)) }
        meter.onCancel { [self] in end(job.path, .cancelled) }
        onBegin(meter)
      }
    }

    func end(_ path: String, _ outcome: UploadOutcome = .finished(FinishedUpload(path: "x", bytes: 0))) {
      let ended = running.withLock { running in
        running.firstIndex { $0.path == path }.map { running.remove(at: $0) }
      }
      guard let ended else { return }
      ledger.end(ended.meter, outcome)
      ended.end.resume()
    }
  }

  private let stage = Stage()

  private func queue(jobs: Int) -> UploadQueue {
    UploadQueue(jobs: jobs) { [stage] in await stage.send($0, $1) }
  }

  private func jobs(_ names: String...) throws -> [UploadJob] {
    try names.map { UploadJob(path: $0, target: try SendTarget("http://127.0.0.1:1"), mode: .multipart) }
  }

  @Test func `with one job uploads run in order, each queued or on the ledger under its id`() async throws {
    let queue = queue(jobs: 1)
    let jobs = try jobs("a", "b", "c")
    #expect(queue.add(jobs) == 0)
    try await eventually("the first") { stage.paths == ["a"] && queue.drainQueued().waiting.count == 2 }
    #expect(queue.drainQueued().waiting.map(\.id) == [jobs[1].id, jobs[2].id])
    #expect(stage.ledger.active().map(\.id) == [jobs[0].id])
    stage.end("a")
    try await eventually("the second") { stage.paths == ["b"] }
    stage.end("b")
    try await eventually("the third") { stage.paths == ["c"] }
    #expect(!queue.isEmpty)
    stage.end("c")
    await queue.waitUntilEmpty()
    #expect(stage.ledger.totals(.outgoing).finished == 3)
  }

  @Test
  func `a queued upload that is cancelled never begins, and only the ledger cancels a running one`() async throws {
    let queue = queue(jobs: 1)
    let jobs = try jobs("a", "b")
    _ = queue.add(jobs)
    try await eventually("the first") { stage.paths == ["a"] && queue.drainQueued().waiting.count == 1 }
    #expect(queue.cancel(jobs[1].id)?.id == jobs[1].id)
    #expect(queue.drainQueued().ended.map(\.state) == [.cancelled])
    #expect(queue.cancel(jobs[0].id) == nil && stage.ledger.cancel(jobs[0].id))
    await queue.waitUntilEmpty()
    #expect(stage.ledger.totals(.outgoing).started == 1)
    let again = [queue.retry(jobs[1].id), queue.retry(jobs[0].id)]
    #expect(Set(again + jobs.map(\.id)).count == 4 && !again.contains(nil), "under names of their own")
    try await eventually("one of them again") { stage.paths == ["b"] }
    stage.end("b")
    try await eventually("the other again") { stage.paths == ["a"] }
    stage.end("a")
    await queue.waitUntilEmpty()
  }

  @Test func `a running upload that is paused lets the next one begin`() async throws {
    let queue = queue(jobs: 1)
    let jobs = try jobs("a", "b")
    _ = queue.add(jobs)
    try await eventually("the first") { stage.paths == ["a"] && queue.drainQueued().waiting.count == 1 }
    queue.note(jobs[0].id, isPaused: true)
    try await eventually("the second") { stage.paths == ["a", "b"] }
    stage.end("b")
    try await eventually("rest") { queue.isResting }
    #expect(!queue.isEmpty)
    stage.end("a")
    await queue.waitUntilEmpty()
  }

  @Test func `a limit on a queued upload is shown, and applies when it begins`() async throws {
    let queue = queue(jobs: 1)
    let jobs = try jobs("a", "b")
    #expect(queue.add(jobs) == 0)
    try await eventually("the first") { stage.paths == ["a"] && queue.drainQueued().waiting.count == 1 }
    #expect(queue.setLimit(jobs[1].id, 1000) && !queue.setLimit(jobs[0].id, 1000) && !queue.setLimit(UploadID(), 1))
    #expect(queue.drainQueued().waiting.map(\.limit) == [1000])
    stage.end("a")
    try await eventually("the second") { stage.paths == ["b"] && stage.ledger.active().first?.limit == 1000 }
    stage.end("b")
    await queue.waitUntilEmpty()
  }

  @Test func `closing the queue cancels the waiting upload, and the running ones finish`() async throws {
    let queue = queue(jobs: 2)
    _ = queue.add(try jobs("a", "b", "c"))
    try await eventually("two") { stage.paths.count == 2 && queue.drainQueued().waiting.count == 1 }
    queue.close()
    #expect(queue.cancelledCount == 1)
    #expect(queue.add(try jobs("d")) == 1)
    let waiting = Task { await queue.waitUntilEmpty() }
    stage.end("a")
    stage.end("b")
    await waiting.value
    #expect(stage.ledger.totals(.outgoing).started == 2)
  }

  @Test func `an upload that is cancelled while it is added or starts ends exactly once`() async throws {
    for _ in 0..<200 {
      let queue = queue(jobs: 1)
      let jobs = try jobs("a")
      await withTaskGroup { [ledger = stage.ledger] group in
        group.addTask { _ = queue.add(jobs) }
        group.addTask { while queue.cancel(jobs[0].id) == nil, !ledger.cancel(jobs[0].id) { await Task.yield() } }
      }
      await queue.waitUntilEmpty()
      let line = queue.drainQueued()
      let ended = stage.ledger.drain().ended
      #expect(line.waiting.isEmpty && line.ended.count + ended.count == 1)
    }
  }
}
