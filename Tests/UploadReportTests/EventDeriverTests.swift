import Testing
@testable import UploadCore

@testable import UploadReport

@Suite struct EventDeriverTests {
  private let start = ContinuousClock.now
  private let memory = ProcessMemory(resident: 1, peak: 2)
  private let slabs = SlabUse(used: 3, budget: 4)

  private func snapshot(_ seconds: Double, _ uploads: UploadSnapshot...) -> Snapshot {
    Snapshot(at: start + .milliseconds(Int((seconds * 1000).rounded())), uploads: uploads, memory: memory, slabs: slabs)
  }

  /// The events of all snapshots in short form: `started a.bin`, `process`, `resumed a.bin 2.5`.
  private func story(_ snapshots: [Snapshot], interval: Duration = .milliseconds(500)) -> [[String]] {
    var deriver = EventDeriver(interval: interval)
    return snapshots.map { deriver.events(for: $0).map(short) }
  }

  private func short(_ event: UploadEvent) -> String {
    switch event {
    case .listening: "listening"
    case .started(let upload): "started \(upload.name)"
    case .progress(let upload): "progress \(upload.name)"
    case .stalled(let upload): "stalled \(upload.name) \(upload.cause?.rawValue ?? "-")"
    case .interrupted(let upload): "interrupted \(upload.name)"
    case .resumed(let upload, let seconds, .stall): "resumed \(upload.name) \(seconds)"
    case .resumed(let upload, let seconds, .interruption): "resumed \(upload.name) \(seconds) interrupted"
    case .retrying(let upload): "retrying \(upload.name) \(upload.attempt)"
    case .noticed(let upload): "noticed \(upload.name) \(upload.notice ?? "-")"
    case .finished(let upload, let file): "finished \(upload.name) \(file.bytes)"
    case .failed(let upload, let error): "failed \(upload.name) \(error.code.rawValue)"
    case .cancelled(let upload): "cancelled \(upload.name)"
    case .tree(let group, let change): "tree \(group.name) \(change)"
    case .rejected(let request): "rejected \(request.status) \(request.count)"
    case .download(let download): "download \(download.name) \(download.outcome.rawValue)"
    case .process: "process"
    case .summary: "summary"
    }
  }

  private let upload = UploadSnapshot.example()

  @Test func `each ended download is reported, and the process while downloads run`() {
    var (running, ended) = (snapshot(0), snapshot(0.1))
    running.downloads.active = 1
    ended.endedDownloads = [.example(.finished), .example(.aborted)]
    let story = story([running, ended, snapshot(2)])
    #expect(story == [["process"], ["download a.bin finished", "download a.bin aborted"], []])
  }

  @Test func `each wait for another attempt is reported once`() {
    func waiting(_ attempt: Int) -> UploadSnapshot {
      upload.changed {
        $0.state = .waiting
        $0.retryReason = "gone"
        $0.attempt = attempt
        $0.retryIn = 1
      }
    }
    let running = upload.changed { $0.attempt = 2 }
    let story = story([
      snapshot(0, upload), snapshot(0.1, waiting(2)), snapshot(0.2, waiting(2)), snapshot(0.3, running),
      snapshot(0.4, waiting(3)), snapshot(0.5, waiting(3)),
    ])
    #expect(story.flatMap { $0 }.filter { $0.hasPrefix("retrying") } == ["retrying a.bin 2", "retrying a.bin 3"])
    #expect(story[1] == ["retrying a.bin 2"] && story[4] == ["retrying a.bin 3"])
  }

  @Test func `an upload is reported as started when it leaves the queue, and never if it is cancelled there`() {
    let queued = UploadSnapshot.queued(id: UploadID(), mode: .stream, name: "q.bin", size: 1, remote: "h:1")
    let sending = queued.changed { ($0.isQueued, $0.state) = (false, .sending) }
    let story = story([snapshot(0, queued), snapshot(1, queued), snapshot(2, sending)])
    #expect(story.map { $0.filter { $0 != "process" } } == [[], [], ["started q.bin"]])
    let cancelled = queued.changed { $0.outcome = .cancelled }
    #expect(self.story([snapshot(0, queued), snapshot(0.1, cancelled)])[1] == ["cancelled q.bin"])
    #expect(UploadEvent.cancelled(cancelled).plainLine() == "outgoing stream \"q.bin\" cancelled before it began")
  }

  @Test func `without an interval neither progress nor the process is reported`() {
    var deriver = EventDeriver(interval: nil)
    let events = (0...5).flatMap { deriver.events(for: snapshot(Double($0), upload)) }
    #expect(events.map(short) == ["started a.bin"])
  }

  @Test func `an upload is reported at its start, at most every half second, and at its end`() {
    let file = FinishedUpload(path: "a.bin", bytes: 7)
    let story = story(
      (0...4).map { snapshot(Double($0) * 0.3, upload) } + [
        snapshot(1.5, upload.ended(.finished(file))), snapshot(1.8), snapshot(2.1),
      ]
    )
    #expect(
      story == [
        ["started a.bin", "process"], [], ["progress a.bin"], [], ["progress a.bin", "process"], ["finished a.bin 7"],
        [], [],
      ]
    )
  }

  @Test func `an upload that ran between two samples is reported as started and ended`() {
    let ends: [(UploadOutcome, String)] = [
      (.finished(FinishedUpload(path: "a.bin", bytes: 7)), "finished a.bin 7"),
      (.failed(UploadError(.clientGone, "Gone.")), "failed a.bin clientGone"),
      (.cancelled, "cancelled a.bin"),
    ]
    for (outcome, line) in ends {
      #expect(story([snapshot(0, upload.ended(outcome)), snapshot(5)]) == [["started a.bin", line, "process"], []])
    }
  }

  @Test func `progress is reported once per configured interval, and at every snapshot if that is 0`() {
    let snapshots = (0...4).map { snapshot(Double($0), upload) }
    let lines = story(snapshots, interval: .seconds(2)).flatMap { $0 }.filter { $0.hasPrefix("progress") }
    #expect(lines.count == 2)
    let every = story(snapshots, interval: .zero).flatMap { $0 }.filter { $0.hasPrefix("progress") }
    #expect(every.count == 5)
  }

  @Test func `the beginning of a stall is reported once, with its cause, and its end with its duration`() {
    let story = story([
      snapshot(0, upload),
      snapshot(6, upload.stalled(.client, 5)),
      snapshot(6.1, upload.stalled(.client, 5.1)),
      snapshot(8.5, upload),
      snapshot(9, upload),
    ])
    #expect(story[1].first == "stalled a.bin client")
    #expect(!story[2].contains { $0.hasPrefix("stalled") })
    #expect(story[3].first == "resumed a.bin 7.5")
    #expect(!story[4].contains { $0.hasPrefix("resumed") })
  }

  @Test func `a new cause of a stall is reported and the duration continues`() {
    let story = story([
      snapshot(0, upload), snapshot(6, upload.stalled(.client, 5)), snapshot(7, upload.stalled(.disk, 6)),
      snapshot(9, upload),
    ])
    #expect(story[2].contains("stalled a.bin disk"))
    #expect(story[3].first == "resumed a.bin 8.0")
  }

  @Test func `each notice of an upload is reported once`() {
    func noticing(_ notice: String) -> UploadSnapshot { upload.changed { $0.notice = notice } }
    let story = story([
      snapshot(0, upload), snapshot(0.1, noticing("x")), snapshot(0.2, noticing("x")), snapshot(0.3, noticing("y")),
    ])
    #expect(story.dropFirst() == [["noticed a.bin x"], [], ["noticed a.bin y"]])
    let event = UploadEvent.noticed(noticing("The file has changed."))
    #expect(event.plainLine() == "incoming stream \"a.bin\": The file has changed.")
    #expect(event.json.serialized.hasSuffix(#""direction":"incoming","message":"The file has changed."}"#))
  }

  @Test func `a stalled upload is reported again only after a change`() {
    let stalled = upload.stalled(.client, 5)
    let story = story([
      snapshot(0, upload),
      snapshot(6, stalled),
      snapshot(7, stalled.stalled(.client, 6)),
      snapshot(8, stalled.changed { $0.residentBytes = 0 }),
      snapshot(9, stalled.changed { $0.residentBytes = 0 }),
    ])
    #expect(story[1] == ["stalled a.bin client", "progress a.bin", "process"])
    #expect(story[2].isEmpty)
    #expect(story[3] == ["progress a.bin", "process"])
    #expect(story[4].isEmpty)
  }

  @Test func `a stalled upload that finishes is first reported as resumed, and one that fails is not`() {
    let stalled = snapshot(6, upload.stalled(.client, 5))
    let file = FinishedUpload(path: "a.bin", bytes: 7)
    #expect(
      story([stalled, snapshot(7, upload.ended(.finished(file)))])[1] == [
        "resumed a.bin 6.0", "finished a.bin 7", "process",
      ]
    )
    let error = UploadError(.timedOut, "Timed out.")
    #expect(story([stalled, snapshot(7, upload.ended(.failed(error)))])[1] == ["failed a.bin timedOut", "process"])
  }

  @Test func `the process is reported once per second while an upload moves, and never without uploads`() {
    let moving = story((0...30).map { snapshot(Double($0) / 10, upload) }).flatMap { $0 }
    #expect(moving.count { $0 == "process" } == 4)
    #expect(story((0...30).map { snapshot(Double($0) / 10) }).allSatisfy { $0.isEmpty })
  }

  @Test func `an upload whose file cannot be read and that sent no byte is reported as failed, but not as started`() {
    let missing = upload.ended(.failed(UploadError(.unreadableFile, "There is no file."))).changed { $0.bytes = 0 }
    #expect(story([snapshot(0, missing)])[0].first == "failed a.bin unreadableFile")
    let later = upload.ended(.failed(UploadError(.unreadableFile, "It cannot be read.")))
    #expect(story([snapshot(0, later)])[0].prefix(2) == ["started a.bin", "failed a.bin unreadableFile"])
    let rejected = upload.ended(.failed(UploadError(.refusedByServer, "No."))).changed { $0.bytes = 0 }
    #expect(story([snapshot(0, rejected)])[0].prefix(2) == ["started a.bin", "failed a.bin refusedByServer"])
  }

  @Test func `rejected requests are reported with their snapshot, without a process event`() {
    var rejecting = snapshot(0)
    rejecting.rejected = [
      RejectedRequest(time: "", client: "a", method: "PUT", path: "/a", status: 401, reason: "No token."),
      RejectedRequest(time: "", client: "a", method: "PUT", path: "/a", status: 413, reason: "Large.", count: 7),
    ]
    #expect(story([rejecting, snapshot(1)]) == [["rejected 401 1", "rejected 413 7"], []])
  }

  @Test func `of two uploads each is reported at its own start, interval and end`() {
    let other = UploadSnapshot.example { $0.name = "b.bin" }
    let story = story([
      snapshot(0, upload), snapshot(0.3, upload, other), snapshot(0.6, upload, other),
      snapshot(0.9, other, upload.ended(.cancelled)),
    ])
    #expect(
      story == [
        ["started a.bin", "process"], ["started b.bin"], ["progress a.bin"], ["cancelled a.bin", "progress b.bin"],
      ]
    )
  }

  @Test func `no history is kept of uploads that ended or are missing in a snapshot`() {
    var deriver = EventDeriver()
    for second in 0..<50 {
      let upload = UploadSnapshot.example()
      _ = deriver.events(for: snapshot(Double(second), upload))
      _ = deriver.events(for: snapshot(Double(second) + 0.5, upload.ended(.cancelled)))
    }
    #expect(deriver.historyCount == 0)
    _ = deriver.events(for: snapshot(100, upload, .example()))
    #expect(deriver.historyCount == 2)
    _ = deriver.events(for: snapshot(101, upload))
    #expect(deriver.historyCount == 1)
    _ = deriver.events(for: snapshot(102))
    #expect(deriver.historyCount == 0)
  }

  @Test func `NaN, infinite and negative stall times do not trap`() {
    for seconds in [Double.nan, .infinity, -5, 1e300] {
      #expect(story([snapshot(0, upload.stalled(.client, seconds)), snapshot(1, upload)])[0].count == 3)
    }
  }
}
