import TerminalUI
import Testing

@testable import Dashboard
@testable import UploadCore

/// `--notify`: when ends are reported.
@Suite struct NotificationTests {
  private let upload = UploadSnapshot.example("in.bin")

  private func driver(_ mode: NotificationMode = .desktop) -> Driver {
    var facts = DashboardFacts.example
    facts.notification = mode
    return Driver(facts: facts)
  }

  private func texts(_ driver: inout Driver) -> [String] {
    driver.takeEffects().compactMap { if case .notify(_, let text) = $0 { text } else { nil } }
  }

  @Test func `there is no notification by default`() {
    var driver = driver(.none)
    driver.show([upload])
    driver.show([upload.finished()])
    #expect(driver.effects.isEmpty)
  }

  @Test(arguments: [NotificationMode.bell, .desktop]) func `there is one notification when all uploads are done`(
    _ mode: NotificationMode
  ) {
    var driver = driver(mode)
    driver.show([])
    driver.show([upload, .sending()])
    driver.show([upload, .sending().finished()])
    #expect(driver.effects.isEmpty, "one still runs")
    driver.show([upload.finished()])
    #expect(driver.effects == [.notify(mode, "All uploads are done: 1 stored, 1 sent.")])
    for _ in 0..<30 { driver.show([]) }
    #expect(driver.effects.count == 1)
  }

  @Test func `a failure is reported while others run, with name and reason, without control characters`() {
    var driver = driver()
    driver.show([upload, .sending("b")])
    driver.show([upload, .sending("a\u{1B}]9;x\u{7}b\n").failed("No space\u{202E} left.")])
    let text = texts(&driver).first ?? ""
    #expect(text.hasPrefix("Upload failed: a") && text.contains("No space") && !text.contains("others are done"))
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
  }

  @Test func `what happens within five seconds is reported together`() {
    var driver = driver()
    driver.show([upload])
    driver.show([upload, .sending("first").failed()])
    #expect(texts(&driver).count == 1)
    driver.show([upload, .sending("second").failed(), .sending("third").failed()])
    driver.show([upload.finished()])
    #expect(texts(&driver) == [])
    for _ in 0..<10 { driver.show([]) }
    #expect(
      texts(&driver) == ["Upload failed: second and 1 more: No space is left in ./uploads. All others are done."]
    )
  }

  @Test func `uploads shorter than the time between two snapshots are reported, too`() {
    var driver = driver()
    driver.show([])
    driver.show([upload.finished()])
    #expect(texts(&driver) == ["All uploads are done: 1 stored."])
  }

  @Test func `one that begins before the five seconds are over delays the notice`() {
    var policy = NotificationPolicy()
    let start = ContinuousClock.now
    func snapshot(_ seconds: Int, _ uploads: [UploadSnapshot]) -> Snapshot {
      Snapshot(
        at: start + .seconds(seconds),
        uploads: uploads,
        memory: ProcessMemory(resident: 0, peak: 0),
        slabs: SlabUse(used: 0, budget: 0)
      )
    }
    #expect(policy.text(for: snapshot(0, [upload.finished()]), isDone: true) != nil)
    #expect(policy.text(for: snapshot(1, [upload.finished()]), isDone: true) == nil && policy.isPending)
    #expect(policy.text(for: snapshot(2, [upload]), isDone: false) == nil && !policy.isPending)
    #expect(policy.text(for: snapshot(9, [upload.finished()]), isDone: true) == "All uploads are done: 2 stored.")
  }

  @Test(arguments: [UploadSnapshot.example("in.bin").paused(), .example("in.bin").interrupted(0.5)])
  func `a pause and a gap between two requests are no end, neither alone nor beside an end`(_ resting: UploadSnapshot) {
    var driver = driver()
    driver.show([upload, .sending()])
    driver.show([resting, .sending()])
    driver.show([resting, .sending().finished()])
    for _ in 0..<20 { driver.show([resting]) }
    #expect(driver.effects.isEmpty)
    driver.show([upload])
    driver.show([upload.finished()])
    #expect(texts(&driver) == ["All uploads are done: 1 stored, 1 sent."])
  }

  @Test func `pausing or interrupting the only upload is no end`() {
    var driver = driver()
    driver.show([upload])
    for resting in [upload.paused(), upload.interrupted(1), upload.interrupted(100)] {
      for _ in 0..<20 { driver.show([resting]) }
    }
    #expect(driver.effects.isEmpty)
    driver.show([upload.ended(.cancelled)])
    #expect(texts(&driver) == ["All uploads are done."])
  }

  @Test func `uploads that are interrupted for long, or that an earlier process has left, delay no notice`() {
    let left = UploadSnapshot.queued(
      id: UploadID(),
      mode: .resumable,
      name: "left.bin",
      size: 1 << 20,
      remote: "127.0.0.1:8080",
      isPaused: true
    )
    var driver = driver()
    driver.show([upload, left, .sending().interrupted(60)])
    driver.show([upload.finished(), left, .sending().interrupted(61)])
    #expect(texts(&driver) == ["All uploads are done: 1 stored."])
  }

  @Test func `a paused tree is not done`() {
    let tree = GroupSnapshot.example { ($0.filesPaused, $0.filesResting, $0.speed, $0.eta) = (2, 2, 0, nil) }
    var driver = driver()
    driver.show([upload, tree.file("a")], groups: [tree])
    driver.show([upload.finished(), tree.file("a").paused()], groups: [tree])
    #expect(driver.effects.isEmpty)
  }
}
