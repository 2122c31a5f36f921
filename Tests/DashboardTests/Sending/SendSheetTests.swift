import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

struct SendSheetTests {
  @Test func `Enter sends all readable files, and the dialog counts those left out`() {
    var script = SheetScript()
    #expect(script.text.contains("Enter sends 2 files, 3.0 GiB, as a stream to http://127.0.0.1:8080"))
    #expect(script.text.contains("1 file is left out."))
    script.press(KeyEvent(.enter))
    let paths = ["/home/ann/videos/holiday.mp4", "/home/ann/notes.txt"]
    #expect(script.outcome == .send(.send(paths: paths, target: .ownServer, mode: .stream), left: []))
  }

  @Test func `Enter is ignored until the result of the check has arrived, and sends when pressed again after that`() {
    var script = SheetScript(respondsLate: true)
    #expect(script.requested.count == 1)
    script.press(KeyEvent(.enter))
    #expect(script.outcome == .stay([]))
    #expect(script.text.contains("Checking the files."))
    script.respond(script.requested[0])
    script.press(KeyEvent(.enter))
    guard case .send = script.outcome else { return #expect(Bool(false), "\(script.outcome)") }
  }

  @Test func `Enter sends nothing and shows the reason when no file can be read`() {
    var script = SheetScript(["/home/ann/gone.txt"])
    script.press(KeyEvent(.enter))
    #expect(script.outcome == .stay([]))
    #expect(script.text.contains("None of the files can be sent."))
    #expect(script.text.contains("gone.txt: it is not there, or not any more"))
  }

  @Test func `m selects the next mode, Left the previous one, and a click the mode in its row`() {
    var script = SheetScript()
    script.press(KeyEvent("m"), KeyEvent("m"))
    #expect(script.sheet.mode == .buffered)
    #expect(script.text.contains("whole in memory first: up to 3.0 GiB"))
    #expect(script.text.contains("as a form from memory"))
    script.press(KeyEvent("m"))
    #expect(script.sheet.mode == .stream)
    script.press(KeyEvent(.left))
    #expect(script.sheet.mode == .buffered)
    script.send(.mouse(MouseEvent(.press, at: Point(x: 12, y: 10))))
    #expect(script.sheet.mode == .stream)
  }

  @Test func `a changed address is checked when its field is left, not while it is typed`() {
    var script = SheetScript()
    let url = "http://other.test:9000/m"
    script.press(KeyEvent("t"))
    script.type(url)
    #expect(script.requested.count == 1)
    #expect(script.sheet.mode == .stream)
    script.press(KeyEvent(.enter))
    #expect(script.requested.last == .check(paths: script.sheet.paths, target: .url(url)))
    #expect(script.text.contains("Enter sends 2 files, 3.0 GiB, as a stream to \(url)"))
    script.press(KeyEvent("t"), KeyEvent(.tab), KeyEvent("t"), KeyEvent("u", .control), KeyEvent(.up))
    #expect(script.requested.count == 3)
    #expect(script.sheet.target == .ownServer)
  }

  @Test func `Enter with an invalid target shows its problem and sends nothing; with a valid target it sends`() {
    var script = SheetScript()
    script.targetProblems["nonsense"] = "An address begins with http:// or https://."
    script.press(KeyEvent("t"))
    script.type("nonsense")
    script.press(KeyEvent(.enter), KeyEvent(.enter))
    #expect(script.outcome == .stay([]))
    #expect(script.text.contains("An address begins with http:// or https://."))
    script.press(KeyEvent("t"), KeyEvent("u", .control), KeyEvent(.enter), KeyEvent(.enter))
    guard case .send = script.outcome else { return #expect(Bool(false), "\(script.outcome)") }
  }

  @Test func `the result of a check that a later one has replaced is ignored`() {
    var script = SheetScript(respondsLate: true)
    script.press(KeyEvent("t"))
    script.type("http://other.test")
    script.press(KeyEvent(.enter))
    script.respond(script.requested[0])
    #expect(script.sheet.isChecking)
    script.respond(script.requested[1])
    #expect(!script.sheet.isChecking)
  }

  @Test func `pasted paths are added once each, and other text goes into the address or is reported`() {
    var script = SheetScript(["/home/ann/notes.txt"])
    script.send(.paste("'/home/ann/videos/holiday.mp4' "))
    script.send(.paste("/home/ann/notes.txt"))
    #expect(script.sheet.paths == ["/home/ann/notes.txt", "/home/ann/videos/holiday.mp4"])
    #expect(script.requested.count == 2)
    #expect(script.text.contains("2 files, 3.0 GiB"))
    script.send(.paste("no path"))
    #expect(script.text.contains("The pasted text is not a path."))
    script.press(KeyEvent("t"))
    script.send(.paste("http://other.test\n"))
    #expect(script.sheet.target == .url("http://other.test"))
  }

  @Test func `Tab and arrows move between the fields, and Escape in the address closes the dialog`() {
    var script = SheetScript(["/home/ann/notes.txt", "/home/ann/gone.txt"])
    script.press(KeyEvent(.down))
    #expect(script.sheet.field == .files)
    script.press(KeyEvent(.down))
    #expect(script.sheet.field == .mode)
    script.press(KeyEvent(.tab))
    #expect(script.sheet.field == .target)
    #expect(script.frame().cursor != nil)
    script.press(KeyEvent(.up), KeyEvent(.tab, .shift))
    #expect(script.sheet.field == .files)
    script.press(KeyEvent("t"), KeyEvent(.escape))
    #expect(script.outcome == .back)
  }

  @Test func `no key has two commands, whether or not an address is being typed`() {
    for keys in [SheetCommand.keys, SheetCommand.typingKeys].map({ $0.flatMap(\.keys) }) {
      #expect(Set(keys).count == keys.count)
    }
  }
}
