import Testing
import UploadClient
import UploadCore
import UploadReport

@testable import DashboardApp
@testable import SluiceCLI

/// How a run of `send` counts what becomes of its files.
@Suite struct SendResultsTests {
  private let ledger = UploadLedger()
  private let counter = TreeCounter(total: nil)

  private func results(_ paths: [String] = ["/photos"], isDry: Bool = false) throws -> SendResults {
    let run = SendRun(
      arguments: SendArguments(paths, name: nil),
      target: try SendTarget("http://192.0.2.1:80"),
      configuration: UploadClientConfiguration(),
      mode: .stream,
      jobs: nil,
      rules: TreeRules(),
      skipsExisting: true,
      isDry: isDry,
      output: .quiet,
      stallAfter: .seconds(5)
    )
    return SendResults(run, ledger: ledger, counter: counter)
  }

  private func source(_ path: String, size: UInt64 = 10) -> UploadSource {
    var source = UploadSource.file(path)
    source.size = size
    return source
  }

  private func meter(_ name: String, _ outcome: UploadOutcome?, mode: UploadMode = .stream, received: Int = 0)
    -> UploadMeter
  {
    let meter = UploadMeter(direction: .outgoing, mode: mode, name: name, size: 10, remote: "h:80")
    meter.addReceived(received)
    if let outcome { ledger.end(meter, outcome) }
    return meter
  }

  @Test func `each event of the walk is counted under its kind`() throws {
    let results = try results()
    for event: TreeFeed.Event in [
      .exists(source("a")), .unknown(source("b")), .skipped(path: "l", .link), .skipped(path: "s", .socket),
      .directoryMade(path: "d"), .directoryExists(path: "e"), .directoryNotSent(path: "f"),
      .failed(path: "g", UploadError(.unreadableFile, "Gone.")),
      .directoryFailed(path: "h", UploadError(.refusedByServer, "No.")),
    ] { results.note(event) }
    let tally = results.tally
    #expect((tally.existing, tally.existingBytes, tally.unknown) == (1, 10, 1))
    #expect((tally.links, tally.specialFiles) == (1, 1))
    #expect((tally.directories, tally.directoriesExisting, tally.directoriesNotSent) == (1, 1, 1))
    #expect(tally.failures.map(\.path) == ["g", "h"])
    #expect(counter.done == (1, 10), "only what needs nothing more")
    #expect(counter.skipped == (1, 10))
  }

  @Test func `what cannot be read is a failed upload for observers, except when the run was stopped`() throws {
    let results = try results()
    results.note(.failed(path: "a", UploadError(.unreadableFile, "Gone.")))
    results.note(.failed(path: "b", UploadError(.cancelled, "Stopped.")))
    #expect(results.tally.failed == 1)
    #expect(ledger.totals(.outgoing).failed == 1)
  }

  @Test func `an interrupted resumable file can be continued by the same command, and a rejected one cannot`() throws {
    for (outcome, received, expected) in [
      (.cancelled, 5, true), (.failed(UploadError(.connectionLost, "Lost.")), 5, true),
      (.failed(UploadError(.refusedByServer, "HTTP 413")), 5, false), (.cancelled, 0, false),
      (.finished(FinishedUpload(path: "a", bytes: 10)), 10, false),
    ] as [(UploadOutcome, Int, Bool)] {
      let results = try results()
      results.note(source("/a"), meter("a", outcome, mode: .resumable, received: received))
      #expect(results.isContinuable == expected, "\(outcome)")
    }
    let results = try results()
    results.note(.standardInput(name: "-"), meter("-", .cancelled, mode: .resumable, received: 5))
    #expect(!results.isContinuable, "what was read from a pipe is gone")
  }

  @Test func `uploads are listed in the order of their arguments, not of their ends`() throws {
    let results = try results(["/a", "/b", "/c"])
    for name in ["c", "a", "b"] {
      results.note(source("/" + name), meter(name, .finished(FinishedUpload(path: name, bytes: 10))))
    }
    #expect(results.tally.uploads.map(\.name) == ["a", "b", "c"])
    #expect(counter.done == (3, 30))
  }

  @Test func `the bytes of a failed file are done without being sent`() throws {
    let results = try results()
    results.note(source("/a"), meter("a", .failed(UploadError(.refusedByServer, "HTTP 413")), received: 4))
    #expect(counter.done == (1, 10))
    #expect(counter.skipped == (0, 6))
  }

  @Test func `of a stopped run, each rejected file is a failure, and what it has not begun is not sent`() throws {
    let results = try results()
    let reason = UploadError(.refusedByServer, "HTTP 401: Wrong token.")
    results.note(source("/a"), meter("a", .failed(reason)))
    results.note(source("/b"), meter("b", .failed(reason)))
    results.noteUnsent(source("/c"))
    results.noteUnsent(5)
    results.noteStop(reason, try SendTarget("http://192.0.2.1:80"))
    #expect((results.tally.failed, results.tally.notSent) == (2, 6))
  }

  @Test func `a dry run counts what would be sent`() throws {
    let results = try results(isDry: true)
    results.noteListed(source("/a"))
    results.noteExcluded(3)
    #expect((results.tally.listed, results.tally.listedBytes, results.tally.excluded) == (1, 10, 3))
  }
}
