import TerminalUI
import Testing

@testable import Dashboard

struct FilePickerTests {
  @Test func `directories come first, then other entries by name, ignoring case, with numbers by value`() {
    let rows = PickerScript().rows(
      of: "Cuts/",
      "raw/",
      "evil",
      "File1.mp4",
      "file2.mp4",
      " file10.mp4",
      "latest",
      "pipe"
    )
    #expect(rows == [3, 4, 5, 6, 7, 8, 9, 10])
  }

  @Test func `numbers in names are sorted by value, whatever their length and leading zeros`() {
    let long = String(repeating: "9", count: 130)
    let names = [
      "a010", "a" + long, "a9", "a10", "a", "a99999999999999999999999", "B1", "a9b", "a0", "a-", "ä1", "a.b",
    ]
    let script = PickerScript("/d", ["/d": names.map { .file($0, 1) }])
    let order = (0..<names.count).compactMap { script.picker.entries.entry($0)?.name }
    #expect(
      order == ["a", "a-", "a.b", "a0", "a9", "a9b", "a010", "a10", "a99999999999999999999999", "a" + long, "B1", "ä1"]
    )
  }

  @Test func `Left selects the directory just left in its parent, and reopening it selects its former entry`() {
    var script = PickerScript()
    script.press(KeyEvent(.down), KeyEvent(.enter))
    #expect(script.picker.directory == "/home/ann/videos/raw")
    script.press(KeyEvent(.left))
    #expect(script.picker.selected?.name == "raw")
    script.press(KeyEvent("G"), KeyEvent(.backspace))
    #expect(script.picker.selected?.name == "videos")
    script.press(KeyEvent("l"))
    #expect(script.picker.selected?.name == "secret.key")
    script.press(KeyEvent("h"), KeyEvent("h"), KeyEvent("h"), KeyEvent("h"))
    #expect(script.picker.directory == "/")
    #expect(script.status.contains("it has no parent"))
  }

  @Test func `the Right key chooses the file under the cursor`() {
    var script = PickerScript()
    script.press(KeyEvent("j"), KeyEvent("j"), KeyEvent("j"), KeyEvent(.right))
    #expect(script.outcome == .choose(["/home/ann/videos/File1.mp4"]))
  }

  @Test func `marks remain in other directories, and all marked files are chosen together`() {
    var script = PickerScript()
    script.press(KeyEvent(.end), KeyEvent("k"), KeyEvent("k"), KeyEvent("k"), KeyEvent(" "))
    script.press(KeyEvent(.left), KeyEvent("G"), KeyEvent(" "))
    #expect(script.frame().text.contains("2 marked, 10.0 MiB"))
    script.press(KeyEvent("g"), KeyEvent("s"))
    #expect(script.outcome == .choose(["/home/ann/videos/file10.mp4", "/home/ann/notes.txt"]))
    script.press(KeyEvent("G"), KeyEvent(" "))
    #expect(script.frame().text.contains("1 marked"))
  }

  @Test func `the key a marks all shown files that can be sent, or unmarks them when all are marked`() {
    var script = PickerScript()
    script.press(KeyEvent("/"))
    script.type("file")
    script.press(KeyEvent(.tab), KeyEvent("a"), KeyEvent(.escape), KeyEvent("s"))
    let names = ["File1.mp4", "file2.mp4", "file10.mp4"]
    #expect(script.outcome == .choose(names.map { "/home/ann/videos/" + $0 }))
    script.press(KeyEvent("a"))
    #expect(script.picker.marks.count == 5)
    script.press(KeyEvent("a"))
    #expect(script.picker.marks.isEmpty)
  }

  @Test func `opening or marking an entry that cannot be sent shows the reason, even when files are marked`() {
    var script = PickerScript()
    script.press(KeyEvent("a"), KeyEvent("G"), KeyEvent(.enter))
    #expect(script.outcome == .stay([]))
    #expect(script.status.contains("secret.key: you may not read it"))
    script.press(KeyEvent("k"), KeyEvent(" "))
    #expect(script.status.contains("pipe: a FIFO has no size and no end"))
    script.press(KeyEvent(.left), KeyEvent(.left), KeyEvent("G"), KeyEvent(.enter))
    #expect(script.picker.directory == "/home")
    #expect(script.status.contains("root: you may not read it"))
  }

  @Test func `the period key toggles hidden files, and the cursor remains on its entry`() {
    var script = PickerScript()
    #expect(script.rows(of: ".hidden") == [nil])
    script.press(KeyEvent("j"), KeyEvent("."))
    #expect(script.rows(of: ".hidden") != [nil])
    #expect(script.picker.selected?.name == "raw")
    script.press(KeyEvent("."))
    #expect(script.rows(of: ".hidden") == [nil])
  }

  @Test func `the filter applies as it is typed, and Escape first clears it and then closes the picker`() {
    var script = PickerScript()
    script.press(KeyEvent("/"))
    script.type("FILE1")
    #expect(script.frame().text.contains("2 of 9"))
    #expect(script.rows(of: "File1", "file10.mp4", "raw/") == [3, 4, nil])
    script.press(KeyEvent(.backspace))
    #expect(script.frame().text.contains("3 of 9"))
    script.type("zz")
    #expect(script.frame().text.contains("No name contains that text."))
    script.press(KeyEvent(.escape))
    #expect(script.outcome == .stay([]))
    #expect(script.rows(of: "raw/") == [4])
    script.press(KeyEvent(.escape))
    #expect(script.outcome == .close)
  }

  @Test func `opening a directory clears the filter, and Backspace in an empty filter ends typing it`() {
    var script = PickerScript()
    script.press(KeyEvent("/"))
    script.type("raw")
    script.press(KeyEvent(.enter))
    #expect(script.picker.directory == "/home/ann/videos/raw")
    #expect(script.rows(of: "clip.mov") == [3])
    script.press(KeyEvent("/"), KeyEvent(.backspace), KeyEvent(.backspace))
    #expect(script.picker.directory == "/home/ann/videos")
  }

  @Test func `a late listing of a directory that was left is ignored`() {
    var script = PickerScript(respondsLate: true)
    #expect(script.frame().text.contains("Reading this directory."))
    script.press(KeyEvent(.left))
    script.respond()
    #expect(script.picker.directory == "/home/ann")
    #expect(script.frame().text.contains("Reading this directory."))
    script.respond()
    #expect(script.picker.selected?.name == "videos")
  }

  @Test func `a directory that is missing when it is read again is reported and can be left`() {
    var script = PickerScript()
    script.directories["/home/ann/videos"] = nil
    script.press(KeyEvent("r", .control))
    #expect(script.frame().text.contains("cannot be read: it is not there, or not any more. Left"))
    script.press(KeyEvent(.enter), KeyEvent(" "), KeyEvent("G"), KeyEvent("a"), KeyEvent(.left))
    #expect(script.picker.directory == "/home/ann")
    #expect(script.picker.selected != nil)
  }

  @Test func `F5 reads the directory again, shows new entries and leaves the cursor on its entry`() {
    var script = PickerScript()
    script.press(KeyEvent("j"))
    script.directories["/home/ann/videos"]?.append(.folder("a new one"))
    script.press(KeyEvent(.function(5)))
    #expect(script.picker.selected?.name == "raw")
    #expect(script.rows(of: "a new one/", "raw/") == [3, 5])
  }

  @Test func `the status shows how many entries of a large directory were read, and of how many`() {
    var picker = FilePicker(directory: "/d", home: "/")
    let listing = DirectoryListing(requested: "/d", path: "/d", entries: [.file("a", 1)], total: 100_000)
    #expect(picker.receive(listing) == .stay([]))
    var surface = Surface(size: Size(width: 80, height: 24), theme: Theme(.dark, tier: .mono), glyphs: .ascii)
    picker.draw(on: &surface)
    #expect(surface.text.contains("The first 1 of 100000 entries"))
  }

  @Test(arguments: [Int.min, -1, 0, .max])
  func `a listing whose total is negative, 0 or Int.max counts its unread entries without overflow`(total: Int) {
    var picker = FilePicker(directory: "/d", home: "/")
    let listing = DirectoryListing(requested: "/d", path: "/d", entries: [.file("a", 1)], total: total)
    #expect(picker.receive(listing) == .stay([]))
    #expect(picker.unreadCount == max(0, total - (total > 0 ? 1 : 0)))
  }

  @Test func `a click selects an entry, another on the same file chooses it, and one on the path edits the path`() {
    var script = PickerScript()
    script.size = Size(width: 80, height: 8)
    script.send(.mouse(MouseEvent(.press, at: Point(x: 10, y: 4))))
    #expect(script.picker.selected?.name == "raw")
    script.send(.mouse(MouseEvent(.scrollDown, at: Point(x: 10, y: 4))))
    #expect(script.picker.selected?.name == "file2.mp4")
    // The offset is 2 by now: the second row is the fourth entry.
    script.send(.mouse(MouseEvent(.press, at: Point(x: 10, y: 4))))
    script.send(.mouse(MouseEvent(.press, at: Point(x: 10, y: 4))))
    #expect(script.outcome == .choose(["/home/ann/videos/File1.mp4"]))
    script.send(.mouse(MouseEvent(.press, at: Point(x: 10, y: 1))))
    #expect(script.picker.context == .typingPath)
  }

  @Test func `no key has two commands in one context of the picker`() {
    for context in PickerCommand.Context.allCases {
      let keys = context.keys.flatMap(\.keys)
      #expect(Set(keys).count == keys.count)
    }
  }
}
