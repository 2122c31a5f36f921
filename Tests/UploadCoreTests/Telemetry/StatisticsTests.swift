import Testing

@testable import UploadCore

@Suite struct RateEstimatorTests {
  private let start = ContinuousClock.now

  /// The rate after samples taken every `step` seconds, the first one step after `start`.
  private func estimate(_ readings: [UInt64], step: Double = 0.5) -> Double {
    var estimator = RateEstimator(startedAt: start)
    for (index, bytes) in readings.enumerated() {
      estimator.sample(bytes, at: start + .seconds(Double(index + 1) * step))
    }
    return estimator.bytesPerSecond
  }

  @Test func `the rate is 0 before the first sample`() {
    #expect(RateEstimator(startedAt: start).bytesPerSecond == 0)
  }

  @Test(arguments: [0.1, 0.5, 2])
  func `the rate of a steady counter is right from the first sample on`(step: Double) {
    for count in 1...20 {
      let readings = (1...count).map { UInt64(Double($0) * step * 1_000_000) }
      #expect(abs(estimate(readings, step: step) - 1_000_000) < 1)
    }
  }

  @Test func `three seconds after a change the rate has made 63 percent of it`() {
    let steady = (1...200).map { UInt64($0) * 500 }
    let faster = (1...6).map { 100_000 + UInt64($0) * 5_000 }
    let rate = estimate(steady + faster)
    #expect(abs(rate - (1_000 + 0.632 * 9_000)) < 20)
  }

  @Test func `the rate of a counter that stopped 40 seconds ago is below 1 per second`() {
    let moved = (1...20).map { UInt64($0) * 1_000 }
    #expect(estimate(moved + Array(repeating: 20_000, count: 80)) < 1)
  }

  @Test func `a counter that decreases has no negative rate`() {
    let rate = estimate([1_000, 500, 0, 500])
    #expect(rate >= 0)
    #expect(rate < 2_000)
  }

  @Test func `a counter that jumps between 0 and the largest number has a finite rate`() {
    #expect(estimate([.max, 0, .max]).isFinite)
  }

  @Test func `samples one millisecond apart are merged and result in the right rate`() {
    var estimator = RateEstimator(startedAt: start)
    for millisecond in 1...1_000 {
      estimator.sample(UInt64(millisecond) * 1_000, at: start + .milliseconds(millisecond))
    }
    #expect(abs(estimator.bytesPerSecond - 1_000_000) < 1)
  }

  @Test func `samples that are not later than the last one change nothing`() {
    var estimator = RateEstimator(startedAt: start)
    estimator.sample(1_000, at: start)
    estimator.sample(9_000, at: start - .seconds(5))
    #expect(estimator.bytesPerSecond == 0)
    estimator.sample(1_000, at: start + .seconds(1))
    #expect(abs(estimator.bytesPerSecond - 1_000) < 0.001)
  }
}
