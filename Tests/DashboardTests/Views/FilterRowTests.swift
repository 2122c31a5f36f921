import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// The filter while it is typed.
@Suite struct FilterRowTests {
  private func driver(_ size: Size = Size(width: 120, height: 34)) -> Driver {
    var driver = Driver(size)
    driver.show([.example("alpha.bin"), UploadSnapshot.example("beta.bin").stalled(.client, 9)])
    return driver
  }

  @Test func `before anything is typed the row above shows what a filter may contain`() {
    var driver = driver()
    driver.type("/")
    #expect(driver.row(32).contains("state:stalled rate<1MB/s size>1GB"))
    driver.type("a")
    #expect(!driver.row(32).contains("state:stalled rate"))
  }

  @Test func `a filter that is not valid is reported in place, and the last valid one remains`() {
    var driver = driver()
    driver.type("/state:stal")
    #expect(!driver.text.contains("alpha.bin") && driver.text.contains("beta.bin"))
    driver.type("x")
    #expect(driver.row(31).contains("There is no state \"stalx\": active, stalled,"), "\(driver.text)")
    #expect(driver.text.contains("beta.bin") && !driver.text.contains("alpha.bin"))
    #expect(driver.text.contains("filter: state:stal "), "the pane shows the filter that applies")
    driver.press(.backspace)
    #expect(!driver.row(31).contains("There is no state"))
  }

  @Test func `the part that is wrong is drawn in the style of failures`() {
    var driver = driver()
    driver.type("/a rate<1x")
    let frame = driver.model.render()
    let bad = TerminalCapabilities.unicode.theme(.dark).bad
    let marked = frame.row(33).filter { $0.style.foreground == bad.foreground }.map { String($0.scalar) }.joined()
    #expect(marked == "1x")
  }

  @Test func `Enter keeps only a valid filter, and Escape clears one that is not`() {
    var driver = driver()
    driver.type("/size>1")
    driver.press(.enter)
    #expect(driver.row(33).contains("/size>1") && driver.row(32).contains("\"1\" has no unit"))
    driver.type("MB")
    driver.press(.enter)
    #expect(!driver.row(33).contains("/size") && driver.text.contains("filter: size>1MB"))
    driver.type("/x:")
    driver.press(.escape)
    #expect(driver.text.contains("alpha.bin") && !driver.row(33).contains("/size"))
  }

  @Test func `while a filter is typed from the beginning every stage shows uploads`() {
    var driver = driver()
    driver.type("/")
    for character in "rate<200MB/s -state:stalled alpha" {
      driver.type(String(character))
      #expect(driver.text.contains("alpha.bin"), "\(driver.row(33))")
    }
    #expect(!driver.text.contains("beta.bin"))
  }

  @Test func `the log in its large view has a text as filter, and beside the panes the texts of theirs`() {
    var driver = Driver(Size(width: 120, height: 50))
    driver.show([.example("alpha.bin"), .example("beta.bin")])
    driver.type("/alpha rate>0")
    driver.press(.enter)
    let log = driver.text.split(separator: "\n").filter { $0.contains("18:30:00  started") }
    #expect(log.count == 1 && log[0].contains("alpha.bin"), "\(driver.text)")
    driver.type("L/state:x")
    #expect(driver.text.contains("Nothing contains \"state:x\"."))
    #expect(!driver.text.contains("There is no state"))
  }

  @Test func `a pasted filter applies, and a very long one is reported`() {
    var driver = driver()
    driver.type("/")
    driver.send(.input(.paste("state:stalled")))
    #expect(!driver.text.contains("alpha.bin"))
    driver.send(.input(.paste(String(repeating: " a", count: 100))))
    #expect(driver.row(32).contains("A filter has at most 32 terms."))
  }

  @Test(arguments: [(1, 1), (2, 2), (5, 3), (39, 7), (40, 8), (80, 24), (200, 50)])
  func `a problem is drawn at any size, on a narrow screen in several rows`(width: Int, height: Int) {
    var driver = driver(Size(width: width, height: height))
    driver.type("/foo:\u{202E}漢字")
    #expect(driver.model.render().flaw == nil)
    guard width >= 39 else { return }
    let text = driver.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
      .joined(separator: " ")
    #expect(text.contains("There is no field foo: name, from, to, mode, state, rate, size, left."), "\(driver.text)")
  }
}
