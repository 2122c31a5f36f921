import Testing
import UploadClient
import UploadCore

@testable import DashboardApp

@Suite struct UploadQueueStateTests {
  /// The machine behind a reference, so that `#expect` can call what changes it.
  @dynamicMemberLookup
  private final class Line {
    private var line = UploadQueueState()

    subscript<Value>(dynamicMember path: KeyPath<UploadQueueState, Value>) -> Value { line[keyPath: path] }

    func add(_ jobs: [UploadJob]) -> Int { line.add(jobs) }
    func start(limit: Int) -> [UploadJob] { line.start(limit: limit) }
    func begun(_ id: UploadID) -> Bool { line.begun(id) }
    func ended(_ id: UploadID) { line.ended(id) }
    func again(_ id: UploadID) -> UploadJob? { line.again(id) }
    func cancel(_ id: UploadID) -> Bool { line.cancel(id) }
    func close() { line.close() }
    func note(sizes: [UploadID: UInt64]) { line.note(sizes: sizes) }
    func take(limit: Int = .max) -> (waiting: [UploadJob], rest: Int, cancelled: [UploadJob]) {
      line.take(limit: limit)
    }
  }

  private func jobs(_ names: String...) throws -> [UploadJob] {
    try names.map { UploadJob(path: "/\($0)", target: try SendTarget("http://127.0.0.1:1"), mode: .stream) }
  }

  @Test func `Files start in their order, a few at once`() throws {
    let line = Line()
    let jobs = try jobs("a", "b", "c")
    #expect(line.add(jobs) == 3)
    #expect(line.start(limit: 2).map(\.path) == ["/a", "/b"])
    #expect(line.start(limit: 2).isEmpty)
    #expect(line.take().waiting.map(\.path) == ["/a", "/b", "/c"], "those that start have no meter yet")
    #expect(!line.begun(jobs[0].id))
    #expect(line.take().waiting.map(\.path) == ["/b", "/c"])
    line.ended(jobs[0].id)
    #expect(line.start(limit: 2).map(\.path) == ["/c"])
    for job in jobs { line.ended(job.id) }
    #expect(line.isEmpty)
  }

  @Test func `Of a long line its head is shown, and how many are behind it`() throws {
    let line = Line()
    _ = line.add(try jobs("a", "b", "c"))
    let shown = line.take(limit: 2)
    #expect(shown.waiting.map(\.path) == ["/a", "/b"] && shown.rest == 1)
    #expect(line.take(limit: 9).rest == 0)
  }

  @Test func `What waits is called off at once, and shown as that once`() throws {
    let line = Line()
    let jobs = try jobs("a", "b")
    _ = line.add(jobs)
    #expect(line.start(limit: 1).count == 1)
    #expect(line.cancel(jobs[1].id))
    #expect(line.cancel(jobs[1].id) == false)
    #expect(line.take().cancelled.map(\.path) == ["/b"])
    #expect(line.take().cancelled.isEmpty)
    #expect(line.cancelledCount == 1)
  }

  @Test func `What starts is called off once it has begun`() throws {
    let line = Line()
    let jobs = try jobs("a")
    _ = line.add(jobs)
    _ = line.start(limit: 1)
    #expect(line.cancel(jobs[0].id))
    #expect(line.take().cancelled.isEmpty, "its meter tells")
    #expect(line.begun(jobs[0].id))
    #expect(line.cancel(jobs[0].id) == false, "from here on it is the ledger's")
  }

  @Test func `Only what has ended is sent again, under a new name`() throws {
    let line = Line()
    let jobs = try jobs("a")
    _ = line.add(jobs)
    #expect(line.again(jobs[0].id) == nil)
    _ = line.start(limit: 1)
    _ = line.begun(jobs[0].id)
    #expect(line.again(jobs[0].id) == nil)
    line.ended(jobs[0].id)
    let again = try #require(line.again(jobs[0].id))
    #expect(again.path == "/a" && again.target == jobs[0].target && again.mode == .stream && again.id != jobs[0].id)
    #expect(line.again(UploadID()) == nil)
  }

  @Test func `What was called off in line can be sent again`() throws {
    let line = Line()
    let jobs = try jobs("a")
    _ = line.add(jobs)
    #expect(line.cancel(jobs[0].id))
    #expect(line.again(jobs[0].id)?.path == "/a")
  }

  @Test func `Closed, it takes and keeps nothing`() throws {
    let line = Line()
    let jobs = try jobs("a", "b", "c")
    _ = line.add(jobs)
    _ = line.start(limit: 1)
    line.close()
    #expect(line.take().cancelled.map(\.path) == ["/b", "/c"])
    #expect(line.begun(jobs[0].id), "what was starting is to be ended")
    #expect(line.add(try self.jobs("d")) == 0)
    #expect(line.start(limit: 9).isEmpty)
  }

  @Test func `Neither the line nor the past grows without bound`() throws {
    let line = Line()
    let job = try jobs("a")[0]
    let many = (0..<UploadQueueState.limit + 5).map { _ in job.again }
    #expect(line.add(many) == UploadQueueState.limit)
    #expect(line.add([job.again]) == 0)
    line.close()
    let other = Line()
    for job in many {
      _ = other.add([job])
      #expect(other.cancel(job.id))
    }
    #expect(other.again(many[0].id) == nil)
    #expect(other.again(many[many.count - 1].id) != nil)
  }

  @Test func `A waiting upload is shown as one, without control characters`() throws {
    let line = Line()
    let jobs = try jobs("evil\u{1B}[2J")
    _ = line.add(jobs)
    line.note(sizes: [jobs[0].id: 7, UploadID(): 8])
    let shown = try #require(line.take().waiting.first).snapshot()
    #expect(shown.id == jobs[0].id && shown.state == .waiting && shown.outcome == nil && shown.size == 7)
    #expect(shown.isInLine)
    #expect(shown.direction == .outgoing && shown.remote == "127.0.0.1:1")
    #expect(!shown.name.unicodeScalars.contains("\u{1B}"))
  }
}
