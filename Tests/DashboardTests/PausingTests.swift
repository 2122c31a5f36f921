import Dashboard
import TerminalUI
import Testing
import UploadCore

/// The key p, and what interrupted and paused uploads mean for quitting and idling.
@Suite struct PausingTests {
  private let resumable = UploadSnapshot.sending("out.bin") {
    $0.mode = .resumable
    $0.canPause = true
  }

  private func driver(_ uploads: UploadSnapshot...) -> Driver {
    var driver = Driver()
    driver.show(uploads)
    driver.type("2")
    return driver
  }

  private func footer(_ driver: Driver) -> String { driver.row(33) }

  @Test func `the key p pauses the selected resumable upload, and continues a paused one`() {
    var driver = driver(resumable)
    #expect(footer(driver).contains("p pause"))
    driver.type("p")
    #expect(driver.takeEffects() == [.setPaused(resumable.id, true)])
    driver.show([resumable.paused()])
    #expect(driver.text.contains("paused") && footer(driver).contains("p resume"))
    driver.type("p")
    #expect(driver.takeEffects() == [.setPaused(resumable.id, false)])
  }

  @Test func `the key p continues an unfinished upload of an earlier process`() {
    let left = UploadSnapshot.queued(
      id: UploadID(),
      mode: .resumable,
      name: "left.bin",
      size: 1 << 20,
      remote: "127.0.0.1:8080",
      isPaused: true
    )
    var driver = driver(left)
    #expect(driver.text.contains(/left.bin .* 0 % paused/))
    driver.type("p")
    #expect(driver.takeEffects() == [.setPaused(left.id, false)])
    driver.type("xy")
    #expect(driver.takeEffects() == [.cancel(left.id)])
  }

  @Test(arguments: [
    (UploadSnapshot.sending("a"), "only a resumable upload can be paused"),
    (.queued("a"), "has not begun"), (UploadSnapshot.sending("a").ended(.cancelled), "has ended"),
  ])
  func `the key p says why an upload cannot be paused, and has no hint for it`(
    _ upload: UploadSnapshot,
    _ reason: String
  ) {
    var driver = driver(upload)
    #expect(!footer(driver).contains("p pause"))
    driver.type("p")
    #expect(driver.effects.isEmpty && driver.text.contains(reason))
  }

  @Test func `the key p pauses an incoming upload that arrives, and continues a paused one`() {
    let incoming = UploadSnapshot.example("in.bin") { $0.canPause = true }
    var driver = driver(incoming)
    driver.type("1")
    #expect(footer(driver).contains("p pause"))
    driver.type("p")
    #expect(driver.takeEffects() == [.setPaused(incoming.id, true)])
    driver.show([incoming.paused().changed { $0.mode = .multipart }])
    #expect(driver.text.contains(/50 % +paused/) && footer(driver).contains("p resume"), "\(driver.text)")
    driver.press(.enter)
    #expect(driver.text.contains("64 KiB/s keep its client connected"))
    driver.type("p")
    #expect(driver.takeEffects() == [.setPaused(incoming.id, false)])
  }

  @Test(arguments: [
    (UploadSnapshot.example("in.bin").interrupted(5), "only its client can continue it"),
    (UploadSnapshot.example("in.bin"), "this upload cannot be paused now"),
    (UploadSnapshot.example("in.bin") { $0.state = .finishing }, "this upload is finishing: it cannot be paused"),
  ])
  func `the key p says why an incoming upload cannot be paused`(_ upload: UploadSnapshot, _ reason: String) {
    var driver = driver(upload)
    driver.type("1p")
    #expect(driver.effects.isEmpty && driver.text.contains(reason))
  }

  @Test func `the key p ends the pause of an interrupted upload, and no other pause begins then`() {
    let interrupted = UploadSnapshot.example("in.bin") { $0.canPause = true }.interrupted(5)
    let paused = interrupted.changed { $0.isPausedWhileInterrupted = true }
    var driver = driver(paused)
    driver.type("1")
    #expect(driver.text.contains("interrupted, paused") && footer(driver).contains("p resume"), "\(driver.text)")
    driver.type("/state:paused")
    driver.press(.enter)
    #expect(driver.text.contains("in.bin"))
    driver.press(.escape)
    driver.press(.enter)
    #expect(driver.text.contains("its client would continue it paused: p ends that"), "\(driver.text)")
    driver.type("p")
    #expect(driver.takeEffects() == [.setPaused(paused.id, false)])
    driver.show([interrupted])
    #expect(!driver.text.contains("paused") && !footer(driver).contains("p resume"))
    driver.type("p")
    #expect(driver.effects.isEmpty && driver.text.contains("only its client can continue it"))
  }

  @Test func `the key p ends the pause of a tree whose client has disconnected`() {
    let tree = GroupSnapshot.example {
      ($0.isPaused, $0.filesActive, $0.filesResting, $0.speed, $0.eta) = (true, 1, 1, 0, nil)
    }
    var driver = Driver()
    driver.show([tree.file("a").interrupted(5)], groups: [tree])
    #expect(driver.text.contains("interrupted, paused") && footer(driver).contains("p resume"), "\(driver.text)")
    driver.type("p")
    #expect(driver.takeEffects() == [.setTreePaused(tree.id, false)])
  }

  @Test func `before the program quits it asks about a paused incoming upload`() {
    var driver = driver(UploadSnapshot.example("in.bin").paused())
    driver.type("q")
    #expect(driver.effects.isEmpty && driver.text.contains("1 upload is still running."))
  }

  @Test func `the key p has no effect without an upload`() {
    var driver = Driver()
    driver.type("p")
    #expect(driver.effects.isEmpty)
  }

  @Test func `a dashboard with only interrupted and paused uploads is idle, and q quits at once`() {
    var driver = driver(UploadSnapshot.example("in.bin").interrupted(5), resumable.paused())
    #expect(driver.model.isIdle && !driver.model.hasRunningUploads)
    #expect(driver.model.title == "sluice http://192.168.1.7:8080" && driver.model.progress == .none)
    driver.type("q")
    #expect(driver.effects == [.quit])
  }

  @Test func `the question about quitting counts only uploads that move or are queued`() {
    var driver = driver(.example("in.bin").interrupted(5), .example("other.bin"), resumable.paused())
    driver.type("q")
    #expect(driver.text.contains("1 upload is still running."))
  }

  @Test func `the screen with an interrupted upload is the same a second later`() {
    var driver = Driver()
    let upload = UploadSnapshot.example("in.bin")
    driver.show([upload])
    driver.show([upload.interrupted(120.2)])
    let before = driver.text
    driver.show([upload.interrupted(121.2).changed { $0.expiresIn = 83_999 }])
    #expect(driver.text == before)
  }
}
