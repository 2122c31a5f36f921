import Testing
import UploadCore

@testable import UploadClient

@Suite struct RetryStateMachineTests {
  private let lost = FailedAttempt(error: UploadError(.connectionLost, "gone"), isPassing: true)

  private func refusal(_ status: Int, retryAfter: String? = nil, isBodySent: Bool = false) -> FailedAttempt {
    FailedAttempt(
      UploadError(.refusedByServer, "no"),
      answer: ServerAnswer(status: status, reason: "", retryAfter: retryAfter),
      isBodySent: isBodySent
    )
  }

  @Test func asManyAsTheLimitSays() {
    var machine = RetryStateMachine(RetryPolicy(limit: 2), isRepeatable: true)
    #expect(machine.failed(lost, now: 0, chance: 1) == .pause(.milliseconds(500)))
    #expect(machine.failed(lost, now: 0, chance: 1) == .pause(.seconds(1)))
    #expect(machine.failed(lost, now: 0, chance: 1) == .giveUp)
  }

  @Test func noneWhenNoneAreAskedFor() {
    var machine = RetryStateMachine(RetryPolicy(), isRepeatable: true)
    #expect(machine.failed(lost, now: 0, chance: 1) == .giveUp)
  }

  @Test func noneOfASourceThatIsGone() {
    var machine = RetryStateMachine(RetryPolicy(limit: 3), isRepeatable: false)
    #expect(machine.failed(lost, now: 0, chance: 1) == .giveUp)
  }

  @Test(arguments: [(429, true), (502, true), (503, true), (504, true), (400, false), (409, false), (413, false)])
  func statusesThatPass(status: Int, passes: Bool) {
    var machine = RetryStateMachine(RetryPolicy(limit: 1), isRepeatable: true)
    #expect((machine.failed(refusal(status), now: 0, chance: 0) != .giveUp) == passes)
  }

  /// A proxy says 504 while the server behind it may be storing what it got.
  @Test(arguments: [(429, true), (502, true), (503, true), (504, false)])
  func onlyARefusalPassesOnceTheBodyIsOut(status: Int, passes: Bool) {
    var machine = RetryStateMachine(RetryPolicy(limit: 1), isRepeatable: true)
    let refusal = refusal(status, isBodySent: true)
    #expect((machine.failed(refusal, now: 0, chance: 0) != .giveUp) == passes)
    #expect(refusal.error.message.contains("may have stored") == !passes)
  }

  @Test(arguments: [(500, false), (501, false), (507, false), (301, false), (201, false)])
  func statusesThatStay(status: Int, passes: Bool) {
    var machine = RetryStateMachine(RetryPolicy(limit: 1), isRepeatable: true)
    #expect(machine.failed(refusal(status), now: 0, chance: 0) == .giveUp)
  }

  @Test func aServersWordIsKept() {
    var machine = RetryStateMachine(RetryPolicy(limit: 3), isRepeatable: true)
    #expect(machine.failed(refusal(503, retryAfter: "9"), now: 0, chance: 0) == .pause(.seconds(9)))
    let date = "Thu, 01 Jan 1970 00:01:30 GMT"
    #expect(machine.failed(refusal(429, retryAfter: date), now: 60, chance: 0) == .pause(.seconds(30)))
    #expect(machine.failed(refusal(503, retryAfter: "???"), now: 0, chance: 0) == .pause(.seconds(1)))
  }

  @Test(
    arguments: [
      (ExchangeFailure.connectionLost, true), (.serverTakesNothing, true), (.serverSaysNothing, false),
      (.answerCut(status: 201), false), (.earlySuccess(status: 200), false), (.badAnswer, false),
    ]
  )
  func onlyWhatTheServerCannotHaveStored(failure: ExchangeFailure, passes: Bool) {
    #expect(failure.isPassing == passes)
  }
}
