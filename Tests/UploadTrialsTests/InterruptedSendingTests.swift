import HTTPExchange
import Testing
import UploadClient
import UploadCore
import UploadReport

@testable import UploadTrials

@Suite struct InterruptedSendingTests {
  @Test func `the summary states the interruptions of uploads that were to be interrupted, and of no others`() {
    let meter = UploadMeter(direction: .outgoing, mode: .resumable, name: "a", size: 3, remote: "127.0.0.1:1")
    var interrupted = UploadSummary.Entry(for: meter)
    interrupted.interruptions = 2
    let text = UploadSummary(uploads: [interrupted], peakResidentBytes: 1).json.serialized
    #expect(text.contains(#""mode":"resumable""#) && text.contains(#""interruptions":2"#))
    let others = UploadSummary(uploads: [UploadSummary.Entry(for: meter)], peakResidentBytes: 1).json.serialized
    #expect(!others.contains("interruptions"))
  }

  @Test(arguments: [("http://[::1]:8080", false), ("https://files.example:8443", true)])
  func `a server behind a relay is reached at 127.0.0.1, with TLS where the server has it`(
    url: String,
    isSecure: Bool
  ) throws {
    let target = try TrialServer(url: url, token: "token", trust: .system).target(port: 7)
    #expect(target.host == "127.0.0.1" && target.port == 7 && target.isSecure == isSecure)
  }

  @Test func `jobs below 1 count as 1 when descriptors are reserved`() {
    #expect(InterruptedSending.descriptors(jobs: 0) == CuttingRelay.descriptors)
    #expect(InterruptedSending.descriptors(jobs: 3) == 3 * CuttingRelay.descriptors)
  }
}
