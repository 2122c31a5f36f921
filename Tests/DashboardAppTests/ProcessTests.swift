import Testing
import UploadCore

@testable import DashboardApp

@Suite struct ExitSummaryTests {
  private func totals(finished: UInt64 = 0, failed: UInt64 = 0, cancelled: UInt64 = 0) -> UploadLedger.Totals {
    var totals = UploadLedger.Totals()
    (totals.finished, totals.failed, totals.cancelled) = (finished, failed, cancelled)
    return totals
  }

  @Test func `the exit summary counts uploads by outcome`() {
    let line = ExitSummary.line(
      incoming: totals(finished: 3, cancelled: 1),
      outgoing: totals(finished: 1, failed: 2),
      cancelled: 4
    )
    #expect(line == "3 uploads stored, 1 sent, 2 failed, 5 cancelled.")
    #expect(ExitSummary.line(incoming: totals(), outgoing: totals(finished: 1), cancelled: 0) == "1 upload sent.")
    #expect(ExitSummary.line(incoming: totals(), outgoing: totals(), cancelled: 0) == "No uploads.")
    let many = ExitSummary.line(incoming: totals(finished: 3_002), outgoing: totals(failed: 1_000), cancelled: 0)
    #expect(many == "3,002 uploads stored, 1,000 failed.")
  }
}

@Suite struct ClientEngineTests {
  /// The command line limits the number of jobs, but the sum must not overflow for any number.
  @Test func `the number of a client's descriptors does not overflow for the highest number of jobs`() {
    #expect(ClientEngine.descriptors(jobs: 1) > 2)
    #expect(ClientEngine.descriptors(jobs: .max) > ClientEngine.descriptors(jobs: 1))
  }
}

@Suite struct UserDirectoriesTests {
  @Test func `the home and the working directory are absolute`() {
    #expect(UserDirectories.home.hasPrefix("/"))
    #expect(UserDirectories.workingDirectory.hasPrefix("/"))
  }
}
