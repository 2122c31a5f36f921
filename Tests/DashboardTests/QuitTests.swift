import Dashboard
import TerminalUI
import Testing
import UploadCore

/// The dialog about quitting, and quitting when all uploads have finished.
@Suite struct QuitTests {
  private let upload = UploadSnapshot.example("in.bin")

  private func driver(_ size: Size = Size(width: 120, height: 34)) -> Driver {
    var driver = Driver(size)
    driver.show([upload])
    return driver
  }

  @Test func `the dialog offers three choices, whose keys are visible in 40 columns and 8 rows`() {
    for size in [Size(width: 40, height: 8), .init(width: 60, height: 16), .init(width: 120, height: 34)] {
      var driver = driver(size)
      driver.type("q")
      for text in ["y  cancel and quit", "w  quit when finished", "n  stay"] {
        #expect(driver.text.contains(text), "\(size): \(driver.text)")
      }
      #expect(driver.text.contains("1 upload is still running."), "\(size)")
    }
  }

  @Test func `the dialog is drawn at every size`() {
    for width in [1, 5, 20, 39, 40, 100, 500] {
      for height in [1, 2, 3, 5, 7, 8, 200] {
        var driver = driver(Size(width: width, height: height))
        driver.type("q")
        #expect(driver.model.render().size == Size(width: width, height: height))
        driver.type("n")
        #expect(driver.effects.isEmpty)
      }
    }
  }

  @Test func `y cancels and quits, n and Escape stay`() {
    for (key, effects) in [(KeyEvent("y"), [DashboardEffect.quit]), (KeyEvent("n"), []), (KeyEvent(.escape), [])] {
      var driver = driver()
      driver.type("q")
      driver.press(key)
      #expect(driver.effects == effects && !driver.text.contains("still running"))
    }
  }

  @Test func `w rejects new uploads and quits once all have finished`() {
    var driver = driver()
    driver.type("qw")
    #expect(driver.takeEffects() == [.acceptUploads(false)])
    #expect(driver.row(33).contains("q quits when finished"))
    driver.show([upload, .queued("later.bin")])
    #expect(driver.takeEffects() == [])
    driver.show([upload.finished(), .sending("later.bin")])
    #expect(driver.takeEffects() == [])
    driver.show([])
    #expect(driver.takeEffects() == [.quit])
  }

  @Test func `w waits for an upload whose client may only be between two requests, for ten seconds`() {
    var driver = driver()
    driver.type("qw")
    _ = driver.takeEffects()
    for seconds in [0.1, 9.9] {
      driver.show([upload.interrupted(seconds)])
      #expect(driver.takeEffects() == [], "\(seconds) s")
    }
    driver.show([upload.interrupted(10)])
    #expect(driver.takeEffects() == [.quit])
  }

  @Test func `w waits for the interrupted files of a tree, too`() {
    let tree = GroupSnapshot.example { ($0.filesActive, $0.filesResting, $0.speed, $0.eta) = (1, 1, 0, nil) }
    var driver = Driver()
    driver.show([upload, tree.file("a").interrupted(1)], groups: [tree])
    driver.type("qw")
    driver.show([upload.finished(), tree.file("a").interrupted(2)], groups: [tree])
    #expect(driver.takeEffects() == [.acceptUploads(false)])
    driver.show([tree.file("a").interrupted(20)], groups: [tree])
    #expect(driver.takeEffects() == [.quit])
  }

  @Test func `a paused outgoing tree is not lost without a question, and w waits for it`() {
    let tree = GroupSnapshot.sending("videos", job: UploadID()) {
      ($0.isPaused, $0.filesActive, $0.speed, $0.eta) = (true, 0, 0, nil)
    }
    var driver = Driver()
    driver.show([], groups: [tree])
    driver.type("q")
    #expect(driver.effects.isEmpty && driver.text.contains("1 upload is still running."), "\(driver.text)")
    driver.type("w")
    #expect(driver.takeEffects() == [.acceptUploads(false)])
    driver.show([], groups: [tree.ended()])
    #expect(driver.takeEffects() == [.quit])
  }

  @Test func `w quits at once when the uploads have finished meanwhile`() {
    var driver = driver()
    driver.type("q")
    driver.show([upload.finished()])
    driver.type("w")
    #expect(driver.takeEffects() == [.acceptUploads(false), .quit])
  }

  @Test func `q shows the dialog again while the program is about to quit, and n takes the decision back`() {
    for key in [KeyEvent("n"), KeyEvent(.escape)] {
      var driver = driver()
      driver.type("qw")
      _ = driver.takeEffects()
      driver.type("q")
      #expect(driver.text.contains("Quits when all uploads have finished"))
      driver.press(key)
      #expect(driver.takeEffects() == [.acceptUploads(true)])
      #expect(!driver.row(33).contains("quits when finished"))
      driver.show([upload.finished()])
      #expect(driver.takeEffects() == [])
    }
  }

  @Test func `while the program is about to quit nothing new is sent`() {
    var driver = driver()
    driver.type("qw")
    _ = driver.takeEffects()
    driver.type("u")
    #expect(driver.row(33).contains("no new uploads"))
    driver.send(.input(.paste("/a/b.bin")))
    #expect(driver.takeEffects() == [])
    var ended = Driver()
    ended.show([upload, .sending("out.bin").ended(.cancelled)])
    ended.type("qw")
    _ = ended.takeEffects()
    ended.type("2r")
    #expect(ended.takeEffects() == [])
  }

  @Test func `Ctrl-C twice quits at once, also when the program is about to quit`() {
    var driver = driver()
    driver.type("qw")
    _ = driver.takeEffects()
    driver.press(KeyEvent("c", .control), KeyEvent("c", .control))
    #expect(driver.takeEffects() == [.quit])
  }

  @Test func `a small screen says that the program quits`() {
    var driver = driver(Size(width: 30, height: 7))
    driver.type("qw")
    #expect(driver.text.contains("quits when finished"))
  }
}
