import Dashboard
import TerminalUI
import Testing
import UploadCore

@Suite struct FreezingTests {
  @Test func whatIsShownStandsStillAndSaysSo() {
    let upload = UploadSnapshot.example("in.bin")
    var driver = Driver()
    driver.show([upload])
    driver.type(" ")
    let frame = driver.model.render()
    #expect(frame.text.contains("FROZEN"))
    driver.resident *= 3
    driver.show([upload.changed { $0.bytes += 1 << 28 }])
    driver.show([upload.finished()])
    driver.send(.note(.warning, "something"))
    #expect(driver.model.render() == frame)
  }

  @Test func nothingIsLostMeanwhile() {
    let upload = UploadSnapshot.example("in.bin")
    let short = UploadSnapshot.sending("short.bin")
    var driver = Driver()
    driver.show([upload])
    driver.type(" ")
    driver.show([upload.finished(), short.finished()])
    driver.show([])
    #expect(!driver.model.hasRunningUploads)
    driver.type(" ")
    #expect(!driver.text.contains("FROZEN"))
    #expect(driver.text.contains("short.bin") && driver.text.contains("done"))
    driver.type("L")
    #expect(driver.text.contains("finished  ↓ in.bin"))
  }

  @Test func theSelectionStillMoves() {
    var driver = Driver()
    driver.show([.example("one"), .example("two")])
    driver.type(" j")
    #expect(driver.selectedRow?.contains("one") == true)
  }

  /// An idle screen must not cost anything, so it must not change.
  @Test func anIdleScreenStandsStill() {
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

  @Test func aScreenOfUploadsThatHaveEndedStandsStill() {
    var driver = Driver()
    let upload = UploadSnapshot.example("in.bin")
    driver.show([upload])
    driver.show([upload.finished()])
    driver.show([])
    let frame = driver.model.render()
    for _ in 0..<20 { driver.show([]) }
    #expect(driver.model.render() == frame)
  }

  @Test func theUptimeCountsInMinutes() {
    var driver = Driver()
    for _ in 0..<130 { driver.show([]) }
    #expect(driver.row(0).contains("up 1 min"))
  }
}
