import TerminalUI
import Testing

@testable import Dashboard
@testable import UploadCore

/// Rows, detail, log and keys of trees, and downloads.
@Suite struct TreeRowTests {
  private let tree = GroupSnapshot.example()

  @Test func `the row of a tree has its counts, and with little space only the numbers`() {
    var wide = Driver(Size(width: 200, height: 50))
    wide.show([tree.file("a.jpg")], groups: [tree])
    #expect(wide.text.contains("photos/: 1,204 of 10,000 files"))
    #expect(wide.text.contains("38 %"))
    var narrow = Driver(Size(width: 80, height: 24))
    narrow.show([tree.file("a.jpg")], groups: [tree])
    #expect(narrow.text.contains("photos/: 1,204/10,000"))
  }

  @Test func `Enter opens and closes the row of a tree, and shows the detail of a file of it`() {
    var driver = Driver(Size(width: 120, height: 40))
    driver.show([tree.file("a.jpg")], groups: [tree])
    #expect(!driver.text.contains("photos/a.jpg"))
    driver.press(.enter)
    #expect(driver.text.contains("photos/a.jpg"))
    driver.press(.enter)
    #expect(!driver.text.contains("photos/a.jpg"))
    driver.press(.enter)
    driver.press(.down)
    driver.press(.enter)
    #expect(driver.text.contains("Detail: photos/a.jpg"))
  }

  @Test func `a frozen screen opens the tree that it shows`() {
    var driver = Driver(Size(width: 120, height: 40))
    driver.show([tree.file("a.jpg")], groups: [tree])
    driver.type("f")
    driver.show([tree.file("b.jpg")], groups: [tree])
    driver.press(.enter)
    #expect(driver.text.contains("photos/a.jpg") && !driver.text.contains("photos/b.jpg"))
  }

  @Test func `x cancels the active files of an incoming tree, and the job of an outgoing one, after a question`() {
    var driver = Driver()
    let files = [tree.file("a.jpg"), tree.file("b.jpg")]
    driver.show(files, groups: [tree])
    driver.type("x")
    #expect(driver.text.contains("Cancel this tree?") && driver.text.contains("the client may send more"))
    driver.type("y")
    #expect(Set(driver.takeEffects()) == Set(files.map { .cancel($0.id) }))

    let job = UploadID()
    driver.show([], groups: [.sending("videos", job: job)])
    driver.type("2x")
    driver.type("y")
    #expect(driver.takeEffects() == [.cancel(job)])
  }

  @Test func `r sends an ended outgoing tree again, and none of its files alone`() {
    let job = UploadID()
    let sending = GroupSnapshot.sending("videos", job: job)
    var driver = Driver()
    driver.show([sending.file("a.mov").failed()], groups: [sending.ended(failed: 1)])
    driver.type("2r")
    #expect(driver.takeEffects() == [.retry(job)])
    driver.press(.enter)
    driver.press(.down)
    driver.type("r")
    #expect(driver.takeEffects() == [])
  }

  @Test func `p pauses an outgoing tree as a whole, and continues it`() {
    let job = UploadID()
    let sending = GroupSnapshot.sending("videos", job: job)
    var driver = Driver()
    driver.show([sending.file("a.mov")], groups: [sending])
    driver.type("2p")
    #expect(driver.takeEffects() == [.setPaused(job, true)])
    // A file that cannot be paused is completed.
    var paused = sending
    paused.isPaused = true
    driver.show([sending.file("a.mov")], groups: [paused])
    #expect(driver.row(33).contains("p resume"))
    (paused.filesActive, paused.speed, paused.eta) = (0, 0, nil)
    driver.show([], groups: [paused])
    #expect(driver.text.contains("paused") && driver.row(33).contains("p resume"))
    driver.type("p")
    #expect(driver.takeEffects() == [.setPaused(job, false)])
  }

  @Test func `p continues a tree whose files were paused one by one`() {
    let job = UploadID()
    let resting = GroupSnapshot.sending("videos", job: job) {
      ($0.filesActive, $0.filesResting, $0.speed, $0.eta) = (1, 1, 0, nil)
    }
    var driver = Driver()
    driver.show([resting.file("a.mov").paused()], groups: [resting])
    driver.type("2p")
    #expect(driver.takeEffects() == [.setPaused(job, false)])
  }

  @Test func `p on a tree that cannot be paused says why`() {
    var driver = Driver()
    var resting = tree
    (resting.filesResting, resting.speed, resting.eta) = (resting.filesActive, 0, nil)
    driver.show([], groups: [resting])
    driver.type("p")
    #expect(driver.takeEffects() == [] && driver.text.contains("no file of this tree arrives now"))
    let job = UploadID()
    driver.show([], groups: [GroupSnapshot.sending("videos", job: job).ended()])
    driver.type("2p")
    #expect(driver.takeEffects() == [] && driver.text.contains("this tree has ended: it cannot be paused"))
  }

  @Test func `the detail of a tree has totals, rate and the first failures`() {
    var driver = Driver(Size(width: 120, height: 50))
    let broken = GroupSnapshot.example { $0.filesFailed = 30 }
    let files = (0..<30).map { broken.file("\($0).jpg").failed("Reason \($0).") }
    // The row exists from the first snapshot with the tree.
    driver.show(files, groups: [broken])
    driver.type("3")
    driver.press(.enter)
    let text = driver.text
    #expect(text.contains("1,204 of 10,000 files, 2 active; 30 failed"))
    #expect(text.contains("photos/0.jpg: Reason 0."))
    #expect(text.contains("and 10 files more"))
  }

  @Test func `the log has one entry for the beginning and the end of a tree, and the first failures`() {
    var driver = Driver(Size(width: 160, height: 50))
    let files = (0..<30).map { tree.file("\($0).jpg").failed("Reason \($0).") }
    driver.show([tree.file("a.jpg")], groups: [tree])
    driver.show([tree.file("a.jpg").finished()] + files, groups: [tree])
    driver.show([], groups: [tree.ended(failed: 30)])
    driver.show([], groups: [tree.ended(failed: 30)])
    let entries = driver.model.live.log.entries
    #expect(entries.count == 1 + 20 + 1)
    #expect(entries.first?.kind == .started && entries.first?.name == "photos/")
    #expect(entries.last?.kind == .failed)
    #expect(entries.last?.detail.contains("9,970 of 10,000 files") == true)
    #expect(entries.last?.detail.contains("30 failed (10 of them not listed)") == true)
  }

  @Test func `hostile names of trees and their files are safe on the screen`() {
    let evil = "evil\u{1B}]0;pwned\u{7}\u{202E}gnp"
    var driver = Driver(Size(width: 120, height: 40))
    let hostile = GroupSnapshot.example(evil)
    driver.show([hostile.file(evil)], groups: [hostile])
    driver.press(.enter)
    let scalars = driver.text.unicodeScalars
    #expect(!scalars.contains { $0 != "\n" && PlainText.isUnsafe($0) })
    #expect(driver.text.contains("evil"))
  }

  @Test func `the header counts active downloads with their rate, at 80 columns too`() {
    for size in [Size(width: 200, height: 50), Size(width: 120, height: 34), Size(width: 80, height: 24)] {
      var driver = Driver(size)
      driver.show([], downloads: DownloadTotals(active: 2, speed: 123_731_968))
      #expect(driver.text.contains("2 downloads 118.0 MiB/s"), "\(size)")
      driver.show([])
      #expect(!driver.text.contains("download"), "\(size)")
    }
  }

  @Test func `the log has each reported download, and none of them is shown as a note`() {
    func download(_ name: String, _ size: UInt64, _ outcome: DownloadOutcome) -> DownloadSnapshot {
      DownloadSnapshot(
        id: UploadID(),
        name: name,
        remote: "192.0.2.7:5555",
        size: size,
        bytes: outcome == .aborted ? size / 2 : size,
        seconds: 2,
        outcome: outcome
      )
    }
    var driver = Driver()
    let ended = [download("large.iso", 2 << 30, .finished), download("broken.txt", 1024, .aborted)]
    driver.show([], endedDownloads: ended)
    let entries = driver.model.live.log.entries
    #expect(entries.map(\.name) == ["large.iso", "broken.txt"])
    #expect(entries.map(\.kind) == [.download, .aborted])
    #expect(entries.first?.detail == "2.0 GiB in 2 s (1.0 GiB/s), to 192.0.2.7:5555")
    #expect(entries.last?.detail.hasPrefix("512 B of 1.0 KiB in 2 s") == true)
    #expect(entries.allSatisfy { !$0.isNote })
  }

  @Test func `the title and the taskbar have the progress of whole trees`() {
    var driver = Driver()
    driver.show([tree.file("a.jpg")], groups: [tree])
    #expect(driver.model.title.contains("38 %"))
  }
}
