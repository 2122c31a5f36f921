import Testing
import UploadClient
import UploadCore

@testable import DashboardApp

@Suite struct UploadQueueStateTests {
  /// The machine behind a reference, so that `#expect` can call its mutating functions.
  @dynamicMemberLookup
  private final class Queue {
    private var queue = UploadQueueState()

    subscript<Value>(dynamicMember path: KeyPath<UploadQueueState, Value>) -> Value { queue[keyPath: path] }

    func add(_ jobs: [UploadJob]) -> Int { queue.add(jobs) }
    func start(limit: Int) -> [UploadJob] { queue.start(limit: limit) }
    func begun(_ id: UploadID) -> Bool { queue.begun(id) }
    func ended(_ id: UploadID) { queue.ended(id) }
    func retry(_ id: UploadID) -> UploadJob? { queue.retry(id) }
    func cancel(_ id: UploadID) -> Bool { queue.cancel(id) != nil }
    func resume(_ id: UploadID) -> Bool { queue.resume(id) }
    func note(_ id: UploadID, isPaused: Bool) { queue.note(id, isPaused: isPaused) }
    func close() { queue.close() }
    func note(sizes: [UploadID: UInt64]) { queue.note(sizes: sizes) }
    func drain(limit: Int = .max) -> (waiting: [UploadJob], rest: Int, cancelled: [UploadJob]) {
      queue.drain(limit: limit)
    }
  }

  private func jobs(_ names: String...) throws -> [UploadJob] {
    try names.map { UploadJob(path: "/\($0)", target: try SendTarget("http://127.0.0.1:1"), mode: .stream) }
  }

  @Test func `uploads start in their order, at most as many at once as the limit says`() throws {
    let queue = Queue()
    let jobs = try jobs("a", "b", "c")
    #expect(queue.add(jobs) == 3)
    #expect(queue.start(limit: 2).map(\.path) == ["/a", "/b"])
    #expect(queue.start(limit: 2).isEmpty)
    #expect(queue.drain().waiting.map(\.path) == ["/a", "/b", "/c"], "those that start have no meter yet")
    #expect(!queue.begun(jobs[0].id))
    #expect(queue.drain().waiting.map(\.path) == ["/b", "/c"])
    queue.ended(jobs[0].id)
    #expect(queue.start(limit: 2).map(\.path) == ["/c"])
    for job in jobs { queue.ended(job.id) }
    #expect(queue.isEmpty)
  }

  @Test func `draining a queue gives the first uploads up to the limit and counts the others`() throws {
    let queue = Queue()
    _ = queue.add(try jobs("a", "b", "c"))
    let shown = queue.drain(limit: 2)
    #expect(shown.waiting.map(\.path) == ["/a", "/b"] && shown.rest == 1)
    #expect(queue.drain(limit: 9).rest == 0)
  }

  @Test func `a waiting upload that is cancelled is removed at once, and one drain reports it`() throws {
    let queue = Queue()
    let jobs = try jobs("a", "b")
    _ = queue.add(jobs)
    #expect(queue.start(limit: 1).count == 1)
    #expect(queue.cancel(jobs[1].id))
    #expect(queue.cancel(jobs[1].id) == false)
    #expect(queue.drain().cancelled.map(\.path) == ["/b"])
    #expect(queue.drain().cancelled.isEmpty)
    #expect(queue.cancelledCount == 1)
  }

  @Test func `a starting upload that is cancelled is reported as cancelled when it begins`() throws {
    let queue = Queue()
    let jobs = try jobs("a")
    _ = queue.add(jobs)
    _ = queue.start(limit: 1)
    #expect(queue.cancel(jobs[0].id))
    #expect(queue.drain().cancelled.isEmpty, "its meter tells")
    #expect(queue.begun(jobs[0].id))
    #expect(queue.cancel(jobs[0].id) == false, "from here on it is the ledger's")
  }

  @Test func `only an upload that has ended can be sent again, and it gets a new id`() throws {
    let queue = Queue()
    let jobs = try jobs("a")
    _ = queue.add(jobs)
    #expect(queue.retry(jobs[0].id) == nil)
    _ = queue.start(limit: 1)
    _ = queue.begun(jobs[0].id)
    #expect(queue.retry(jobs[0].id) == nil)
    queue.ended(jobs[0].id)
    let again = try #require(queue.retry(jobs[0].id))
    #expect(again.path == "/a" && again.target == jobs[0].target && again.mode == .stream && again.id != jobs[0].id)
    #expect(queue.retry(UploadID()) == nil)
  }

  @Test func `an upload that was cancelled while it waited can be sent again`() throws {
    let queue = Queue()
    let jobs = try jobs("a")
    _ = queue.add(jobs)
    #expect(queue.cancel(jobs[0].id))
    #expect(queue.retry(jobs[0].id)?.path == "/a")
  }

  @Test func `closing a queue cancels the queued uploads, and a closed queue accepts none`() throws {
    let queue = Queue()
    let jobs = try jobs("a", "b", "c")
    _ = queue.add(jobs)
    _ = queue.start(limit: 1)
    queue.close()
    #expect(queue.drain().cancelled.map(\.path) == ["/b", "/c"])
    #expect(queue.begun(jobs[0].id), "what was starting is to be ended")
    #expect(queue.add(try self.jobs("d")) == 0)
    #expect(queue.start(limit: 9).isEmpty)
  }

  @Test func `a full queue rejects uploads, and the oldest of 10,005 past ones cannot be sent again`() throws {
    let queue = Queue()
    let job = try jobs("a")[0]
    let many = (0..<UploadQueueState.limit + 5).map { _ in job.copy }
    #expect(queue.add(many) == UploadQueueState.limit)
    #expect(queue.add([job.copy]) == 0)
    queue.close()
    let other = Queue()
    for job in many {
      _ = other.add([job])
      #expect(other.cancel(job.id))
    }
    #expect(other.retry(many[0].id) == nil)
    #expect(other.retry(many[many.count - 1].id) != nil)
  }

  // MARK: Pausing

  /// Uploads that an earlier process has begun.
  private func unfinished(_ names: String..., in directory: String = "") throws -> [UploadJob] {
    let target = try SendTarget("http://127.0.0.1:1")
    return names.map { name in
      let entry = ResumeJournal.Entry(
        path: "\(directory)/\(name)",
        name: name,
        size: 100,
        modifiedSeconds: 1,
        modifiedNanoseconds: 0,
        endsHash: String(repeating: "0", count: 64),
        target: "http://127.0.0.1:1",
        uploadURL: "http://127.0.0.1:1/uploads/x",
        protocolName: "rufh",
        offset: 40,
        created: 1,
        expires: 2
      )
      var job = UploadJob(continuing: entry, target: target)
      job.isPaused = true
      return job
    }
  }

  @Test func `an upload that an earlier process has begun starts only after the user has continued it`() throws {
    let queue = Queue()
    let paused = try unfinished("a", "b")
    #expect(queue.add(paused) == 2)
    #expect(queue.start(limit: 9).isEmpty && queue.isEmpty && queue.isResting)
    #expect(queue.drain().waiting.map(\.path) == ["/a", "/b"])
    #expect(queue.resume(paused[1].id) && !queue.isEmpty && !queue.isResting)
    #expect(!queue.resume(paused[1].id) && !queue.resume(UploadID()))
    #expect(queue.start(limit: 9).map(\.path) == ["/b"])
    #expect(queue.drain().waiting.map(\.isPaused) == [true, false])
  }

  @Test func `the snapshot of an upload of an earlier process is paused and has the offset of the journal`() throws {
    let job = try unfinished("a")[0]
    let shown = job.snapshot()
    #expect(shown.state == .paused && shown.isQueued && shown.canPause && shown.outcome == nil)
    #expect(shown.mode == .resumable && shown.size == 100 && shown.bytes == 40 && shown.name == "a")
    var continued = job
    continued.isPaused = false
    #expect(continued.snapshot().state == .waiting && !continued.snapshot().canPause)
    #expect(job.snapshot(isCancelled: true).state == .cancelled)
  }

  @Test func `a paused file of a directory has the path at the server that it had, also when it is sent again`() throws
  {
    let job = try unfinished("tree/sub/big.bin", in: "/home/ann")[0]
    for job in [job, job.copy] {
      #expect(job.source.path == "/home/ann/tree/sub/big.bin")
      #expect(job.source.name == "tree/sub/big.bin" && job.source.remotePath == "tree/sub/big.bin")
      #expect(job.source.modified == 1 && job.snapshot().name == "tree/sub/big.bin")
    }
    #expect(job.copy.unfinished == nil && job.copy.id != job.id)
    #expect(try unfinished("a")[0].source.remotePath == nil)
  }

  @Test func `a directory that is sent again replaces the paused uploads of its files, and no others`() throws {
    let queue = Queue()
    _ = queue.add(try unfinished("tree/a", "tree/sub/b", "tree2/a", "c", in: "/home/ann"))
    _ = queue.add(try unfinished("tree/other", in: "/home/bob"))
    let other = UploadJob(path: "/home/ann/tree", target: try SendTarget("http://127.0.0.1:2"), mode: .stream)
    _ = queue.add([other])
    #expect(queue.drain().waiting.count == 6)
    _ = queue.add([UploadJob(path: "/home/ann/tree/", target: try SendTarget("http://127.0.0.1:1"), mode: .stream)])
    let left = ["/home/ann/tree2/a", "/home/ann/c", "/home/bob/tree/other", "/home/ann/tree", "/home/ann/tree/"]
    #expect(queue.drain().waiting.map(\.path) == left)
  }

  @Test func `the same file for the same target replaces the paused upload, another one does not`() throws {
    let queue = Queue()
    _ = queue.add(try unfinished("a", "b"))
    _ = queue.add(try jobs("a"))
    let other = UploadJob(path: "/b", target: try SendTarget("http://127.0.0.1:2"), mode: .stream)
    _ = queue.add([other])
    #expect(queue.drain().waiting.map(\.path) == ["/b", "/a", "/b"])
  }

  @Test func `a paused upload that is cancelled is reported once and can be sent again, and closing leaves it out`()
    throws
  {
    let queue = Queue()
    let paused = try unfinished("a", "b")
    _ = queue.add(paused)
    #expect(queue.cancel(paused[0].id) && !queue.cancel(paused[0].id))
    #expect(queue.drain().cancelled.map(\.path) == ["/a"])
    #expect(queue.retry(paused[0].id)?.isPaused == false)
    queue.close()
    #expect(queue.drain().waiting.isEmpty && queue.drain().cancelled.isEmpty && queue.cancelledCount == 1)
  }

  @Test func `a running upload that is paused leaves its place to the next one`() throws {
    let queue = Queue()
    let jobs = try jobs("a", "b", "c")
    _ = queue.add(jobs)
    #expect(queue.start(limit: 1).map(\.path) == ["/a"])
    _ = queue.begun(jobs[0].id)
    queue.note(jobs[0].id, isPaused: true)
    #expect(queue.start(limit: 1).map(\.path) == ["/b"])
    queue.note(jobs[0].id, isPaused: false)
    #expect(queue.start(limit: 1).isEmpty)
    queue.ended(jobs[0].id)
    #expect(queue.start(limit: 1).isEmpty, "b runs")
    queue.ended(jobs[1].id)
    #expect(queue.start(limit: 1).map(\.path) == ["/c"])
    _ = queue.begun(jobs[2].id)
    queue.note(jobs[2].id, isPaused: true)
    #expect(queue.isResting && !queue.isEmpty)
    queue.ended(jobs[2].id)
    #expect(queue.isEmpty && queue.isResting)
    queue.note(jobs[2].id, isPaused: true)
    #expect(queue.isResting, "an upload that has ended is ignored")
  }

  @Test func `the snapshot of a queued upload has the state waiting, its size and a sanitized name`() throws {
    let queue = Queue()
    let jobs = try jobs("evil\u{1B}[2J")
    _ = queue.add(jobs)
    queue.note(sizes: [jobs[0].id: 7, UploadID(): 8])
    let shown = try #require(queue.drain().waiting.first).snapshot()
    #expect(shown.id == jobs[0].id && shown.state == .waiting && shown.outcome == nil && shown.size == 7)
    #expect(shown.isQueued)
    #expect(shown.direction == .outgoing && shown.remote == "127.0.0.1:1")
    #expect(!shown.name.unicodeScalars.contains("\u{1B}"))
  }
}
