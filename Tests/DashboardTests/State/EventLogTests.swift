import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

@Suite struct EventLogTests {
  /// The rows of the log in its large view, newest first, without their borders.
  private func lines(_ driver: Driver) -> [String] {
    var driver = driver
    driver.type("L")
    return driver.text.split(separator: "\n").filter { $0.contains("18:3") }.map { line in
      String(line.drop { !$0.isNumber }.reversed().drop { $0 == " " || $0 == "│" }.reversed())
    }
  }

  @Test func `the log shows start, stall, resume and end of an upload once each, newest first`() {
    let upload = UploadSnapshot.example("a.bin") { $0.size = 1 << 30 }
    var driver = Driver()
    driver.show([upload])
    driver.show([upload.stalled(.client, 6)])
    driver.show([upload.stalled(.client, 7)])
    driver.show([upload])
    driver.show([upload.finished()])
    driver.show([])
    #expect(
      lines(driver) == [
        "18:30:02  stored    ↓ a.bin  1.0 GiB in 11.4 s (89.8 MiB/s)",
        "18:30:01  resumed   ↓ a.bin  after 7 s",
        "18:30:00  stalled   ↓ a.bin  for 6 s: waiting for the client",
        "18:30:00  started   ↓ a.bin  stream, 1.0 GiB, from 192.168.1.9:51234",
      ]
    )
  }

  @Test func `the log shows an interruption of an upload and its end once each`() {
    let upload = UploadSnapshot.example("a.bin") { $0.mode = .resumable }
    var driver = Driver()
    for snapshot in [upload, upload.interrupted(0), upload.interrupted(0.5), upload] { driver.show([snapshot]) }
    #expect(
      lines(driver) == [
        "18:30:01  resumed   ↓ a.bin  after 1 s without a connection",
        "18:30:00  waiting   ↓ a.bin  interrupted, 512.0 MiB of 2.0 GiB stored, expires in 23 h",
        "18:30:00  started   ↓ a.bin  resumable, 2.0 GiB, from 192.168.1.9:51234",
      ]
    )
  }

  @Test func `rejected requests are in the log with their reason, and the incoming pane shows their number`() {
    var driver = Driver()
    driver.show([])
    #expect(!driver.text.contains("rejected"))
    var request = RejectedRequest(
      time: "",
      client: "192.0.2.7",
      method: "PUT",
      path: "/a",
      status: 413,
      reason: "Too large."
    )
    driver.show([], rejected: [request], rejectedCount: 1)
    request.count = 11
    request.method = nil
    request.path = nil
    driver.show([], rejected: [request], rejectedCount: 12)
    #expect(driver.text.contains("12 rejected"))
    #expect(
      lines(driver) == [
        "18:30:01  rejected  ↓ request  from 192.0.2.7 with 413: Too large. (11 requests)",
        "18:30:00  rejected  ↓ PUT /a  from 192.0.2.7 with 413: Too large.",
      ]
    )
  }

  @Test func `the log shows the messages of a failed upload and of a note`() {
    var driver = Driver()
    driver.show([UploadSnapshot.sending("b").ended(.failed(UploadError(.unreachable, "No way to there.")))])
    driver.send(.note(.warning, "The disk is nearly full."))
    let lines = lines(driver)
    #expect(lines[0] == "18:30:00  warning   The disk is nearly full.")
    #expect(lines[1] == "18:30:00  failed    ↑ b  No way to there.")
  }

  @Test func `an upload that waits for its next attempt is logged once, with number, time and reason`() {
    let upload = UploadSnapshot.sending("b")
    let paused = upload.changed {
      $0.state = .waiting
      $0.retryReason = "Connection refused."
      $0.attempt = 2
      $0.retryIn = 3
    }
    var driver = Driver()
    for step in [upload, paused, paused, upload] { driver.show([step]) }
    #expect(lines(driver).count == 2)
    #expect(lines(driver)[0] == "18:30:00  waiting   ↑ b  attempt 2 in 3 s: Connection refused.")
    driver.show([paused])
    #expect(driver.text.contains("retry 2 in 3 s"))
  }

  @Test func `a queued upload is logged when it leaves the queue: as started, or as cancelled`() {
    let upload = UploadSnapshot.queued("a")
    let other = UploadSnapshot.queued("b")
    var driver = Driver()
    driver.show([upload, other])
    driver.show([upload, other])
    #expect(lines(driver).isEmpty)
    driver.show([upload.changed { ($0.isQueued, $0.state) = (false, .sending) }, other.ended(.cancelled)])
    driver.show([upload.changed { $0.isQueued = false }])
    #expect(
      lines(driver) == [
        "18:30:01  started   ↑ a  stream, 1.0 MiB, to 127.0.0.1:8080", "18:30:01  cancelled ↑ b  before it began",
      ]
    )
  }

  @Test func `a long name is truncated in footer and log, so that the reason of a failure is visible`() {
    let name = String(repeating: "long-", count: 40) + "name.bin"
    let message = "No space is left in ./uploads: free some, then send it again."
    let failed = UploadSnapshot.sending(name).ended(.failed(UploadError(.diskFull, message)))
    var driver = Driver()
    driver.show([failed])
    #expect(driver.row(33).contains("No space"))
    driver.type("L")
    #expect(driver.row(3).contains("↑ long-") && driver.row(3).contains("…") && driver.row(3).contains("name.bin"))
    #expect(driver.row(3).contains("No space is left in ./uploads"))
  }

  @Test func `a note before the first snapshot gets the time of that snapshot`() {
    var driver = Driver()
    driver.send(.note(.info, "early"))
    driver.show([])
    driver.send(.note(.info, "late"))
    #expect(lines(driver) == ["18:30:00  note      late", "18:30:00  note      early"])
  }

  @Test func `the footer shows an error note as the latest entry`() {
    var driver = Driver()
    driver.send(.note(.error, "something is wrong"))
    #expect(driver.row(33).contains("error something is wrong"))
  }

  @Test func `the log shows only entries that contain the filter`() {
    var driver = Driver()
    driver.show([.example("alpha"), .example("beta")])
    driver.type("L/alp")
    #expect(driver.text.contains("alpha") && !driver.text.contains("beta"))
  }

  @Test func `after 10,000 entries the log shows the latest 500 and keeps at most a quarter more`() {
    var log = EventLog()
    for index in 0..<10_000 {
      let time = ClockTime(hour: 0, minute: 0, second: 0)
      log.append(LogEntry(time: time, kind: .note, detail: "\(index)"))
    }
    #expect(log.entries.count <= EventLog.limit * 5 / 4)
    #expect(log.newestFirst("").count == EventLog.limit)
    #expect(log.newestFirst("").first?.detail == "9999")
  }

  @Test func `in a log that is scrolled down the same entry remains selected when new ones arrive`() {
    var driver = Driver(Size(width: 80, height: 12))
    driver.show((0..<40).map { .example("file-\($0)") })
    driver.type("L")
    for _ in 0..<20 { driver.type("j") }
    let selected = driver.selectedRow
    driver.show((0..<3).map { .example("new-\($0)") })
    #expect(driver.selectedRow == selected && selected != nil)
  }
}
