import Testing

@testable import UploadCore
@testable import UploadReport

@Suite struct TreeProgressLineTests {
  private func progress(_ change: (inout TreeProgress) -> Void = { _ in }) -> TreeProgress {
    var progress = TreeProgress()
    (progress.filesDone, progress.files) = (1204, 10_000)
    (progress.bytesDone, progress.bytes) = (38 << 20, 100 << 20)
    (progress.speed, progress.seconds) = (Double(1 << 20), 40)
    progress.names = ["photos/a.jpg", "photos/b.jpg"]
    change(&progress)
    return progress
  }

  @Test func `the line has bar, percent, files, rate, time left and names`() {
    #expect(
      TreeProgressLine.text(progress(), width: 120, unicode: false)
        == "#######-------------   38%   1,204 of 10,000 files     1.0 MiB/s  4:52 left  photos/a.jpg, photos/b.jpg"
    )
  }

  @Test(arguments: 1...120) func `no line is wider than the terminal`(width: Int) {
    for unicode in [false, true] {
      let line = TreeProgressLine.text(progress { $0.names = ["写真/a.jpg"] }, width: width, unicode: unicode)
      #expect(TextWidth.columns(line) <= width)
      #expect(unicode || line.unicodeScalars.allSatisfy(\.isASCII))
    }
  }

  @Test func `the upload whose next attempt begins first says why it waits`() {
    let later = UploadSnapshot.example { ($0.attempt, $0.retryIn, $0.retryReason) = (2, 9, "Busy.") }
    let next = UploadSnapshot.example {
      ($0.name, $0.attempt, $0.retryIn, $0.retryReason) = ("t/é\u{1B}", 3, 4.2, "Connection refused.")
    }
    let text = TreeProgressLine.retryText([.example(), later, next], width: 80, unicode: true)
    #expect(text == "\"t/é\u{FFFD}\": attempt 3 in 5 s: Connection refused.")
    let short = TreeProgressLine.retryText([next], width: 20, unicode: false)
    #expect(short.map { TextWidth.columns($0) <= 20 && $0.unicodeScalars.allSatisfy(\.isASCII) } == true)
    #expect(TreeProgressLine.retryText([.example()], width: 80, unicode: true) == nil)
  }

  @Test func `without a count there is no percentage and no time left`() {
    let line = TreeProgressLine.text(progress { ($0.files, $0.bytes) = (nil, nil) }, width: 120, unicode: false)
    #expect(line.contains("1,204 files") && !line.contains("%") && !line.contains("left"))
  }

  @Test func `empty files progress by their number`() {
    #expect(progress { ($0.bytes, $0.bytesDone, $0.files, $0.filesDone) = (0, 0, 4, 1) }.fraction == 0.25)
    #expect(progress { ($0.bytes, $0.bytesDone, $0.files, $0.filesDone) = (0, 0, 0, 0) }.fraction == 1)
  }

  @Test func `the time left is that of the files where these take longer`() {
    let slow = progress { ($0.filesDone, $0.files, $0.bytesDone, $0.bytes) = (10, 110, 99 << 20, 100 << 20) }
    #expect(slow.eta == 400)
    #expect(progress { $0.seconds = 0.5 }.eta == nil)
  }

  @Test func `more bytes than were counted are no overflow`() {
    let grown = progress { ($0.bytesDone, $0.filesDone) = (.max, .max) }
    #expect(grown.fraction == 1 && grown.eta == 0)
  }
}
