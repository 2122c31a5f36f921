import Testing

@testable import UploadCore
@testable import UploadReport

@Suite struct TreeEventTests {
  private let start = ContinuousClock.now

  private func group(_ change: (inout GroupSnapshot) -> Void = { _ in }) -> GroupSnapshot {
    var group = GroupSnapshot(
      direction: .incoming,
      id: "x",
      name: "photos",
      remote: "192.0.2.7:5555",
      mode: .stream,
      files: 10_000,
      bytes: 40_960_000
    )
    change(&group)
    return group
  }

  private func file(_ name: String = "photos/a.jpg", id: String = "x") -> UploadSnapshot {
    .example {
      $0.name = name
      $0.group = UploadGroup(id: id, name: "photos")
    }
  }

  private func failed(_ name: String) -> UploadSnapshot {
    file(name).ended(.failed(UploadError(.clientGone, "Gone.")))
  }

  private func finished(_ name: String) -> UploadSnapshot {
    file(name).ended(.finished(FinishedUpload(path: name, bytes: 1)))
  }

  private func snapshot(_ seconds: Double, _ groups: [GroupSnapshot], _ uploads: [UploadSnapshot] = []) -> Snapshot {
    var snapshot = Snapshot(
      at: start + .milliseconds(Int(seconds * 1000)),
      uploads: uploads,
      memory: ProcessMemory(resident: 1, peak: 2),
      slabs: SlabUse(used: 3, budget: 4)
    )
    snapshot.groups = groups
    return snapshot
  }

  private func lines(_ deriver: inout EventDeriver, _ snapshot: Snapshot) -> [String] {
    deriver.events(for: snapshot).compactMap { $0.plainLine() }
  }

  private func together(_ failures: UInt64? = nil, interval: Duration? = nil) -> EventDeriver {
    EventDeriver(interval: interval, trees: .together(above: 20, failures: failures))
  }

  @Test func `of a tree of many files only its beginning, failures and end are reported`() {
    var deriver = together()
    let first = lines(&deriver, snapshot(0, [group { $0.filesActive = 2 }], [file(), file()]))
    #expect(first == [#"incoming tree "photos/" started, 10,000 files, 39.1 MiB, from 192.0.2.7:5555"#])
    let second = lines(&deriver, snapshot(1, [group()], [finished("photos/a.jpg"), failed("photos/b.jpg")]))
    #expect(second == [#"incoming stream "photos/b.jpg" failed: Gone."#])
    let end = group {
      $0.hasEnded = true
      ($0.filesFinished, $0.filesFailed, $0.bytesFinished, $0.bytesMoved) = (9_999, 1, 1 << 20, 1 << 20)
      $0.seconds = 2
    }
    #expect(
      lines(&deriver, snapshot(2, [end], [finished("photos/c.jpg")])) == [
        #"incoming tree "photos/" ended, 9,999 of 10,000 files, 1.0 MiB in 2 s (512.0 KiB/s); 1 failed"#
      ]
    )
    #expect(lines(&deriver, snapshot(3, [end])).isEmpty, "the ledger keeps ended groups")
    #expect(deriver.historyCount == 0)
  }

  @Test func `a tree of few files, and a file of a group that is not counted, are reported as uploads`() {
    var deriver = together()
    let few = group {
      $0.files = 20
      $0.hasEnded = true
    }
    #expect(lines(&deriver, snapshot(0, [few], [finished("photos/a.jpg")])).count == 2)
    #expect(lines(&deriver, snapshot(1, [], [file(id: "unknown")])).count == 1)
  }

  @Test func `failures beyond the limit are only counted, in the line for the end`() {
    var deriver = together(2)
    let failures = (0..<5).map { failed("\($0)") }
    let listed = lines(&deriver, snapshot(0, [group { $0.filesFailed = 5 }], failures))
    #expect(listed.count { $0.contains("failed: Gone.") } == 2)
    let end = lines(
      &deriver,
      snapshot(
        1,
        [
          group {
            $0.filesFailed = 5
            $0.hasEnded = true
          }
        ]
      )
    )
    #expect(end.first?.hasSuffix("5 failed, 9,995 not sent (3 of them not listed)") == true)
  }

  @Test func `a stall of a tree is reported once, and so is its end`() {
    var deriver = together()
    _ = lines(&deriver, snapshot(0, [group()]))
    let stalled = group { $0.stalledSeconds = 5 }
    let line = #"incoming tree "photos/" stalled for 5 s after 0 of 10,000 files"#
    #expect(lines(&deriver, snapshot(10, [stalled])) == [line])
    #expect(lines(&deriver, snapshot(11, [stalled])).isEmpty)
    #expect(lines(&deriver, snapshot(12, [group()])) == [#"incoming tree "photos/" resumed after 7 s"#])
  }

  @Test func `progress of a tree is reported at the interval`() {
    var deriver = together(interval: .seconds(1))
    let moving = group {
      ($0.filesActive, $0.filesFinished, $0.bytesMoved) = (1, 1_204, 15_564_800)
      ($0.speed, $0.eta) = (1_048_576, 25)
    }
    _ = lines(&deriver, snapshot(0, [moving]))
    #expect(lines(&deriver, snapshot(0.5, [moving])).isEmpty)
    let line = #"incoming tree "photos/" 1,204 of 10,000 files 38% 1.0 MiB/s 0:25 left"#
    #expect(lines(&deriver, snapshot(1, [moving])) == [line])
  }

  @Test func `as JSON every file is reported, and the end of a tree`() {
    var deriver = EventDeriver(interval: nil)
    let events = deriver.events(for: snapshot(0, [group { $0.filesActive = 1 }], [file()]))
    #expect(events.count == 1)
    #expect(events.first?.json.serialized.hasSuffix(#""declaredType":null,"tree":"x"}"#) == true)
    let end = group {
      $0.hasEnded = true
      ($0.filesFinished, $0.bytesFinished, $0.seconds) = (10_000, 40_960_000, 2.5)
    }
    let last = deriver.events(for: snapshot(1, [end], [finished("photos/a.jpg")])).map(\.json.serialized)
    #expect(
      last.last
        == #"{"event":"tree","id":"x","direction":"incoming","name":"photos","remote":"192.0.2.7:5555","files":10000,"#
        + #""bytes":40960000,"filesFinished":10000,"filesFailed":0,"filesCancelled":0,"bytesFinished":40960000,"#
        + #""seconds":2.5}"#
    )
  }

  @Test func `a name with control characters is safe in the lines of a tree`() {
    var deriver = together()
    let hostile = group { $0.name = "evil\u{1B}]0;pwned\u{7}\u{202E}gnp" }
    let line = lines(&deriver, snapshot(0, [hostile])).first ?? ""
    #expect(!line.isEmpty && !line.unicodeScalars.contains { PlainText.isUnsafe($0) })
  }

  @Test func `a tree is drawn as one upload with its bytes and its state`() {
    let moving = group {
      ($0.filesActive, $0.bytesMoved, $0.speed) = (3, 15_564_800, 7)
    }
    let upload = moving.upload()
    #expect((upload.name, upload.size, upload.bytes, upload.speed) == ("photos/", 40_960_000, 15_564_800, 7))
    #expect(upload.state == .receiving && upload.outcome == nil && !upload.isQueued)
    #expect(group { $0.stalledSeconds = 3 }.state == .stalled)
    #expect(group { ($0.filesActive, $0.filesResting) = (2, 2) }.state == .interrupted)
    #expect(group { ($0.hasEnded, $0.filesFinished) = (true, 10_000) }.state == .done)
    #expect(group { ($0.hasEnded, $0.filesFailed) = (true, 1) }.state == .failed)
    #expect(group { $0.hasEnded = true }.state == .failed, "files are missing")
    #expect(group { ($0.hasEnded, $0.isCancelled) = (true, true) }.state == .cancelled)
    #expect(group { $0.mode = .multipart }.title == "photos", "a form is no directory")
  }

  @Test func `progress lines have a tree of many files in place of its files`() {
    let shown = snapshot(0, [group { $0.filesActive = 1 }], [file(), .example()]).separatingTrees(above: 20)
    #expect(shown.trees.map(\.id) == ["x"] && shown.files.map(\.name) == ["a.bin"])
    let few = snapshot(0, [group { $0.files = 2 }], [file()]).separatingTrees(above: 20)
    #expect(few.trees.isEmpty && few.files.count == 1)
  }
}
