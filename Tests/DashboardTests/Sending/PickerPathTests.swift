import TerminalUI
import Testing

@testable import Dashboard

struct PickerPathTests {
  private func script(typing text: String) -> PickerScript {
    var script = PickerScript()
    script.press(KeyEvent(":"), KeyEvent("u", .control))
    script.type(text)
    return script
  }

  @Test func `the colon key lets the user type behind the directory's path, and Escape cancels it`() {
    var script = PickerScript()
    script.press(KeyEvent(":"))
    #expect(script.picker.path.text == "~/videos/")
    script.press(KeyEvent(.escape))
    #expect(script.picker.directory == "/home/ann/videos")
    #expect(script.outcome == .stay([]))
  }

  @Test(arguments: ["/home/ann/vinyl", "~/vinyl"])
  func `an absolute path or ~ typed behind the directory's path replaces it, and Enter goes there`(text: String) {
    var script = PickerScript()
    script.press(KeyEvent(":"))
    script.type(text)
    #expect(script.picker.path.text == text)
    script.press(KeyEvent(.enter))
    #expect(script.picker.directory == "/home/ann/vinyl")
  }

  @Test func `a path in the home directory is shown with ~, unless the home directory is empty or the root`() {
    #expect(PickerPath.abbreviated("/home/ann/a", home: "/home/ann") == "~/a")
    #expect(PickerPath.abbreviated("/home/anna", home: "/home/ann") == "/home/anna")
    for home in ["", "/"] { #expect(PickerPath.abbreviated("/a", home: home) == "/a") }
  }

  @Test func `Tab completes a name as far as all matches agree`() {
    var script = script(typing: "~/v")
    script.press(KeyEvent(.tab))
    #expect(script.picker.path.text == "~/vi")
    #expect(script.rows(of: "videos/", "vinyl/", "raw/") == [3, 4, nil])
    script.type("d")
    #expect(script.rows(of: "vinyl/") == [nil])
    script.press(KeyEvent(.tab))
    #expect(script.picker.path.text == "~/videos/")
    script.type("FILE1")
    script.press(KeyEvent(.tab))
    #expect(script.picker.path.text == "~/videos/FILE1")
    script.type("0")
    script.press(KeyEvent(.tab))
    #expect(script.picker.path.text == "~/videos/file10.mp4")
    script.press(KeyEvent(.enter))
    #expect(script.outcome == .choose(["/home/ann/videos/file10.mp4"]))
  }

  @Test(arguments: [("r", "raw/"), ("~", "~/"), ("/ho", "/home/"), (".h", ".hidden.mp4"), ("none", "none")])
  func `Tab completes relative, absolute and hidden names, and leaves a name without a match unchanged`(
    text: String,
    completed: String
  ) {
    var script = script(typing: text)
    script.press(KeyEvent(.tab))
    #expect(script.picker.path.text == completed)
  }

  @Test func `a listing for Tab that arrives after more was typed changes nothing`() {
    var script = script(typing: "~/vid")
    script.respondsLate = true
    script.press(KeyEvent(.tab))
    script.type("x")
    script.respond()
    #expect(script.picker.path.text == "~/vidx")
  }

  @Test(arguments: [
    ("~", "/home/ann"), ("~/", "/home/ann"), ("~/vinyl", "/home/ann/vinyl"), ("/", "/"),
    ("raw", "/home/ann/videos/raw"),
    ("raw/", "/home/ann/videos/raw"), ("/home", "/home"), ("", "/home/ann/videos"),
  ])
  func `Enter goes to the typed directory, and without text to the current one`(text: String, directory: String) {
    var script = script(typing: text)
    script.press(KeyEvent(.enter))
    #expect(script.picker.directory == directory)
    #expect(script.picker.content == .read)
  }

  @Test func `Enter on a missing path or a FIFO shows the reason, and directory and typed path remain`() {
    var script = script(typing: "~/vinyl/C side.flac")
    script.press(KeyEvent(.enter))
    #expect(script.picker.directory == "/home/ann/videos")
    #expect(script.status.contains("There is no C side.flac in ~/vinyl."))
    #expect(script.picker.context == .typingPath)
    #expect(script.picker.path.text == "~/vinyl/C side.flac")
    script = self.script(typing: "/nowhere/file")
    script.press(KeyEvent(.enter))
    #expect(script.status.contains("/nowhere: it is not there, or not any more"))
    script = self.script(typing: "pipe")
    script.press(KeyEvent(.enter))
    #expect(script.status.contains("pipe: a FIFO"))
  }

  @Test func `while browsing, filtering or typing, a pasted directory is opened and pasted files are chosen`() {
    for key in [KeyEvent("g"), KeyEvent("/"), KeyEvent(":")] {
      var script = PickerScript()
      script.press(key)
      script.send(.paste("file:///home/ann/vinyl\r\n"))
      #expect(script.picker.directory == "/home/ann/vinyl")
      script.press(key)
      script.send(.paste("'/home/ann/vinyl/A side.flac' "))
      #expect(script.outcome == .choose(["/home/ann/vinyl/A side.flac"]))
      script.press(key)
      script.send(.paste("/a /b"))
      #expect(script.outcome == .choose(["/a", "/b"]))
    }
  }

  @Test func `pasted text that is no path is inserted into a typed path or filter, and otherwise reported`() {
    var script = script(typing: "~/")
    script.send(.paste("vin"))
    #expect(script.picker.path.text == "~/vin")
    script = PickerScript()
    script.send(.paste("hello"))
    #expect(script.status.contains("not a path"))
    script.press(KeyEvent("/"))
    script.send(.paste("raw"))
    #expect(script.rows(of: "raw/", "Cuts/") == [3, nil])
  }

  @Test func `Enter on a typed file chooses the marked files and this file`() {
    var script = PickerScript()
    script.press(KeyEvent("G"), KeyEvent("k"), KeyEvent("k"), KeyEvent(" "), KeyEvent(":"))
    script.type("file2.mp4")
    script.press(KeyEvent(.enter))
    #expect(script.outcome == .choose(["/home/ann/videos/latest", "/home/ann/videos/file2.mp4"]))
  }
}
