import Glibc

/// Estimates a smoothed rate from samples of a byte counter: an exponentially weighted mean over about three seconds.
///
/// Samples may be any time apart, but those in quick succession are merged; a counter that decreases counts as no
/// movement.
package struct RateEstimator: Sendable {
  /// In seconds: after this time a change has had 63 % of its effect.
  private static let timeConstant = 3.0
  /// Samples less than this apart, in seconds, are merged: their quotient would be noise.
  private static let shortestStep = 0.05

  private var weighted = 0.0
  /// Which part of the mean's weight is from samples, 0 to 1: without it the time before the start would count as
  /// zeros.
  private var weight = 0.0
  private var last: (bytes: UInt64, at: ContinuousClock.Instant)

  /// - Parameter startedAt: the instant at which the counter was 0; samples must be later.
  package init(startedAt: ContinuousClock.Instant) { last = (0, startedAt) }

  /// The smoothed rate as of the last sample, in bytes per second; 0 before the first. Does not fall between samples.
  package var bytesPerSecond: Double { weight > 0 ? weighted / weight : 0 }

  /// Adds a sample of the counter: `bytes` is its whole value, not the difference. A sample is ignored less than 0.05 s
  /// after the last one that was not; the next one then includes its bytes.
  package mutating func sample(_ bytes: UInt64, at now: ContinuousClock.Instant) {
    let step = (now - last.at).inSeconds
    guard step >= Self.shortestStep else { return }
    let rate = bytes > last.bytes ? Double(bytes - last.bytes) / step : 0
    let alpha = 1 - exp(-step / Self.timeConstant)
    weighted += alpha * (rate - weighted)
    weight += alpha * (1 - weight)
    last = (bytes, now)
  }

  /// Sets the counter to `bytes` without counting the difference as movement; the rate does not change.
  package mutating func skip(to bytes: UInt64, at now: ContinuousClock.Instant) { last = (bytes, now) }

  /// Counts `count` bytes of the next sample not as movement.
  mutating func skip(_ count: UInt64) { last.bytes &+= count }
}

extension Collection where Element == Double {
  /// The middle value in sorted order, or the mean of the two middle ones; nil for an empty collection.
  package var median: Double? {
    guard !isEmpty else { return nil }
    let sorted = sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }

  /// The smallest value that at least `percent` % of all values do not exceed (the nearest rank); nil for an empty
  /// collection.
  /// - Parameter percent: 0 to 100; 0 gives the smallest value, 100 the largest.
  package func percentile(_ percent: Int) -> Double? {
    guard !isEmpty else { return nil }
    let rank = (count * percent + 99) / 100
    return sorted()[Swift.min(Swift.max(rank, 1), count) - 1]
  }
}
