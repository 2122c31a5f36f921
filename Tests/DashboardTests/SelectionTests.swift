import Dashboard
import Foundation
import TerminalUI
import Testing
import UploadCore

@Suite struct SelectionTests {
  private let uploads = (0..<5).map { index in
    UploadSnapshot.example("file-\(index)") { $0.speed = Double(10 - index) * 1e6 }
  }

  private func driver() -> Driver {
    var driver = Driver()
    driver.show(uploads)
    return driver
  }

  private func names(_ driver: Driver) -> [String] {
    driver.text.split(separator: "\n").compactMap { row in
      row.range(of: "file-").map { String(row[$0.lowerBound...].prefix(6)) }
    }
  }

  @Test func `the newest upload is the first row and selected`() {
    #expect(driver().selectedRow?.contains("file-4") == true)
  }

  @Test(arguments: [KeyEvent(.down), KeyEvent("j")])
  func `the keys Down and j select the next upload`(_ key: KeyEvent) {
    var driver = driver()
    driver.press(key)
    #expect(driver.selectedRow?.contains("file-3") == true)
  }

  @Test func `in a list of one page End and PgDn select the last upload, and g and PgUp the first`() {
    var driver = driver()
    driver.press(.end)
    #expect(driver.selectedRow?.contains("file-0") == true)
    driver.type("g")
    #expect(driver.selectedRow?.contains("file-4") == true)
    driver.press(.pageDown)
    #expect(driver.selectedRow?.contains("file-0") == true)
    driver.press(.pageUp)
    #expect(driver.selectedRow?.contains("file-4") == true)
  }

  @Test func `after j the selection remains on its upload when the sort order changes`() {
    var driver = driver()
    driver.type("jss")
    #expect(names(driver).first == "file-0", "ordered by rate")
    #expect(driver.selectedRow?.contains("file-3") == true)
  }

  @Test func `after j the selection remains on its upload when another begins`() {
    var driver = driver()
    driver.type("j")
    driver.show(uploads + [.example("file-5")])
    #expect(names(driver).first == "file-5")
    #expect(driver.selectedRow?.contains("file-3") == true)
  }

  @Test func `the first row is selected until the user moves, and again after g`() {
    var driver = driver()
    driver.show(uploads + [.example("file-5")])
    #expect(driver.selectedRow?.contains("file-5") == true)
    driver.type("jg")
    driver.show(uploads + [.example("file-5"), .example("file-6")])
    #expect(driver.selectedRow?.contains("file-6") == true, "at the top it is the first row again")
  }

  @Test func `new uploads scroll neither pane before the user moves`() {
    var driver = Driver()
    var all: [UploadSnapshot] = []
    for index in 0..<30 {
      all += [.example("in-\(index)"), .sending("out-\(index)")]
      driver.show(all)
    }
    // Below the titles of the columns.
    #expect(driver.row(4).contains("in-29") && driver.row(4).contains("out-29"))
  }

  @Test func `the large detail continues to show its upload when another begins`() {
    var driver = driver()
    driver.press(.enter)
    driver.show(uploads + [.example("file-5")])
    #expect(driver.text.contains("Detail: file-4"))
  }

  @Test func `the first of several newly queued files is selected in the next snapshot, and x and y cancel it`() {
    var driver = driver()
    let sending = (0..<3).map { UploadSnapshot.sending("out-\($0)") }
    driver.show(uploads + sending)
    driver.type("2jj")
    let new = [UploadSnapshot.queued("new-0"), .queued("new-1")]
    driver.send(.queued(new[0].id))
    driver.show(uploads + sending + new)
    #expect(driver.selectedRow?.contains("new-0") == true)
    driver.type("xy")
    #expect(driver.effects == [.cancel(new[0].id)])
  }

  /// The user did not select it, and the active uploads are elsewhere in the list.
  @Test func `a queued file that was selected automatically loses the selection when it ends below the first page`() {
    var driver = Driver()
    let sent = (0..<40).map { UploadSnapshot.sending("out-\($0)") }
    driver.type("2")
    driver.send(.queued(sent[0].id))
    driver.show(sent)
    #expect(driver.selectedRow?.contains("out-0") == true)
    driver.show([sent[0].finished()] + sent.dropFirst())
    driver.show(Array(sent.dropFirst()))
    #expect(driver.selectedRow?.contains("out-39") == true && driver.row(4).contains("out-39"))

    var single = Driver()
    single.type("2")
    single.send(.queued(sent[0].id))
    single.show([sent[0], sent[1]])
    single.show([sent[0].ended(.cancelled), sent[1]])
    #expect(single.selectedRow?.contains("out-0") == true, "it is still visible")
  }

  @Test func `a queued file that is missing in the next snapshot is not selected later`() {
    var driver = driver()
    let new = UploadSnapshot.queued("new")
    driver.type("2")
    driver.send(.queued(new.id))
    driver.show(uploads + [.sending("out")])
    driver.show(uploads + [.sending("out"), new])
    #expect(driver.selectedRow?.contains("out") == true)
  }

  @Test func `an upload that the user selected remains selected after its end, below the running ones`() {
    var driver = driver()
    driver.type("j")
    driver.show(uploads.map { $0.name == "file-3" ? $0.finished() : $0 })
    driver.show(uploads.filter { $0.name != "file-3" })
    #expect(driver.selectedRow?.contains("file-3") == true)
    #expect(names(driver).last == "file-3")
  }

  @Test func `the keys 2, Tab and l go to the outgoing pane, and Shift-Tab returns`() {
    var driver = driver()
    driver.show(uploads + [.sending("outgoing-1")])
    for keys in [[KeyEvent("2")], [KeyEvent("1"), KeyEvent(.tab)], [KeyEvent("1"), KeyEvent("l")]] {
      for key in keys { driver.press(key) }
      #expect(driver.selectedRow?.contains("outgoing-1") == true)
    }
    driver.press(KeyEvent(.tab, .shift))
    #expect(driver.selectedRow?.contains("file-4") == true)
  }

  @Test func `Enter shows the detail of the selected upload, j that of the next one, and Escape the panes`() {
    var driver = driver()
    driver.press(.enter)
    #expect(driver.text.contains("Detail: file-4"))
    #expect(driver.text.contains("192.168.1.9:51234"))
    driver.type("j")
    #expect(driver.text.contains("Detail: file-3"))
    driver.press(.escape)
    #expect(driver.text.contains("Incoming"))
  }

  @Test func `a click is ignored until M turns the mouse on; then it selects, and the wheel moves the selection`() {
    var driver = driver()
    let place = Point(x: 10, y: 7)
    driver.send(.input(.mouse(MouseEvent(.press, at: place))))
    #expect(driver.selectedRow?.contains("file-4") == true)
    driver.type("M")
    #expect(driver.takeEffects() == [.setMouse(true)])
    driver.send(.input(.mouse(MouseEvent(.press, at: place))))
    #expect(driver.selectedRow?.contains("file-3") == true)
    driver.send(.input(.mouse(MouseEvent(.scrollDown, at: place))))
    #expect(driver.selectedRow?.contains("file-2") == true)
    driver.type("M")
    #expect(driver.takeEffects() == [.setMouse(false)])
  }
}
