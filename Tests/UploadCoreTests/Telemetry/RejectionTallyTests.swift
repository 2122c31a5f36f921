import Synchronization
import Testing

@testable import UploadCore

@Suite struct RejectionTallyTests {
  private let start = ContinuousClock.now

  private func request(_ path: String, _ status: Int = 401, _ reason: String = "No.") -> RejectedRequest {
    RejectedRequest(time: "", client: "192.0.2.7", method: "PUT", path: path, status: status, reason: reason)
  }

  @Test func `the first of identical requests is reported at once, and later ones together after ten seconds`() {
    var tally = RejectionTally()
    #expect(tally.note(request("/a"), at: start) == true)
    #expect(tally.take(at: start).map(\.count) == [1])
    for _ in 0..<1000 { #expect(tally.note(request("/a"), at: start + .seconds(1)) == false) }
    #expect(tally.take(at: start + .seconds(9)) == [])
    #expect(tally.hasUnreported, "more samples are needed")
    #expect(tally.take(at: start + .seconds(10)).map(\.count) == [1000])
    #expect(!tally.hasUnreported)
    #expect(tally.take(at: start + .seconds(30)) == [])
    #expect(tally.note(request("/a"), at: start + .seconds(31)) == true)
    #expect(tally.count == 1002)
    #expect(tally.announced == 2)
  }

  @Test func `requests that differ in path or status are reported separately, in order`() {
    var tally = RejectionTally()
    #expect(tally.note(request("/a"), at: start) == true)
    #expect(tally.note(request("/b"), at: start) == true)
    #expect(tally.note(request("/a", 413), at: start) == true)
    #expect(tally.take(at: start).map { "\($0.path ?? "-") \($0.status)" } == ["/a 401", "/b 401", "/a 413"])
  }

  @Test func `requests that differ in the reason alone are reported separately, but not for a number in it`() {
    var tally = RejectionTally()
    #expect(tally.note(request("/a", 400, "No Host."), at: start) == true)
    #expect(tally.note(request("/a", 400, "Bad length."), at: start + .milliseconds(100)) == true)
    #expect(tally.take(at: start + .milliseconds(100)).map(\.reason) == ["No Host.", "Bad length."])
    #expect(tally.note(request("/b", 507, "1.5 GiB are free."), at: start) == true)
    for free in 0..<100 { #expect(tally.note(request("/b", 507, "\(free) GiB are free."), at: start) == false) }
    #expect(tally.kinds == 3)
    let reports = tally.take(at: start + .seconds(1))
    #expect(reports.map(\.reason) == ["99 GiB are free."] && reports.map(\.count) == [101])
  }

  @Test func `a flood of requests with different reasons is counted in at most 257 kinds`() {
    var tally = RejectionTally()
    for number in 0..<10_000 {
      let reason = String(repeating: "x", count: number % 400)
      _ = tally.note(request("/a", 400, reason), at: start + .microseconds(200 * number))
    }
    #expect(tally.kinds <= RejectionTally.maxKinds + 1 && tally.count == 10_000)
  }

  @Test func `of 25 different requests at most ten are reported per second, until all are`() {
    var tally = RejectionTally()
    for number in 0..<25 { _ = tally.note(request("/\(number)"), at: start) }
    let counts = [0, 0.5, 1, 2, 3].map { tally.take(at: start + .seconds($0)).count }
    #expect(counts == [10, 0, 10, 5, 0])
  }

  @Test func `a flood of different requests with two statuses is counted in at most 258 kinds, and all are reported`() {
    var tally = RejectionTally()
    var counted: UInt64 = 0
    for number in 0..<100_000 {
      let now = start + .milliseconds(number)
      _ = tally.note(request("/\(number)", number % 2 == 0 ? 401 : 404), at: now)
      if number % 100 == 0 { counted += tally.take(at: now).reduce(0) { $0 + $1.count } }
    }
    #expect(tally.kinds <= RejectionTally.maxKinds + 2)
    for second in 0..<200 {
      for request in tally.take(at: start + .seconds(200 + second)) { counted += request.count }
    }
    #expect(counted == 100_000)
  }

  @Test func `a hundred identical rejected requests call the observer once and are reported with their count`() {
    let ledger = UploadLedger()
    let calls = Atomic(0)
    ledger.onActivity { calls.add(1, ordering: .relaxed) }
    for _ in 0..<100 { ledger.reject(request("/a")) }
    #expect(calls.load(ordering: .relaxed) == 1)
    #expect(ledger.rejectedCount == 100)
    #expect(ledger.activityCount == 1)
    #expect(ledger.drainRejected().map(\.count) == [100])
  }
}
