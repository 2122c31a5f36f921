import Testing
import UploadCore

@testable import UploadClient

@Suite struct RetryPolicyTests {
  private func pauses(_ policy: RetryPolicy, fraction: Double) -> [Duration] {
    (1...9).map { policy.pause(after: $0, fraction: fraction) }
  }

  @Test func `the bound of the pause doubles from the first up to the longest`() {
    var policy = RetryPolicy(limit: 9)
    policy.firstPause = .seconds(1)
    policy.longestPause = .seconds(30)
    #expect(pauses(policy, fraction: 1) == [1, 2, 4, 8, 16, 30, 30, 30, 30].map { .seconds($0) })
  }

  @Test func `a pause is the given fraction of its bound, from zero upwards`() {
    let policy = RetryPolicy(limit: 9)
    #expect(pauses(policy, fraction: 0).allSatisfy { $0 == .zero })
    for (half, whole) in zip(pauses(policy, fraction: 0.5), pauses(policy, fraction: 1)) { #expect(half * 2 == whole) }
    #expect(policy.pause(after: 1, fraction: 0.5) == .milliseconds(250))
  }

  @Test(arguments: [0, -1, Int.max]) func `the full pause is in its bounds for 0, -1 and huge counts`(failures: Int) {
    var policy = RetryPolicy(limit: nil)
    policy.firstPause = .seconds(1)
    let pause = policy.pause(after: failures, fraction: 1)
    #expect(pause >= .seconds(1) && pause <= policy.longestPause)
  }

  @Test func `the usual policy retries for five minutes without a limit, and the default policy never`() {
    #expect(RetryPolicy.usual.limit == nil)
    #expect(RetryPolicy.usual.patience == .seconds(300))
    #expect(RetryPolicy().limit == 0)
  }
}
