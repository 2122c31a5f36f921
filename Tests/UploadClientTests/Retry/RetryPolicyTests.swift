import Testing
import UploadCore

@testable import UploadClient

@Suite struct RetryPolicyTests {
  private func pauses(_ policy: RetryPolicy, chance: Double, asked: Duration? = nil) -> [Duration] {
    (1...9).map { policy.pause(after: $0, asked: asked, chance: chance) }
  }

  @Test func pausesDoubleUntilTheLongest() {
    var policy = RetryPolicy(limit: 9)
    policy.firstPause = .seconds(1)
    policy.longestPause = .seconds(30)
    #expect(pauses(policy, chance: 1) == [1, 2, 4, 8, 16, 30, 30, 30, 30].map { .seconds($0) })
  }

  @Test func chanceTakesOffHalfAtMost() {
    let policy = RetryPolicy(limit: 9)
    for (low, high) in zip(pauses(policy, chance: 0), pauses(policy, chance: 1)) { #expect(low * 2 == high) }
    let middle = policy.pause(after: 1, asked: nil, chance: 0.5)
    #expect(middle == .milliseconds(375))
  }

  @Test func whatIsAskedForIsTheLeastButNotForDays() {
    let policy = RetryPolicy(limit: 9)
    #expect(policy.pause(after: 1, asked: .seconds(7), chance: 0) == .seconds(7))
    #expect(policy.pause(after: 1, asked: .zero, chance: 1) == policy.firstPause)
    #expect(policy.pause(after: 1, asked: .seconds(86_400), chance: 0) == policy.longestAsked)
  }

  @Test(arguments: [0, -1, Int.max]) func anyAttemptHasAPause(attempt: Int) {
    var policy = RetryPolicy(limit: .max)
    policy.firstPause = .seconds(1)
    let pause = policy.pause(after: attempt, asked: nil, chance: 1)
    #expect(pause >= .seconds(1) && pause <= policy.longestPause)
  }
}
