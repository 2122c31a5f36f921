import Testing
import UploadCore

@testable import Dashboard

@Suite struct RejectionLogTests {
  private var log = RejectionLog()

  private func time(_ seconds: Int) -> ClockTime {
    ClockTime(hour: seconds / 3600, minute: seconds / 60 % 60, second: seconds % 60)
  }

  @discardableResult
  private mutating func add(
    _ path: String?,
    at seconds: Int,
    count: UInt64 = 1,
    client: String = "192.0.2.7",
    reason: String = "Too large."
  )
    -> RejectionLog.Entry
  {
    let request = RejectedRequest(
      time: "",
      client: client,
      method: "PUT",
      path: path,
      status: 413,
      reason: reason,
      count: count
    )
    return log.add(request, at: time(seconds))
  }

  @Test mutating func `identical requests are one entry that stays in its place, with the number of all of them`() {
    add("/a", at: 10)
    add("/b", at: 11)
    let merged = add("/a", at: 20, count: 5_000)
    #expect(log.entries.map(\.request.path) == ["/b", "/a"])
    #expect(merged.request.count == 5_001 && merged.first == time(10) && merged.last == time(20))
    #expect(merged == log.entries[1])
  }

  @Test mutating func `a request of another client, path or a minute later has an entry of its own`() {
    add("/a", at: 10)
    add("/a", at: 10, client: "192.0.2.8")
    add("/b", at: 10)
    add("/a", at: 70)
    add("/a", at: 131)
    #expect(log.entries.count == 4 && log.entries.map(\.request.count) == [1, 1, 1, 2])
    #expect(Set(log.entries.map(\.id)).count == 4)
  }

  @Test mutating func `rejections of one client for different reasons have an entry each`() {
    add(nil, at: 10, reason: "No Host.")
    add(nil, at: 10, reason: "Bad length.")
    add(nil, at: 11, reason: "No Host.")
    #expect(log.entries.map(\.request.reason) == ["Bad length.", "No Host."])
    #expect(log.entries.map(\.request.count) == [1, 2])
    add("/a", at: 12, reason: "5 GiB free, 6 GiB needed.")
    let merged = add("/a", at: 13, reason: "4 GiB free, 6 GiB needed.")
    #expect(merged.request.count == 2)
  }

  @Test mutating func `a flood of different requests keeps the latest entries only`() {
    for index in 0..<5_000 { add("/\(index)", at: index / 1000) }
    #expect(log.entries.count == RejectionLog.limit)
    #expect(log.entries.first?.request.path == "/4999" && log.entries.last?.request.path == "/4800")
  }

  @Test mutating func `a number beyond all limits stops at the largest, and long texts are shortened`() {
    let long = "/" + String(repeating: "x", count: 100_000)
    add(long, at: 0, count: .max)
    let entry = add(long, at: 1, count: 9)
    #expect(log.entries.count == 1 && entry.request.count == .max && entry.request.path?.utf8.count == 1000)
  }

  @Test mutating func `the filter finds entries that contain all of its parts in any column`() {
    add("/photos/a.jpg", at: 10)
    add("/b", at: 11, client: "2001:db8::1")
    #expect(log.matching("").count == 2 && log.matching(" put 413 ").count == 2)
    #expect(log.matching("PHOTOS 192.0").map(\.request.path) == ["/photos/a.jpg"])
    #expect(log.matching("db8 large").map(\.request.path) == ["/b"])
    #expect(log.matching("db8 photos").isEmpty)
  }

  // MARK: In the event log

  @Test func `in the event log identical requests are one entry, which stays in its place`() {
    var driver = Driver()
    func request(_ path: String, count: UInt64 = 1) -> RejectedRequest {
      RejectedRequest(time: "", client: "a", method: "PUT", path: path, status: 401, reason: "No.", count: count)
    }
    driver.show([], rejected: [request("/a")], rejectedCount: 1)
    driver.send(.note(.info, "between"))
    driver.show([], rejected: [request("/a", count: 4_999)], rejectedCount: 5_000)
    let entries = driver.model.live.log.entries
    #expect(entries.map(\.kind) == [.rejected, .note])
    #expect(entries.first?.detail == "from a with 401: No. (5000 requests)")
  }

  @Test func `a flood of different requests leaves all other entries in the event log`() {
    var driver = Driver()
    driver.show([.example("a.bin")])
    driver.send(.note(.warning, "The disk is nearly full."))
    for step in 0..<100 {
      let requests = (0..<50).map { index in
        RejectedRequest(time: "", client: "a", method: "PUT", path: "/\(step)/\(index)", status: 401, reason: "No.")
      }
      driver.show([.example("a.bin")], rejected: requests, rejectedCount: UInt64(50 * step))
    }
    let entries = driver.model.live.log.entries
    #expect(entries.count { $0.kind == .rejected } == EventLog.rejectionLimit)
    #expect(entries.contains { $0.detail == "The disk is nearly full." })
  }
}
