import Dashboard
import TerminalUI
import Testing
import UploadCore

/// What the rows say about uploads.
@Suite struct UploadRowTests {
  private func text(_ upload: UploadSnapshot, _ size: Size = Size(width: 120, height: 34)) -> String {
    var driver = Driver(size)
    driver.show([upload])
    return driver.text
  }

  @Test(arguments: [
    (StallCause.client, 12.0, "stalled: client 12 s"), (.server, 5.9, "stalled: server 5 s"),
    (.disk, 700, "stalled: disk 11 min"), (.memory, 40_000, "stalled: memory 11 h"), (.limit, 6, "stalled: limit 6 s"),
  ])
  func aStallHasItsCauseAndForHowLong(_ cause: StallCause, _ seconds: Double, _ words: String) {
    for size in [Size(width: 120, height: 34), Size(width: 80, height: 24), Size(width: 40, height: 8)] {
      #expect(text(UploadSnapshot.example().stalled(cause, seconds), size).contains(words))
    }
  }

  @Test(arguments: [
    (UploadState.waiting, "waiting"), (.receiving, "receiving"), (.waitingForMemory, "waiting for memory"),
    (.limited, "limited"), (.finishing, "finishing"),
  ])
  func everyStateIsAWord(_ state: UploadState, _ word: String) {
    #expect(text(.example { $0.state = state }).contains(word))
  }

  @Test func aFailureHasItsReason() {
    let upload = UploadSnapshot.example().ended(.failed(UploadError(.diskFull, "No space is left in ./uploads.")))
    #expect(text(upload).contains("failed: disk full"))
    #expect(text(upload).contains("No space is left in ./uploads."))
    #expect(text(upload, Size(width: 80, height: 24)).contains("No space is left in ./uploads."))
  }

  @Test func everythingAboutAnUploadIsInItsRow() {
    for part in ["a.bin", "stream", "192.168.1.9:51234", "50%", "96.2 MiB/s", "0:10", "1.0G/2.0G", "mem    3.0 MiB"] {
      #expect(text(.example()).contains(part), "\(part)")
      #expect(text(.example(), Size(width: 80, height: 24)).contains(part), "\(part)")
    }
  }

  @Test func withoutALengthThereAreBytesAndNoPercentage() {
    let upload = UploadSnapshot.example { ($0.size, $0.eta) = (nil, nil) }
    #expect(text(upload).contains("1.0G") && !text(upload).contains("%"))
  }

  @Test func withoutALengthTheBarMovesWhileBytesDo() {
    var driver = Driver()
    var upload = UploadSnapshot.example { $0.size = nil }
    func bar() -> Substring { driver.row(4).prefix(30) }
    driver.show([upload])
    let first = bar()
    driver.show([upload])
    #expect(bar() == first)
    upload.bytes += 1
    driver.show([upload])
    #expect(bar() != first)
  }

  @Test func aSizeThatIsOnlyAMostSaysSo() {
    #expect(text(.example { $0.sizeExact = false }).contains("1.0G/≤2.0G"))
  }

  @Test func allBytesAreNotTheEnd() {
    let upload = UploadSnapshot.example {
      $0.bytes = 2 << 30
      $0.state = .finishing
    }
    #expect(text(upload).contains("100%") && text(upload).contains("finishing") && !text(upload).contains("done"))
  }

  @Test func theBarTellsReceivedFromStored() {
    var driver = Driver()
    driver.show([.example { $0.stored = 1 << 29 }])
    let surface = driver.model.render()
    let row = surface.row(4).prefix(60)
    let received = row.count { $0.style.foreground == surface.theme.barReceived.foreground && $0.text == "█" }
    let stored = row.count { $0.style.foreground == surface.theme.barStored.foreground && $0.text == "█" }
    #expect(received > 3 && stored > 3)
  }

  /// Numbers that get wider must not push others aside.
  @Test func nothingMovesWhenANumberChanges() {
    var driver = Driver()
    let upload = UploadSnapshot.example { $0.state = .receiving }
    func columns() -> [Int?] {
      let rows = (3...5).map { Array(driver.row($0)) }
      return [
        rows[0].firstIndex(of: "r"), rows[1].firstIndex(of: "%"), rows[1].lastIndex(of: "m"),
        rows[2].firstIndex(of: "/"),
      ]
    }
    driver.show([upload.changed { $0.name = "1" }])
    let before = columns()
    for (speed, bytes) in [(0.0, UInt64(1000)), (5e2, 5_000_000), (9.99e9, 2 << 30)] {
      driver.show([upload.changed { ($0.speed, $0.bytes, $0.name) = (speed, bytes, "1") }])
      #expect(columns() == before)
    }
  }

  @Test func finishedOnesShowWhatTheyAreAndWhatTheyTook() {
    let upload = UploadSnapshot.example("x.zip").ended(
      .finished(FinishedUpload(path: "x (2).zip", bytes: 1 << 20, type: "application/zip"))
    )
    let wide = text(upload, Size(width: 200, height: 50))
    #expect(wide.contains("application/zip, as x (2).zip") && wide.contains("max    4.0 MiB"))
    #expect(wide.contains("0:11") && wide.contains("path     x (2).zip"))
  }
}
