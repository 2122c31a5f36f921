import Glibc
import Testing
import UploadCore

@testable import UploadTrials

@Suite struct TrialOutcomeTests {
  @Test func `an outcome with exit status 0 has no status: the stored file decides`() {
    #expect(TrialOutcome(exit: .status(0)).status == nil)
  }

  @Test(arguments: [
    (
      TrialOutcome(exit: .signal(SIGKILL), exceededLimit: SizeSetting(1 << 30)),
      TrialStatus.outOfMemory, "exceeded 1 GiB"
    ),
    (TrialOutcome(exit: .signal(SIGKILL)), .outOfMemory, "lack of memory"),
    (TrialOutcome(exit: .status(22), errors: ["curl: (22) 413"]), .rejected, "413"),
    (TrialOutcome(exit: .status(27), errors: ["File size is greater than 2 GiB"]), .outOfMemory, "2 GiB"),
    (
      TrialOutcome(exit: .signal(SIGABRT), errors: ["FATAL ERROR: JavaScript heap out of memory", "at x"]),
      .outOfMemory, "heap out of memory"
    ),
    (TrialOutcome(exit: .signal(SIGSEGV)), .failed, "signal 11"),
    (TrialOutcome(exit: .status(3)), .failed, "exit status 3"),
    (TrialOutcome(exit: .status(1), failure: ("outOfMemory", "no room")), .outOfMemory, "no room"),
    (TrialOutcome(exit: .status(1), failure: ("refusedByServer", "413")), .rejected, "413"),
    (TrialOutcome(exit: .status(1), failure: ("connectionLost", "gone\u{1B}")), .failed, "gone\u{FFFD}"),
  ])
  func `a failed client's status and reason follow from its exit and its output`(
    outcome: TrialOutcome,
    status: TrialStatus,
    text: String
  ) {
    #expect(outcome.status == status)
    #expect(outcome.reason.contains(text), "\(outcome.reason)")
  }

  @Test func `a status of wait is decoded into an exit status or a signal`() {
    #expect(ChildExit(waitStatus: 0) == .status(0))
    #expect(ChildExit(waitStatus: 27 << 8) == .status(27))
    #expect(ChildExit(waitStatus: 9) == .signal(9))
    #expect(ChildExit(waitStatus: 6 | 0x80) == .signal(6))
  }

  @Test func `a memory limit that is too low is rejected with the least that works`() throws {
    let floor = MemoryFloor(peak: (20 << 20) + 1)
    #expect(floor.least == 29 << 20)
    #expect(throws: Never.self) { try floor.check(SizeSetting(29 << 20)) }
    let error = try #require(throws: UploadError.self) { try floor.check(SizeSetting(24 << 20)) }
    #expect(error.code == .badValue)
    #expect(error.message.contains("29MiB"))
  }

  /// Two measurements of the same client differ a little.
  @Test func `the least limit that was reported is accepted when the next measurement is a little higher`() throws {
    let reported = MemoryFloor(peak: 38 << 20).least
    #expect(throws: Never.self) { try MemoryFloor(peak: (41 << 20) + 5).check(SizeSetting(reported)) }
    #expect(throws: Never.self) { try MemoryFloor(peak: 30 << 20).check(SizeSetting(.max)) }
  }
}
