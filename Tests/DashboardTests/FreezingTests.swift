import Dashboard
import TerminalUI
import Testing
import UploadCore

@Suite struct FreezingTests {
  @Test func `a frozen screen says so and does not change with later snapshots`() {
    let upload = UploadSnapshot.example("in.bin")
    var driver = Driver()
    driver.show([upload])
    driver.type("f")
    let frame = driver.model.render()
    #expect(frame.text.contains("FROZEN"))
    driver.resident *= 3
    driver.show([upload.changed { $0.bytes += 1 << 28 }])
    driver.show([upload.finished()])
    #expect(driver.model.render() == frame)
  }

  @Test func `uploads and events that arrive while the screen is frozen are shown when it resumes`() {
    let upload = UploadSnapshot.example("in.bin")
    let short = UploadSnapshot.sending("short.bin")
    var driver = Driver()
    driver.show([upload])
    driver.type("f")
    driver.show([upload.finished(), short.finished()])
    driver.show([])
    #expect(!driver.model.hasRunningUploads)
    driver.type("f")
    #expect(!driver.text.contains("FROZEN"))
    #expect(driver.text.contains(/short.bin +sent/))
    driver.type("L")
    #expect(driver.text.contains("stored    ↓ in.bin"))
  }

  @Test(arguments: NoteLevel.allCases) func `notes are shown on a frozen screen too`(_ level: NoteLevel) {
    var driver = Driver()
    driver.show([.example("in.bin")])
    driver.type("f")
    driver.send(.note(level, "something happened"))
    #expect(driver.row(33).contains("something happened") && driver.text.contains("FROZEN"))
    driver.type("s")
    #expect(driver.row(33).contains("order of uploads: state"))
  }

  @Test func `sending a pasted file ends a freeze`() {
    var driver = Driver()
    driver.type("f")
    driver.send(.input(.paste("/a/b.bin")))
    driver.send(.checked(SendCheck(files: [.init(path: "/a/b.bin", size: 1)], target: .ownServer)))
    #expect(driver.text.contains("FROZEN"))
    driver.press(.enter)
    driver.show([.sending("b.bin")])
    #expect(!driver.text.contains("FROZEN") && driver.text.contains("b.bin"))
  }

  @Test func `retrying an upload ends a freeze, and so does cancelling one`() {
    let upload = UploadSnapshot.sending("out.bin")
    for (keys, shown) in [("fr", upload.ended(.cancelled)), ("fxy", upload)] {
      var driver = Driver()
      driver.show([upload])
      driver.show([shown])
      driver.type("2" + keys)
      #expect(driver.effects.count == 1)
      #expect(!driver.text.contains("FROZEN"))
    }
  }

  @Test func `the key j moves the selection on a frozen screen`() {
    var driver = Driver()
    driver.show([.example("one"), .example("two")])
    driver.type("fj")
    #expect(driver.selectedRow?.contains("one") == true)
  }

  @Test func `an idle screen does not change within half a minute, even if memory changes a little`() {
    var driver = Driver()
    driver.send(.freeSpace(1 << 40))
    driver.show([])
    let frame = driver.model.render()
    // Half a minute: the uptime's minute is not over.
    for _ in 0..<60 {
      driver.show([])
      #expect(driver.model.render() == frame)
    }
    driver.resident += 20_000
    driver.show([])
    #expect(driver.model.render() == frame, "less than a tenth of a MiB")
  }

  @Test func `a screen with only ended uploads does not change within ten seconds`() {
    var driver = Driver()
    let upload = UploadSnapshot.example("in.bin")
    driver.show([upload])
    driver.show([upload.finished()])
    driver.show([])
    let frame = driver.model.render()
    for _ in 0..<20 { driver.show([]) }
    #expect(driver.model.render() == frame)
  }

  @Test func `after 65 seconds the header shows an uptime of 1 min`() {
    var driver = Driver()
    for _ in 0..<130 { driver.show([]) }
    #expect(driver.row(1).contains("up 1 min"))
  }
}
