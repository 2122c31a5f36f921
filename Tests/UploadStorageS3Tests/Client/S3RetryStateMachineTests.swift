import Testing

@testable import UploadStorageS3

@Suite struct S3RetryStateMachineTests {
  private func machine(attempts: Int = 5, patience: Duration = .zero) -> S3RetryStateMachine {
    var policy = S3RetryPolicy()
    (policy.attempts, policy.firstPause, policy.longestPause) = (attempts, .milliseconds(100), .milliseconds(350))
    policy.patience = patience
    return S3RetryStateMachine(policy)
  }

  @Test func `pauses double up to the longest, and are random below that`() {
    var machine = machine(attempts: 6)
    let later = S3AttemptFailure.Retry.later(asked: .zero)
    #expect(machine.failed(later, after: .zero, fraction: 1) == .retry(after: .milliseconds(100)))
    #expect(machine.failed(later, after: .zero, fraction: 1) == .retry(after: .milliseconds(200)))
    #expect(machine.failed(later, after: .zero, fraction: 1) == .retry(after: .milliseconds(350)))
    #expect(machine.failed(later, after: .zero, fraction: 0.5) == .retry(after: .milliseconds(175)))
    #expect(machine.failed(later, after: .zero, fraction: 0) == .retry(after: .zero))
    #expect(machine.failed(later, after: .zero, fraction: 0) == .giveUp)
    #expect(machine.failures == 6)
  }

  @Test func `a longer pause that the engine asks for is kept, up to the longest`() {
    var machine = machine()
    for (asked, pause) in [(300, 300), (3_600_000, 350)] {
      let action = machine.failed(.later(asked: .milliseconds(asked)), after: .zero, fraction: 0)
      #expect(action == .retry(after: .milliseconds(pause)))
    }
  }

  @Test func `the clock is corrected once`() {
    var machine = machine()
    #expect(machine.failed(.correctingClock(3_600), after: .zero, fraction: 1) == .correctClock(3_600))
    #expect(machine.failed(.correctingClock(3_600), after: .zero, fraction: 1) == .giveUp)
  }

  @Test func `other failures are final, and there is at least one attempt`() {
    var first = machine()
    #expect(first.failed(.never, after: .zero, fraction: 0) == .giveUp)
    var none = machine(attempts: 0)
    #expect(none.failed(.later(asked: .zero), after: .zero, fraction: 0) == .giveUp)
  }

  @Test func `a call goes on beyond its attempts until its patience ends`() {
    var machine = machine(attempts: 2, patience: .seconds(60))
    for seconds in [0, 1, 20, 59] {
      #expect(machine.failed(.later(asked: .zero), after: .seconds(seconds), fraction: 0) == .retry(after: .zero))
    }
    #expect(machine.failed(.later(asked: .zero), after: .seconds(60), fraction: 0) == .giveUp)
    #expect(machine.failures == 5)
  }

  @Test func `however late it fails, a call makes its attempts`() {
    var machine = machine(attempts: 3, patience: .seconds(1))
    #expect(machine.failed(.later(asked: .zero), after: .zero, fraction: 0) == .retry(after: .zero))
    #expect(machine.failed(.later(asked: .zero), after: .seconds(300), fraction: 0) == .retry(after: .zero))
    #expect(machine.failed(.later(asked: .zero), after: .seconds(600), fraction: 0) == .giveUp)
  }

  @Test func `very many attempts do not overflow`() {
    var machine = machine(attempts: 1_000)
    for _ in 0..<900 { _ = machine.failed(.later(asked: .zero), after: .zero, fraction: 1) }
    #expect(machine.failed(.later(asked: .zero), after: .zero, fraction: 1) == .retry(after: .milliseconds(350)))
  }
}
