import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// The name that a sender states, in place of the client's address or beside it.
@Suite struct SenderTests {
  private let upload = UploadSnapshot.example("a.bin") {
    ($0.sender, $0.remote) = ("Anna Ärmel", "192.0.2.7:5555")
  }

  private func driver(_ uploads: [UploadSnapshot], _ size: Size = Size(width: 120, height: 34)) -> Driver {
    var driver = Driver(size)
    driver.show(uploads)
    return driver
  }

  @Test(arguments: [(80, 24), (120, 34), (200, 50)])
  func `the row of an upload has the sender's name where it has one, otherwise the address`(width: Int, height: Int) {
    let other = UploadSnapshot.example("b.bin") { $0.remote = "192.0.2.8:6666" }
    let text = driver([upload, other], Size(width: width, height: height)).text
    let rows = text.split(separator: "\n")
    #expect(rows.contains { $0.contains("Anna Ärmel") && !$0.contains("192.0.2.7:5555") }, "\(text)")
    #expect(text.contains("192.0.2.8:6666"), "\(text)")
  }

  @Test func `a long name is truncated, and wide and hostile characters leave the columns as they are`() {
    for name in [String(repeating: "Maximiliane ", count: 8), "漢字漢字漢字漢字漢字漢字漢字", "x\u{202E}\u{1B}[31m"] {
      let frame = driver([upload.changed { $0.sender = name }]).model.render()
      #expect(frame.flaw == nil)
    }
  }

  @Test func `the detail has the name and the address`() {
    var driver = driver([upload])
    driver.press(.enter)
    #expect(driver.text.contains("Anna Ärmel (192.0.2.7:5555), stream"), "\(driver.text)")
  }

  @Test func `the log has the name at the end of an upload`() {
    var driver = driver([upload])
    driver.show([upload.finished()])
    driver.type("L")
    #expect(driver.text.contains(/stored .*a\.bin .*, from Anna Ärmel/), "\(driver.text)")
  }

  @Test func `the filter finds a sender's name in upper or lower case`() {
    var driver = driver([upload, UploadSnapshot.example("b.bin")])
    driver.type("/anna är")
    #expect(driver.text.contains("a.bin") && !driver.text.contains("b.bin"))
  }

  @Test func `the row and the detail of a tree have the sender of its files`() {
    let group = GroupSnapshot.example { ($0.sender, $0.remote) = ("Anna", "192.0.2.7:5555") }
    // Without the detail below the panes.
    var driver = Driver(Size(width: 200, height: 16))
    driver.show([], groups: [group])
    #expect(driver.text.contains("Anna") && !driver.text.contains("192.0.2.7:5555"), "\(driver.text)")
    driver.type("3")
    #expect(driver.text.contains("Anna (192.0.2.7:5555), stream"), "\(driver.text)")
  }
}
