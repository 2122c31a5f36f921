import Dashboard
import TerminalUI
import Testing
import UploadCore

@Suite struct CommandTests {
  private let incoming = UploadSnapshot.example("in.bin")
  private let outgoing = UploadSnapshot.sending("out.bin")

  private func driver() -> Driver {
    var driver = Driver()
    driver.show([incoming, outgoing])
    return driver
  }

  // MARK: Cancel, retry, clear

  @Test func `the key x asks before it cancels an incoming or outgoing upload, and y confirms`() {
    for (pane, upload) in [("1", incoming), ("2", outgoing)] {
      var driver = driver()
      driver.type(pane + "x")
      #expect(driver.text.contains("Cancel this upload?") && driver.text.contains(upload.name))
      #expect(driver.effects.isEmpty)
      driver.type("y")
      #expect(driver.effects == [.cancel(upload.id)])
      #expect(!driver.text.contains("Cancel this upload?"))
    }
  }

  @Test func `the keys n and Escape close the question about cancelling without an effect`() {
    for key in [KeyEvent("n"), KeyEvent(.escape)] {
      var driver = driver()
      driver.type("x")
      driver.press(key)
      #expect(driver.effects.isEmpty && !driver.text.contains("Cancel this upload?"))
    }
  }

  @Test func `while a question is open the keys u, s, m and 2 return no effects, and the question remains`() {
    var driver = driver()
    driver.type("xusm2")
    #expect(driver.effects.isEmpty && driver.text.contains("Cancel this upload?"))
  }

  @Test func `only an ended outgoing upload can be retried`() {
    var driver = driver()
    driver.type("2r")
    #expect(driver.effects.isEmpty)
    driver.show([outgoing.ended(.cancelled), incoming.ended(.cancelled)])
    driver.type("1r")
    #expect(driver.effects.isEmpty)
    driver.type("2r")
    #expect(driver.effects == [.retry(outgoing.id)])
  }

  @Test func `an ended upload remains in its list until it is cleared`() {
    var driver = driver()
    driver.show([incoming, outgoing.finished()])
    driver.show([incoming])
    #expect(driver.text.contains(/out.bin +sent/))
    driver.type("c")
    #expect(!driver.text.contains(/out.bin +sent/))
    #expect(driver.text.contains("in.bin"))
  }

  // MARK: Quitting

  @Test func `the key q quits at once, but asks while uploads run`() {
    var idle = Driver()
    idle.type("q")
    #expect(idle.effects == [.quit])

    var busy = driver()
    busy.type("q")
    #expect(busy.effects.isEmpty && busy.text.contains("2 uploads are still running."))
    busy.type("y")
    #expect(busy.effects == [.quit])
  }

  @Test func `while uploads run the first Ctrl-C asks and the second one quits`() {
    var driver = driver()
    driver.press(KeyEvent("c", .control))
    #expect(driver.effects.isEmpty)
    driver.press(KeyEvent("c", .control))
    #expect(driver.effects == [.quit])
  }

  @Test func `Ctrl-C twice quits from the file picker while uploads run`() {
    var driver = driver()
    driver.type("u")
    _ = driver.takeEffects()
    driver.press(KeyEvent("c", .control), KeyEvent("c", .control))
    #expect(driver.effects == [.quit])
  }

  @Test func `a closed terminal quits without a question while uploads run`() {
    var driver = driver()
    driver.send(.input(.closed))
    #expect(driver.effects == [.quit])
  }

  @Test func `Ctrl-Z suspends and Ctrl-L redraws`() {
    var driver = driver()
    driver.press(KeyEvent("z", .control), KeyEvent("l", .control))
    #expect(driver.effects == [.suspend, .redraw])
  }

  // MARK: Settings

  @Test func `each key that changes a setting has the effect that saves the settings`() {
    for (key, change) in Self.changes {
      var driver = driver()
      driver.type(key)
      var expected = DashboardSettings()
      change(&expected)
      #expect(driver.effects == [.save(expected)], "\(key)")
      #expect(driver.model.settings == expected)
    }
  }

  private static let changes: [(String, @Sendable (inout DashboardSettings) -> Void)] = [
    ("m", { $0.mode = .multipart }), ("s", { $0.sort = .state }), ("t", { $0.theme = .light }),
    ("b", { $0.bar = .thin }), ("d", { $0.density = .one }), ("+", { $0.refreshRate = 10 }),
    ("-", { $0.refreshRate = 2 }),
  ]

  @Test func `plus and minus change the refresh rate to at most 10 and at least 1 snapshot per second`() {
    var driver = driver()
    driver.type("+++")
    #expect(driver.model.refreshRate == 10)
    driver.type("-----")
    #expect(driver.model.refreshRate == 1)
  }

  // MARK: Views

  @Test func `Escape closes the help, then the log, and then clears the filter of the panes`() {
    var driver = driver()
    driver.type("/zz")
    driver.press(.enter)
    driver.type("L?")
    #expect(driver.text.contains("Keys"))
    driver.press(.escape)
    #expect(driver.text.contains("Event log"))
    driver.press(.escape)
    #expect(driver.text.contains("Nothing here matches \"zz\"."))
    driver.press(.escape)
    #expect(driver.text.contains("in.bin"))
  }

  @Test func `Escape clears the log's filter before it closes the log, and L closes the log and clears its filter`() {
    var driver = driver()
    driver.type("L/out")
    driver.press(.enter)
    #expect(driver.text.contains("out.bin") && !driver.text.contains("in.bin"))
    driver.press(.escape)
    #expect(driver.text.contains("Event log") && driver.text.contains("in.bin"))
    driver.type("/out")
    driver.press(.enter)
    driver.type("L")
    #expect(driver.text.contains("1 Incoming") && driver.text.contains("in.bin"), "the panes show all")
    driver.type("L")
    #expect(driver.text.contains("in.bin"), "the next time too")
  }

  @Test(arguments: [KeyEvent("?"), KeyEvent(.function(1))])
  func `the question mark and F1 open and close the help`(_ key: KeyEvent) {
    var driver = driver()
    driver.press(key)
    #expect(driver.text.contains("choose files or directories to send"))
    driver.press(key)
    #expect(!driver.text.contains("choose files or directories to send"))
  }

  @Test func `Escape closes the help before it clears a filter that is being typed`() {
    var driver = driver()
    driver.type("/out")
    driver.press(.function(1))
    driver.press(.escape)
    #expect(driver.row(33).contains("/out"))
  }

  @Test func `the footer of the help shows that q closes it`() {
    var driver = Driver(Size(width: 180, height: 60))
    driver.type("?")
    #expect(driver.row(59).contains("q close") && !driver.row(59).contains("quit"))
    driver.type("q")
    #expect(driver.effects.isEmpty && !driver.text.contains("choose files or directories to send"))
    #expect(driver.row(59).contains("q quit"))
  }

  @Test func `Ctrl-C quits while the help is open`() {
    var driver = Driver()
    driver.type("?")
    driver.press(KeyEvent("c", .control))
    #expect(driver.effects == [.quit])
  }

  @Test func `Enter has no hint and no effect while the focused detail fills the screen`() {
    var driver = Driver(Size(width: 80, height: 16))
    driver.show([incoming])
    #expect(driver.row(15).contains("Enter detail"))
    driver.type("3")
    #expect(driver.text.contains("Detail: in.bin") && !driver.row(15).contains("Enter"))
    driver.press(.enter)
    driver.press(.escape)
    #expect(driver.text.contains("1 Incoming"), "Enter had no effect, so that one step back is enough")
  }

  @Test func `the question about an outgoing upload says that the server may keep what it has received`() {
    var driver = driver()
    driver.type("2x")
    #expect(driver.text.contains("Sending stops. A resumable upload is deleted at the server."))
  }

  @Test func `the help scrolls to its last row and no further`() {
    var driver = Driver(Size(width: 60, height: 12))
    driver.type("?")
    let top = driver.text
    driver.press(.up)
    #expect(driver.text == top)
    driver.press(.pageDown)
    #expect(driver.text != top)
    driver.press(.end)
    let bottom = driver.text
    driver.press(.down)
    #expect(driver.text == bottom && bottom != top)
  }

  @Test func `the footer shows only keys that have an effect`() {
    var driver = Driver()
    func footer() -> String { driver.row(33) }
    #expect(footer().contains("u upload") && !footer().contains("cancel") && !footer().contains("clear"))
    driver.show([incoming])
    #expect(footer().contains("x cancel") && !footer().contains("retry"))
    driver.show([incoming.ended(.cancelled)])
    #expect(!footer().contains("x cancel") && footer().contains("c clear"))
    driver.type("/")
    #expect(footer().contains("Enter keep") && !footer().contains("upload"))
  }

  @Test func `the filter shows only matching uploads, in upper or lower case, until Escape clears it`() {
    var driver = driver()
    driver.type("/OUT")
    #expect(driver.text.contains("out.bin") && !driver.text.contains("│ in.bin"))
    #expect(!driver.text.contains("▌in.bin"))
    driver.press(.escape)
    #expect(driver.text.contains("▌in.bin"))
  }
}
