import Dashboard
import TerminalUI
import Testing
import UploadCore

/// Marks, and the keys that apply to all marked uploads.
@Suite struct MarkTests {
  private let first = UploadSnapshot.example("one.bin") { $0.canPause = true }
  private let second = UploadSnapshot.example("two.bin") { $0.canPause = true }
  private let sent = UploadSnapshot.sending("three.bin")

  private func driver(_ size: Size = Size(width: 120, height: 34)) -> Driver {
    var driver = Driver(size)
    driver.show([first, second, sent])
    return driver
  }

  private func footer(_ driver: Driver) -> String { driver.row(33) }

  @Test func `Space marks the selected upload and selects the next, and marks are visible without colours`() {
    var driver = driver()
    #expect(driver.selectedRow?.contains("two.bin") == true)
    driver.type(" ")
    #expect(driver.selectedRow?.contains("one.bin") == true)
    #expect(driver.text.contains("✓ two.bin") && driver.text.contains("1 marked") && !driver.text.contains("✓ one"))
    driver.press(.up)
    driver.type(" ")
    #expect(!driver.text.contains("✓") && !driver.text.contains("marked"))
    var ascii = Driver(capabilities: .ascii)
    ascii.show([first])
    ascii.type(" ")
    #expect(ascii.text.contains("+ one.bin"))
  }

  @Test func `marks stay with their uploads when the order changes, and disappear with them`() {
    var driver = driver()
    driver.type(" s")
    driver.show([first, second, sent])
    #expect(driver.text.contains("✓ two.bin") && !driver.text.contains("✓ one.bin"))
    driver.show([first, second.finished(), sent])
    #expect(driver.text.contains("✓ two.bin"), "an ended upload is still listed")
    driver.type("c")
    #expect(!driver.text.contains("marked") && !driver.text.contains("✓"))
  }

  @Test func `the asterisk marks all uploads of a pane or inverts the marks, and Escape removes them`() {
    var driver = driver()
    driver.type("*")
    #expect(driver.text.contains("✓ one.bin") && driver.text.contains("✓ two.bin") && !driver.text.contains("✓ three"))
    #expect(footer(driver).contains("2 uploads are marked"))
    driver.type("2*")
    #expect(driver.text.contains("✓ three.bin"))
    driver.type("1*")
    #expect(driver.text.contains("✓ three.bin") && !driver.text.contains("✓ one.bin"))
    driver.press(.escape)
    #expect(!driver.text.contains("✓"))
  }

  @Test func `x asks once for all marked uploads and cancels those that run`() {
    var driver = driver()
    driver.type("*2 x")
    #expect(driver.text.contains("Cancel 3 uploads?") && driver.text.contains("2 incoming, 1 outgoing"))
    driver.show([first, second.finished(), sent])
    driver.type("y")
    #expect(driver.takeEffects() == [.cancel(first.id), .cancel(sent.id)])
    driver.show([first.ended(.cancelled), sent.ended(.cancelled)])
    driver.type("x")
    #expect(driver.effects.isEmpty && !driver.text.contains("Cancel"), "none of them runs")
  }

  @Test func `one marked upload is cancelled with its name, wherever the selection is`() {
    var driver = driver()
    driver.type(" x")
    #expect(driver.text.contains("Cancel this upload?") && driver.selectedRow?.contains("one.bin") == true)
    driver.type("y")
    #expect(driver.takeEffects() == [.cancel(second.id)])
  }

  @Test func `p pauses all marked uploads that can be paused, says how many, and then continues them`() {
    var driver = driver()
    driver.type("*2 p")
    #expect(driver.takeEffects() == [.setPaused(second.id, true), .setPaused(first.id, true)])
    #expect(footer(driver).contains("paused 2 uploads; 1 cannot be paused"))
    driver.show([first.paused(), second, sent])
    driver.type("p")
    #expect(driver.takeEffects() == [.setPaused(second.id, true)], "first all of them are paused")
    driver.show([first.paused(), second.paused(), sent])
    #expect(footer(driver).contains("resume"))
    driver.type("p")
    #expect(Set(driver.takeEffects()) == [.setPaused(second.id, false), .setPaused(first.id, false)])
  }

  @Test func `r sends all marked uploads that have ended again, and removes their marks`() {
    let (other, running) = (UploadSnapshot.sending("four.bin"), UploadSnapshot.sending("five.bin"))
    var driver = Driver()
    driver.show([sent, other, running])
    driver.show([running, sent.ended(.cancelled), other.failed()])
    driver.type("2*r")
    #expect(Set(driver.takeEffects()) == [.retry(sent.id), .retry(other.id)])
    #expect(driver.text.contains("✓ five.bin") && !driver.text.contains("✓ three.bin"))
  }

  @Test func `a marked tree counts once, without its marked files`() {
    let tree = GroupSnapshot.example()
    let file = tree.file("a.jpg") { $0.canPause = true }
    var driver = Driver(Size(width: 120, height: 40))
    driver.show([file], groups: [tree])
    driver.press(.enter)
    driver.type("*p")
    #expect(driver.takeEffects() == [.setTreePaused(tree.id, true)])
    driver.type("xy")
    #expect(driver.takeEffects() == [.cancel(file.id)])
  }

  @Test func `uploads that the filter hides stay marked, and their number is shown`() {
    var driver = driver()
    driver.type("*/one")
    driver.press(.enter)
    #expect(driver.text.contains("2 marked"))
    driver.type("x")
    #expect(driver.text.contains("Cancel 2 uploads?"))
  }

  @Test func `the footer shows a command as soon as one of the marked uploads is one for it`() {
    var driver = Driver()
    driver.show([first, sent.changed { $0.mode = .resumable }])
    driver.show([first.finished(), sent])
    driver.type("*2*")
    #expect(["x cancel", "> limit"].allSatisfy(footer(driver).contains), "\(footer(driver))")
    #expect(!footer(driver).contains("p pause") && !footer(driver).contains("r retry"))
    driver.show([sent.failed()])
    #expect(footer(driver).contains("r retry") && !footer(driver).contains("x cancel"), "\(footer(driver))")
    driver.show([])
    driver.type("c")
    #expect(!footer(driver).contains("r retry"))
  }

  @Test func `marks are drawn at every size`() {
    for size in [
      Size(width: 1, height: 1), .init(width: 40, height: 8), .init(width: 50, height: 16),
      .init(width: 80, height: 24), .init(width: 500, height: 200),
    ] {
      var driver = driver(size)
      driver.type("*x")
      let frame = driver.model.render()
      #expect(frame.text.split(separator: "\n", omittingEmptySubsequences: false).count >= size.height)
      if size.width >= 40 { #expect(driver.text.contains("y") && driver.text.contains("n")) }
    }
  }
}
