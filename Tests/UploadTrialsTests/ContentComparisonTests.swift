import Testing
import UploadCore
import UploadReport
import UploadTestSupport

@testable import UploadTrials

@Suite struct ContentComparisonTests {
  private func stored(_ name: String) -> UploadMeter {
    let ledger = UploadLedger()
    let meter = UploadMeter(direction: .outgoing, mode: .stream, name: name, size: 3, remote: "127.0.0.1:1")
    ledger.begin(meter)
    ledger.end(meter, .finished(FinishedUpload(path: name, bytes: 3)))
    return meter
  }

  @Test func `a stored file with other content than the file that was sent, or none, is a mismatch`() async throws {
    try await withTemporaryDirectory { directory in
      let sent = try directory.write([1, 2, 3], to: "sent")
      try directory.write([1, 2, 3], to: "same")
      try directory.write([1, 2, 4], to: "other")
      let comparison = ContentComparison(paths: [sent], directory: directory.path, isCancelled: { false })
      #expect(comparison.status(of: stored("same"), sentFrom: sent) == .intact)
      #expect(comparison.status(of: stored("other"), sentFrom: sent) == .mismatch)
      #expect(comparison.status(of: stored("missing"), sentFrom: sent) == .mismatch)
    }
  }

  /// Stopping must neither wait until gigabytes are read, nor report that files differ.
  @Test func `a comparison that is cancelled reads nothing more and has no status`() async throws {
    try await withTemporaryDirectory { directory in
      let sent = try directory.write(SplitMix64.bytes(8 << 20), to: "sent")
      var calls = 0
      let comparison = ContentComparison(
        paths: [sent],
        directory: directory.path,
        isCancelled: {
          calls += 1
          return calls > 2
        }
      )
      #expect(calls == 3)
      #expect(comparison.status(of: stored("sent"), sentFrom: sent) == nil)
    }
  }
}
