import Dashboard
import TerminalUI
import Testing
import UploadCore

/// The window's title and taskbar entry, and screens of unusual size.
@Suite struct WindowTests {
  @Test func `the title shows number and progress of running uploads, and without any the URL`() {
    var driver = Driver()
    #expect(driver.model.title == "sluice http://192.168.1.7:8080")
    driver.show([.example(), .sending { $0.bytes = 0 }])
    #expect(driver.model.title == "sluice ↓1 ↑1 25 %")
  }

  @Test func `the title has no control characters even if the URL has`() {
    let facts = DashboardFacts(url: "http://\u{1B}]0;x\u{7}", directory: "", workingDirectory: "/", home: "/")
    let title = Driver(facts: facts).model.title
    #expect(title.unicodeScalars.allSatisfy { $0.value >= 0x20 })
  }

  @Test func `the taskbar shows the progress of all uploads, busy for an unknown size, error when all are stalled`() {
    var driver = Driver()
    #expect(driver.model.progress == .none)
    driver.show([.example(), .sending { $0.bytes = 0 }])
    #expect(driver.model.progress == .part(0.25))
    driver.show([.example { $0.size = nil }])
    #expect(driver.model.progress == .busy)
    driver.show([UploadSnapshot.example().stalled(.disk, 8)])
    #expect(driver.model.progress == .error)
  }

  @Test func `the model is idle before an upload and after its end, not while it runs`() {
    var driver = Driver()
    #expect(driver.model.isIdle)
    let upload = UploadSnapshot.example()
    driver.show([upload])
    #expect(!driver.model.isIdle && driver.model.hasRunningUploads)
    driver.show([upload.ended(.cancelled)])
    #expect(driver.model.isIdle && !driver.model.hasRunningUploads)
  }

  @Test func `a warning is visible from 20 by 5 cells on`() {
    var facts = DashboardFacts.example
    facts.warning = "No token required."
    for (width, height) in [(20, 5), (40, 8), (80, 24), (120, 34)] {
      var driver = Driver(Size(width: width, height: height), facts: facts)
      driver.show([.example()])
      driver.type("l")
      #expect(driver.text.contains("No token required."), "\(width)x\(height)")
    }
  }

  @Test(arguments: [
    (40, "↓3 212MiB/s ↑2 96MiB/s memory 14MiB"), (24, "↓3 212MiB/s ↑2 96MiB/s"), (12, "↓3 ↑2 14MiB"), (5, "↓3 ↑2"),
    (4, "↓3↑2"), (1, "5"),
  ])
  func `a screen of one row shows the most useful text that fits`(_ width: Int, _ text: String) {
    var driver = Driver(Size(width: width, height: 1))
    let rate = 1_048_576.0
    driver.show(
      (0..<3).map { _ in .example { $0.speed = 212.1 * rate / 3 } }
        + (0..<2).map { _ in .sending { $0.speed = 96.2 * rate / 2 } }
    )
    let row = driver.row(0)
    #expect(row.hasPrefix(text) && row.dropFirst(text.count).allSatisfy { $0 == " " })
  }
}
