import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// Choosing directories, and what is shown of them before they are sent.
@Suite struct TreeSendingTests {
  private func count(
    _ path: String,
    files: UInt64 = 1_204,
    bytes: UInt64 = 3_435_973_836,
    skipped: UInt64 = 0
  ) -> DirectoryCount {
    var count = DirectoryCount(path: path)
    (count.files, count.bytes, count.skipped) = (files, bytes, skipped)
    return count
  }

  @Test func `Space marks a directory, whose size and number of files are shown once counted`() {
    var script = PickerScript()
    script.press(KeyEvent(" "))
    #expect(script.outcome == .stay([.countDirectory("/home/ann/videos/Cuts")]))
    #expect(script.frame().text.contains("1 marked, counting"))
    script.press(KeyEvent("k"))
    script.picker.marks.receive(count("/home/ann/videos/Cuts", skipped: 12))
    let text = script.frame().text
    #expect(text.contains("1 marked, 1,204 files, 3.2 GiB"))
    #expect(text.contains("Cuts/: 1,204 files, 3.2 GiB, 12 links and special files skipped"))
    script.press(KeyEvent(" "))
    #expect(script.picker.marks.isEmpty)
  }

  @Test func `Enter opens a directory also while something is marked, and s sends the marks`() {
    var script = PickerScript()
    script.press(KeyEvent(" "), KeyEvent("k"))
    #expect(!script.frame().text.contains("not in this directory"))
    script.press(KeyEvent(.enter))
    #expect(script.picker.directory == "/home/ann/videos/Cuts")
    #expect(script.frame().text.contains("1 marked, counting, 1 not in this directory"))
    script.press(KeyEvent("s"))
    #expect(script.outcome == .choose(["/home/ann/videos/Cuts"]))
  }

  @Test func `without marks s sends the directory under the cursor, and S the one that is shown`() {
    var script = PickerScript()
    script.press(KeyEvent("s"))
    #expect(script.outcome == .choose(["/home/ann/videos/Cuts"]))
    script.press(KeyEvent("S"))
    #expect(script.outcome == .choose(["/home/ann/videos"]))
  }

  @Test func `the root directory cannot be sent, nor one that cannot be read`() {
    var script = PickerScript("/")
    script.press(KeyEvent("S"))
    #expect(script.outcome == .stay([]))
    #expect(script.status.contains("The root directory cannot be sent."))
    var closed = PickerScript("/home")
    closed.press(KeyEvent("G"), KeyEvent("s"))
    #expect(closed.outcome == .stay([]))
    #expect(closed.status.contains("root: you may not read it"))
  }

  @Test func `the key a marks files only`() {
    var script = PickerScript()
    script.press(KeyEvent("a"))
    #expect(!script.picker.marks.isEmpty)
    #expect(!script.picker.marks.contains("/home/ann/videos/Cuts"))
  }

  @Test func `a pasted directory is checked, counted once and sent`() {
    let path = "/home/ann/photos"
    var driver = Driver()
    driver.send(.input(.paste(path)))
    _ = driver.takeEffects()
    driver.send(.checked(SendCheck(files: [.init(path: path, isDirectory: true)], target: .ownServer)))
    #expect(driver.takeEffects() == [.countDirectory(path)])
    #expect(driver.text.contains("1 entry, counting") && !driver.model.isIdle)
    driver.send(.counted(count(path, skipped: 12)))
    #expect(driver.text.contains("photos/: 1,204 files, 3.2 GiB, 12 links and special files skipped"))
    #expect(driver.text.contains("Enter sends 1,204 files, 3.2 GiB"))
    #expect(driver.model.isIdle)
    driver.press(.enter)
    #expect(driver.takeEffects() == [.send(paths: [path], target: .ownServer, mode: .stream)])
  }

  @Test func `a directory that is being counted is sent nevertheless, and the counting stops`() {
    let path = "/home/ann/photos"
    var driver = Driver()
    driver.send(.input(.paste(path)))
    driver.send(.checked(SendCheck(files: [.init(path: path, isDirectory: true)], target: .ownServer)))
    _ = driver.takeEffects()
    driver.press(.enter)
    #expect(driver.takeEffects() == [.stopCounting, .send(paths: [path], target: .ownServer, mode: .stream)])
  }

  @Test func `closing the dialog or the picker stops the counting, and opening the picker counts its marks again`() {
    var driver = Driver()
    driver.type("u")
    driver.send(.directory(.example))
    driver.type(" ")
    #expect(driver.takeEffects().last == .countDirectory("/home/ann/videos/cuts"))
    driver.press(.escape)
    #expect(driver.takeEffects().contains(.stopCounting))
    var stopped = DirectoryCount(path: "/home/ann/videos/cuts")
    stopped.isStopped = true
    driver.send(.counted(stopped))
    driver.type("u")
    #expect(driver.takeEffects().contains(.countDirectory("/home/ann/videos/cuts")))
  }

  @Test func `a directory that cannot be read is left out, with the reason`() {
    var script = SheetScript(["/home/ann/closed", "/home/ann/notes.txt"])
    script.files["/home/ann/closed"] = .init(path: "/home/ann/closed", isDirectory: true)
    script.sheet.receive(SendCheck(files: [], target: .ownServer))
    _ = script.sheet.check()
    script.respond(.check(paths: script.sheet.paths, target: .ownServer))
    var count = DirectoryCount(path: "/home/ann/closed")
    count.problem = "The directory cannot be opened."
    script.sheet.receive(count)
    #expect(script.sheet.sendable.map(\.path) == ["/home/ann/notes.txt"])
    #expect(script.text.contains("left out"))
  }

  @Test func `a count that has reached its limit is a lower bound`() {
    var partial = count("/a", files: 1_000_000)
    partial.isPartial = true
    #expect(partial.text == "more than 1,000,000 files, 3.2 GiB")
    var odd = count("/a", files: 1, bytes: 0, skipped: 1)
    odd.unreadable = 2
    #expect(odd.text == "1 file, 0 B, 1 link or special file skipped, 2 cannot be read")
  }

  @Test func `each directory is counted once, and late results of others are ignored`() {
    var counts = DirectoryCounts()
    #expect(counts.request(["/a", "/b"]) == [.countDirectory("/a"), .countDirectory("/b")])
    #expect(counts.request(["/a"]) == [])
    counts.receive(count("/c"))
    #expect(counts["/c"] == nil)
    counts.receive(count("/a"))
    #expect(counts["/a"]?.files == 1_204 && counts.isCounting)
    var stopped = count("/b")
    stopped.isStopped = true
    counts.receive(stopped)
    #expect(!counts.isCounting && counts.request(["/b"]) == [.countDirectory("/b")])
  }
}
