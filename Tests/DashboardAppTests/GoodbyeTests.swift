import Testing
import UploadCore

@testable import DashboardApp

@Suite struct GoodbyeTests {
  private func totals(finished: UInt64 = 0, failed: UInt64 = 0, cancelled: UInt64 = 0) -> UploadLedger.Totals {
    var totals = UploadLedger.Totals()
    (totals.finished, totals.failed, totals.cancelled) = (finished, failed, cancelled)
    return totals
  }

  @Test func `One line says what happened`() {
    let line = Goodbye.line(
      incoming: totals(finished: 3, cancelled: 1),
      outgoing: totals(finished: 1, failed: 2),
      calledOff: 4
    )
    #expect(line == "3 uploads received, 1 sent, 2 failed, 5 cancelled.")
    #expect(Goodbye.line(incoming: totals(), outgoing: totals(finished: 1), calledOff: 0) == "1 upload sent.")
    #expect(Goodbye.line(incoming: totals(), outgoing: totals(), calledOff: 0) == "No uploads.")
  }
}
