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
    #expect(policy.text(for: snapshot(0, [upload.finished()]), running: 0) != nil)
    #expect(policy.text(for: snapshot(1, [upload.finished()]), running: 0) == nil && policy.isPending)
    #expect(policy.text(for: snapshot(2, [upload]), running: 1) == nil && !policy.isPending)
    #expect(policy.text(for: snapshot(9, [upload.finished()]), running: 0) == "All uploads are done: 2 stored.")
  }
}
