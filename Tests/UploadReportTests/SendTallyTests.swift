import Testing
import UploadCore

@testable import UploadReport

@Suite struct SendTallyTests {
  private func meter(_ name: String, _ outcome: UploadOutcome) -> UploadMeter {
    let meter = UploadMeter(direction: .outgoing, mode: .stream, name: name, size: 10, remote: "h:80")
    UploadLedger().end(meter, outcome)
    return meter
  }

  private func finished(_ name: String) -> UploadMeter {
    meter(name, .finished(FinishedUpload(path: name, bytes: 10)))
  }

  @Test func `every result is counted once`() {
    var tally = SendTally()
    tally.note(finished("a"))
    tally.note(finished("b"))
    tally.note(meter("c", .failed(UploadError(.unreadableFile, "Gone."))))
    tally.note(meter("d", .cancelled))
    tally.noteExisting(bytes: 7)
    tally.noteSkipped("l", isLink: true, noun: "symbolic link")
    tally.noteSkipped("p", isLink: false, noun: "pipe")
    tally.noteDirectory(isMade: true)
    tally.noteDirectory(isMade: false)
    tally.noteUnsent(3)
    let json = UploadSummary(tally, peakResidentBytes: 1).json.serialized
    #expect(
      json.hasSuffix(
        #""counts":{"sent":2,"bytes":20,"renamed":0,"existing":1,"unknown":0,"failed":1,"cancelled":1,"notSent":3,"links":1,"#
          + #""specialFiles":1,"directories":1,"directoriesExisting":0,"directoriesNotSent":1,"excluded":0,"unlistedUploads":0},"#
          + #""failures":[{"path":"c","message":"Gone."}]}"#
      ),
      "\(json)"
    )
    #expect(!tally.isGood && json.contains(#""ok":false"#))
  }

  @Test func `skipped files and unsupported directories are no failure`() {
    var tally = SendTally()
    tally.noteExisting(bytes: 7)
    tally.noteSkipped("l", isLink: true, noun: "symbolic link")
    tally.noteDirectory(isMade: false)
    #expect(tally.isGood && UploadSummary(tally, peakResidentBytes: 1).isGood)
    tally.noteUnsent(1)
    #expect(!tally.isGood)
  }

  @Test func `files that the server stored under another name are counted`() {
    var tally = SendTally()
    tally.note(finished("a"))
    tally.note(meter("t/a", .finished(FinishedUpload(path: "inbox/t/a", bytes: 10))))
    tally.note(meter("b", .finished(FinishedUpload(path: "b (2)", bytes: 10))))
    let one = "1 file stored under another name, because its name existed or is not allowed"
    #expect(tally.text(seconds: 1, listsSkipped: true).hasSuffix("\n" + one))
    tally.note(meter("c:", .finished(FinishedUpload(path: "c_", bytes: 10))))
    let two = "2 files stored under another name, because their name existed or is not allowed"
    #expect(tally.text(seconds: 1, listsSkipped: true).hasSuffix("\n" + two))
    #expect(tally.isGood && UploadSummary(tally, peakResidentBytes: 1).json.serialized.contains(#""renamed":2"#))
  }

  @Test func `of a run that was stopped, each failure counts, and files that it gave up are not sent`() {
    let reason = UploadError(.refusedByServer, "HTTP 401: Give the token.")
    var tally = SendTally()
    tally.note(meter("other", .failed(UploadError(.refusedByServer, "HTTP 507: Full."))))
    for name in ["a", "b", "c"] { tally.note(meter(name, .failed(reason))) }
    tally.note(meter("d", .cancelled))
    tally.note(UploadMeter(direction: .outgoing, mode: .stream, name: "e", size: 10, remote: "h:80"))
    #expect((tally.failed, tally.cancelled, tally.notSent) == (4, 1, 1))
    tally.noteStop()
    #expect((tally.failed, tally.cancelled, tally.notSent) == (4, 0, 2) && !tally.isGood)
    #expect(tally.uploads.count { $0.verdict == .refused } == 4)
    #expect(tally.uploads.count { $0.verdict == .cancelled } == 2)
    #expect(tally.failures.map(\.path) == ["other", "a", "b", "c"])
  }

  @Test func `the memory of many results is bounded`() {
    var tally = SendTally()
    for index in 0..<1500 {
      tally.note(finished("\(index)"))
      tally.noteFailure("f\(index)", UploadError(.unreadableFile, "x"))
      tally.noteSkipped("s\(index)", isLink: true, noun: "symbolic link")
    }
    #expect(tally.uploads.count == 1000 && tally.unlistedUploads == 500)
    #expect(tally.failures.count == 100 && tally.skipped.count == 100)
    #expect(tally.sent == 1500 && tally.failed == 1500 && tally.links == 1500)
    let text = tally.text(seconds: 1, listsSkipped: true)
    #expect(text.contains("1,500 failed:"))
    #expect(text.split(separator: "\n").count { $0 == "  and 1,400 more" } == 2)
  }

  @Test func `uploads of arguments are listed in the order of these`() {
    var tally = SendTally()
    tally.note(finished("tree"))
    tally.note(finished("second"), position: 1)
    tally.note(finished("first"), position: 0)
    #expect(tally.uploads.map(\.name) == ["first", "second", "tree"])
  }

  @Test func `the text has a line for each kind of result that occurred`() {
    var tally = SendTally()
    tally.note(finished("a"))
    #expect(tally.text(seconds: 2, listsSkipped: true) == "1 file sent, 10 B in 0:02, 5 B/s")
    tally.noteSkipped("t/l\u{1B}", isLink: true, noun: "symbolic link")
    tally.noteSkipped("t/p", isLink: false, noun: "pipe")
    tally.noteDirectory(isMade: true)
    tally.noteFailure("t/x\n", UploadError(.unreadableFile, "There is no\u{7} file."))
    #expect(
      tally.text(seconds: 2, listsSkipped: true) == """
        1 file sent, 10 B in 0:02, 5 B/s
        1 empty directory made
        1 symbolic link and 1 special file skipped:
          t/l\u{FFFD} (symbolic link)
          t/p (pipe)
        1 failed:
          t/x\u{FFFD}: There is no\u{FFFD} file.
        """
    )
    #expect(tally.text(seconds: 2, listsSkipped: false).contains("special file skipped\n1 failed:"))
  }

  @Test func `a run without files says so, and directories that existed were not made`() {
    var tally = SendTally()
    #expect(tally.text(seconds: 1, listsSkipped: true) == "no files to send")
    tally.noteExcluded(1234)
    tally.noteExistingDirectory()
    #expect(
      tally.text(seconds: 1, listsSkipped: true) == """
        no files to send (1,234 excluded)
        1 empty directory skipped: the server has it
        """
    )
    #expect(tally.isGood && tally.directories == 0)
  }

  @Test func `a dry run says what would be sent`() {
    var tally = SendTally(isDry: true)
    tally.noteListed(bytes: 5)
    tally.noteListed(bytes: 6)
    tally.noteDirectory(isMade: true)
    #expect(
      tally.text(seconds: 1, listsSkipped: true) == "2 files would be sent, 11 B\n1 empty directory would be made"
    )
    #expect(UploadSummary(tally, peakResidentBytes: 1).json.serialized.contains(#""wouldSend":2,"wouldSendBytes":11"#))
  }

  @Test func `failures that were shown when they occurred are counted, and not listed again`() {
    var tally = SendTally()
    for name in ["a", "b", "c"] { tally.noteFailure(name, UploadError(.unreadableFile, "Gone.")) }
    #expect(tally.text(seconds: 1, listsSkipped: true, shownFailures: .max).hasSuffix("\n3 failed, see above"))
    let partly = tally.text(seconds: 1, listsSkipped: true, shownFailures: 2)
    #expect(partly.hasSuffix("\n3 failed, see above, the first 2 of them"))
    #expect(tally.text(seconds: 1, listsSkipped: true).hasSuffix("  c: Gone."))
  }

  @Test func `files that could not be compared are counted, with the reason`() {
    var tally = SendTally()
    tally.note(finished("a"))
    tally.noteUnknown()
    #expect(
      tally.text(seconds: 1, listsSkipped: true).hasSuffix(
        "\n1 file sent again, since the server keeps no modification times and had no SHA-256; the next run skips them"
      )
    )
    #expect(UploadSummary(tally, peakResidentBytes: 1).json.serialized.contains(#""unknown":1"#))
    var dry = SendTally(isDry: true)
    dry.noteListed(bytes: 1)
    dry.noteUnknown()
    #expect(dry.text(seconds: 1, listsSkipped: true).contains("\n1 file of these cannot be compared"))
  }

  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] as [(UInt64, String)])
  func `numbers are grouped by three digits`(number: UInt64, text: String) {
    #expect(number.grouped == text)
  }

  @Test func `notices are JSON objects and text lines that are safe to show`() {
    let path = "a\n" + NameBytes([0xFF]).losslessText
    #expect(
      SendNotice.skipped(path: path, .link).json.serialized
        == #"{"event":"skipped","path":"a\n\\xFF","reason":"link"}"#
    )
    #expect(SendNotice.skipped(path: path, .link).plainLine == "skipped \"a\u{FFFD}\\xFF\": a symbolic link")
    #expect(SendNotice.skipped(path: "a", .exists).plainLine == "skipped \"a\": the server has it")
    #expect(
      SendNotice.wouldSend(path: "a", bytes: nil).json.serialized == #"{"event":"wouldSend","path":"a","size":null}"#
    )
    #expect(SendNotice.wouldSend(path: "a", bytes: 1 << 20).plainLine == "   1.0 MiB  a")
    #expect(SendNotice.wouldMake(path: "d").json.serialized == #"{"event":"wouldMake","path":"d"}"#)
    #expect(SendNotice.wouldMake(path: "d").plainLine == "would make the empty directory \"d\"")
    #expect(SendNotice.directory(path: "d").json.serialized == #"{"event":"directory","path":"d"}"#)
  }
}
