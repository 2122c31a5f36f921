import Testing
import UploadCore

@testable import UploadReport

/// The events of resumable uploads that lose their connection, and of those that the user pauses.
@Suite struct InterruptedEventTests {
  private let start = ContinuousClock.now
  private let upload = UploadSnapshot.example { $0.mode = .resumable }

  /// The events without those of the process, as their names in JSON, for each snapshot: seconds and an upload.
  private func names(_ snapshots: [(Double, UploadSnapshot)], interval: Duration = .milliseconds(500)) -> [[String]] {
    events(snapshots, interval: interval).map { $0.map(name) }
  }

  private func events(
    _ snapshots: [(Double, UploadSnapshot)],
    interval: Duration = .milliseconds(500)
  ) -> [[UploadEvent]] {
    var deriver = EventDeriver(interval: interval)
    return snapshots.map { seconds, upload in
      let snapshot = Snapshot(
        at: start + .milliseconds(Int((seconds * 1000).rounded())),
        uploads: [upload],
        memory: ProcessMemory(resident: 1, peak: 2),
        slabs: SlabUse(used: 3, budget: 4)
      )
      return deriver.events(for: snapshot).filter { if case .process = $0 { false } else { true } }
    }
  }

  private func name(_ event: UploadEvent) -> String {
    guard case .object(let members) = event.json, case .string(let name) = members[0].1 else { return "" }
    return name
  }

  @Test func `an upload that loses its connection is reported as interrupted once, and as resumed when it continues`() {
    let story = names([
      (0, upload), (1, upload.interrupted(0.2)), (1.2, upload.interrupted(0.4)), (60, upload.interrupted(59.2)),
      (61, upload), (61.2, upload),
    ])
    #expect(story[1].first == "interrupted" && story[4].first == "resumed")
    #expect(story.flatMap { $0 }.count { $0 == "interrupted" } == 1)
    #expect(story.flatMap { $0 }.count { $0 == "resumed" } == 1)
  }

  @Test func `the resumed event after an interruption has the time without a connection`() throws {
    let story = events([(0, upload), (10, upload.interrupted(2)), (15, upload)])
    let event = try #require(story[2].first)
    guard case .resumed(_, let seconds, let after) = event else {
      Issue.record("\(event)")
      return
    }
    #expect(seconds == 7 && after == .interruption)
    #expect(event.plainLine() == "incoming resumable \"a.bin\" resumed after 7 s without a connection")
  }

  @Test func `an unfinished upload of an earlier process is reported as started and interrupted once`() {
    let recovered = upload.interrupted(3600)
    let story = names([(0, recovered), (1, recovered), (2, recovered), (3, upload)])
    #expect(story[0] == ["started", "interrupted"])
    #expect(!story[1...].joined().contains("interrupted"))
    #expect(story[3].first == "resumed")
  }

  @Test func `an interrupted or paused upload is reported again only after a change`() {
    let paused = upload.changed { ($0.direction, $0.state) = (.outgoing, .paused) }
    for resting in [upload.interrupted(2), paused] {
      let synced = resting.changed { $0.durable = 1 << 28 }
      let story = names([(0, upload), (1, resting), (2, resting), (3, synced), (4, synced)])
      #expect(story[1].last == "progress" && story[2].isEmpty)
      #expect(story[3] == ["progress"] && story[4].isEmpty)
    }
  }

  @Test func `while all uploads are interrupted the process is not reported`() {
    var deriver = EventDeriver()
    for second in 0..<10 {
      let events = deriver.events(
        for: Snapshot(
          at: start + .seconds(second),
          uploads: [upload.interrupted(Double(second))],
          memory: ProcessMemory(resident: 1, peak: 2),
          slabs: SlabUse(used: 3, budget: 4)
        )
      )
      if second > 1 { #expect(events.isEmpty) }
    }
  }

  @Test func `a stall that ends with the connection is followed by interrupted, and not by two resumed events`() {
    let story = names([(0, upload), (6, upload.stalled(.client, 5)), (7, upload.interrupted(0.5)), (8, upload)])
    #expect(story[1].first == "stalled" && story[2].first == "interrupted" && story[3].first == "resumed")
    #expect(story.flatMap { $0 }.count { $0 == "resumed" } == 1)
  }

  @Test func `an interrupted upload that fails, as when it expires, is not reported as resumed`() {
    let expired = upload.ended(.failed(UploadError(.uploadGone, "The upload has expired.")))
    #expect(names([(0, upload.interrupted(1)), (1, expired)])[1] == ["failed"])
    let file = FinishedUpload(path: "a.bin", bytes: 7)
    #expect(names([(0, upload.interrupted(1)), (1, upload.ended(.finished(file)))])[1] == ["resumed", "finished"])
  }

  @Test func `the interrupted event has the stored and durable bytes and the time until the upload expires`() {
    let interrupted = upload.interrupted(120)
    #expect(
      UploadEvent.interrupted(interrupted).json.serialized
        == #"{"event":"interrupted","id":"\#(upload.id)","direction":"incoming","stored":268435456,"durable":0,"#
        + #""expiresIn":84000.0}"#
    )
    #expect(
      UploadEvent.interrupted(interrupted).plainLine()
        == "incoming resumable \"a.bin\" interrupted, 256.0 MiB of 1.0 GiB stored, expires in 23 h"
    )
    let unknown = interrupted.changed { ($0.size, $0.expiresIn) = (nil, nil) }
    #expect(UploadEvent.interrupted(unknown).plainLine()?.hasSuffix("interrupted, 256.0 MiB stored") == true)
  }

  @Test func `the progress sentence of an interrupted upload has what is stored, that of a paused one its state`() {
    let head = "incoming resumable \"a.bin\" 512.0 MiB of 1.0 GiB 50%"
    #expect(
      UploadEvent.progress(upload.interrupted(9)).plainLine()
        == head + ", interrupted, 256.0 MiB of 1.0 GiB stored, expires in 23 h, memory 3.0 MiB"
    )
    #expect(
      UploadEvent.progress(upload.changed { $0.state = .paused }).plainLine() == head + ", paused, memory 3.0 MiB"
    )
  }

  @Test func `the finished sentence of a resumed upload has the rate of what this process moved`() {
    let resumed = upload.changed { ($0.seconds, $0.averageSpeed) = (10, 1_048_576) }
    let line = UploadEvent.finished(resumed, FinishedUpload(path: "a.bin", bytes: 1 << 30)).plainLine()
    #expect(line?.contains("1.0 GiB in 10 s (1.0 MiB/s)") == true)
  }

  @Test(arguments: [Double.nan, .infinity, -5, 1e300])
  func `times that are NaN, infinite or negative do not trap`(_ seconds: Double) {
    let broken = upload.interrupted(seconds).changed { $0.expiresIn = seconds }
    #expect(names([(0, broken), (1, upload)])[0].prefix(2) == ["started", "interrupted"])
    #expect(UploadEvent.interrupted(broken).plainLine() != nil)
    #expect(!UploadEvent.interrupted(broken).json.serialized.isEmpty)
  }
}
