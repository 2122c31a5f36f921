import HTTPExchange
import NIOHTTP1
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

@Suite struct RetryStateMachineTests {
  /// A machine whose clock and random numbers the test controls.
  private struct Driver {
    private let start = ContinuousClock.Instant.now
    private var now: Duration = .zero
    private var random: any RandomNumberGenerator = Constant(bits: .max)
    private var machine: RetryStateMachine

    /// The same number each time: the largest gives the longest pauses.
    private struct Constant: RandomNumberGenerator {
      let bits: UInt64
      func next() -> UInt64 { bits }
    }

    init(_ policy: RetryPolicy = .usual, isRepeatable: Bool = true, shortest: Bool = false) {
      machine = RetryStateMachine(policy, isRepeatable: isRepeatable, start: start)
      if shortest { random = Constant(bits: 0) }
    }

    /// An attempt that took `seconds` fails; the clock moves to the end of the pause that follows.
    /// - Returns: the action, its pause rounded to milliseconds.
    mutating func fail(
      _ attempt: FailedAttempt,
      sent: UInt64 = 0,
      after seconds: Double = 0,
      timeOfDay: Int64 = 0
    ) -> RetryStateMachine.Action {
      now += .seconds(seconds)
      let action = machine.failed(attempt, sent: sent, at: start + now, timeOfDay: timeOfDay, using: &random)
      guard case .pause(let pause) = action else { return action }
      now += pause
      return .pause(.milliseconds((pause.inSeconds * 1000).rounded()))
    }

    /// The server has stored more than before.
    mutating func progress() { machine.progressed(at: start + now) }

    /// The user pauses the upload for this many seconds.
    mutating func pause(_ seconds: Double) {
      now += .seconds(seconds)
      machine.wasPaused(for: .seconds(seconds))
    }

    /// Fails until the machine gives up.
    /// - Returns: how many attempts there were, how many seconds passed, and why it gave up.
    mutating func failToTheEnd(
      _ attempt: FailedAttempt,
      sent: UInt64 = 0,
      after seconds: Double = 0
    ) -> (attempts: Int, seconds: Double, reason: RetryStateMachine.Reason?) {
      for attempts in 1...10_000 {
        if case .giveUp(let reason) = fail(attempt, sent: sent, after: seconds) {
          return (attempts, now.inSeconds, reason)
        }
      }
      return (10_000, now.inSeconds, nil)
    }
  }

  private let lost = FailedAttempt(error: UploadError(.connectionLost, "gone"), isTemporary: true)

  private func rejection(_ status: Int, retryAfter: String? = nil, isBodySent: Bool = false) -> FailedAttempt {
    let response = ExchangeResponse(status: status, headers: retryAfter.map { ["Retry-After": $0] } ?? [:])
    let result = ExchangeResult(response: response, isBodyBegun: isBodySent, isBodySent: isBodySent)
    return FailedAttempt(UploadError(.refusedByServer, "no"), result)
  }

  @Test func `the longest random pauses double from 0.5 s to 30 s`() {
    var driver = Driver()
    let pauses = [0.5, 1, 2, 4, 8, 16, 30, 30].map { RetryStateMachine.Action.pause(.milliseconds($0 * 1000)) }
    for pause in pauses { #expect(driver.fail(lost) == pause) }
  }

  @Test func `the limit counts attempts after the first`() {
    var driver = Driver(RetryPolicy(limit: 2))
    #expect(driver.fail(lost) == .pause(.milliseconds(500)))
    #expect(driver.fail(lost) == .pause(.seconds(1)))
    #expect(driver.fail(lost) == .giveUp(.limit))
    var none = Driver(RetryPolicy())
    #expect(none.fail(lost) == .giveUp(.limit))
  }

  @Test func `pauses alone use up the patience of five minutes, and no other attempt follows`() {
    var driver = Driver()
    let end = driver.failToTheEnd(lost)
    #expect(end.reason == .noProgress(.seconds(300)))
    #expect(abs(end.seconds - 300) < 0.001)
    #expect(end.attempts == 16)
  }

  @Test func `the time of attempts that send nothing counts against the patience`() {
    var driver = Driver()
    let end = driver.failToTheEnd(lost, after: 10)
    #expect((300...311).contains(end.seconds), "\(end)")
  }

  @Test func `with pauses of zero, the time of attempts that send nothing uses up the patience`() {
    var driver = Driver(shortest: true)
    let end = driver.failToTheEnd(lost, after: 1)
    #expect(end.attempts == 300)
    #expect(end.reason == .noProgress(.seconds(300)))
  }

  @Test func `with a patience of zero there is no second attempt`() {
    var policy = RetryPolicy.usual
    policy.patience = .zero
    var driver = Driver(policy)
    #expect(driver.fail(lost) == .giveUp(.noProgress(.zero)))
  }

  @Test func `progress resets the time without progress and the length of the pauses`() {
    var driver = Driver()
    for sent in 1...100 as ClosedRange<UInt64> {
      #expect(driver.fail(lost, sent: sent * 1000, after: 60) == .pause(.milliseconds(500)))
      #expect(driver.fail(lost, after: 100) == .pause(.seconds(1)))
      #expect(driver.fail(lost, after: 100) == .pause(.seconds(2)))
    }
  }

  @Test func `attempts that always fail at the same byte use up the patience by their pauses`() {
    var driver = Driver()
    #expect(driver.fail(lost, sent: 1000) == .pause(.milliseconds(500)))
    // A server that always fails at the same offset must not be retried for ever.
    let end = driver.failToTheEnd(lost, sent: 1000, after: 3600)
    #expect(end.reason == .noProgress(.seconds(300)))
  }

  @Test func `the time of attempts that send bytes does not count against the patience`() {
    var driver = Driver()
    #expect(driver.fail(lost, sent: 1000, after: 3600) == .pause(.milliseconds(500)))
    #expect(driver.fail(lost, sent: 900, after: 3600) == .pause(.seconds(1)))
    #expect(driver.fail(lost, sent: 800, after: 3600) == .pause(.seconds(2)))
  }

  @Test func `an offset that grows resets the pauses, also where no attempt sends more than one before`() {
    var driver = Driver()
    #expect(driver.fail(lost, sent: 1000) == .pause(.milliseconds(500)))
    #expect(driver.fail(lost, sent: 900) == .pause(.seconds(1)))
    driver.progress()
    #expect(driver.fail(lost, sent: 900) == .pause(.milliseconds(500)))
    for _ in 0..<100 {
      driver.progress()
      #expect(driver.fail(lost, after: 200) == .pause(.milliseconds(500)))
    }
  }

  @Test func `the time in which the user has paused an upload costs no patience`() {
    var driver = Driver()
    driver.pause(100_000)
    #expect(driver.fail(lost) == .pause(.milliseconds(500)))
  }

  @Test(arguments: [
    (ExchangeFailure.connectionLost, true), (.sendTimedOut, true), (.responseTimedOut, true),
    (.responseInterrupted(status: 201), true), (.earlySuccess(status: 200), true), (.paused, true),
    (.malformedResponse, false), (.sourceFailed(isStored: false), false), (.cancelled, false), (.handlerRemoved, false),
  ])
  func `a resumable upload continues after every failure of the connection`(failure: ExchangeFailure, passes: Bool) {
    #expect(failure.isInterruption == passes)
  }

  @Test func `a source that can be read only once is retried only if it has not been read`() {
    var used = lost
    used.isSourceUsed = true
    var driver = Driver(isRepeatable: false)
    #expect(driver.fail(lost) == .pause(.milliseconds(500)))
    #expect(driver.fail(used) == .giveUp(.notRetriable))
    var repeatable = Driver()
    #expect(repeatable.fail(used) == .pause(.milliseconds(500)))
  }

  @Test(arguments: [(429, true), (502, true), (503, true), (504, true), (400, false), (409, false), (413, false)])
  func `before the whole body is sent, only 429, 502, 503 and 504 are retried`(status: Int, passes: Bool) {
    var driver = Driver()
    #expect((driver.fail(rejection(status)) == .pause(.milliseconds(500))) == passes)
  }

  /// A proxy responds with 504 while the server behind it may be storing what it received.
  @Test(arguments: [(429, true), (502, true), (503, true), (504, false)])
  func `after the whole body is sent, 429, 502 and 503 are retried, 504 is not`(status: Int, passes: Bool) {
    var driver = Driver()
    let rejection = rejection(status, isBodySent: true)
    #expect((driver.fail(rejection) == .pause(.milliseconds(500))) == passes)
    #expect(rejection.error.message.contains("may have stored") == !passes)
  }

  @Test(arguments: [500, 501, 507, 301, 201])
  func `the statuses 201, 301, 500, 501 and 507 are not retried`(status: Int) {
    var driver = Driver()
    #expect(driver.fail(rejection(status)) == .giveUp(.notRetriable))
  }

  @Test func `a valid Retry-After is the least length of the pause`() {
    var driver = Driver()
    #expect(driver.fail(rejection(503, retryAfter: "9")) == .pause(.seconds(9)))
    let date = "Thu, 01 Jan 1970 00:01:30 GMT"
    #expect(driver.fail(rejection(429, retryAfter: date), timeOfDay: 60) == .pause(.seconds(30)))
    #expect(driver.fail(rejection(503, retryAfter: "???")) == .pause(.seconds(2)))
    #expect(driver.fail(rejection(503, retryAfter: "0")) == .pause(.seconds(4)))
  }

  @Test func `a Retry-After that is longer than the rest of the patience ends the upload at once`() {
    var driver = Driver()
    #expect(driver.fail(rejection(503, retryAfter: "300")) == .pause(.seconds(300)))
    var other = Driver()
    #expect(other.fail(rejection(503, retryAfter: "301")) == .giveUp(.serverAsksFor(.seconds(301))))
    let note = RetryStateMachine.Reason.serverAsksFor(.seconds(301)).note(attempts: 1)
    #expect(note?.contains("301 s") == true)
  }

  @Test func `the note on giving up names the number of attempts, or is nil where it adds nothing`() {
    #expect(RetryStateMachine.Reason.notRetriable.note(attempts: 3) == nil)
    #expect(RetryStateMachine.Reason.limit.note(attempts: 1) == nil)
    #expect(RetryStateMachine.Reason.limit.note(attempts: 4) == "Gave up after 4 attempts.")
    #expect(
      RetryStateMachine.Reason.noProgress(.seconds(300)).note(attempts: 16)
        == "Gave up after 16 attempts: no progress for 300 s."
    )
  }

  @Test(
    arguments: [
      (ExchangeFailure.connectionLost, true), (.sendTimedOut, true), (.responseTimedOut, false),
      (.responseInterrupted(status: 201), false), (.earlySuccess(status: 200), false), (.malformedResponse, false),
      (.sourceFailed(isStored: false), false), (.cancelled, false), (.paused, false), (.handlerRemoved, false),
    ]
  )
  func `only a lost connection and a timeout while sending are temporary failures`(
    failure: ExchangeFailure,
    passes: Bool
  ) {
    #expect(failure.isTemporary == passes)
  }
}
