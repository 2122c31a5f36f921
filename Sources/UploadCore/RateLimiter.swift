import Synchronization

/// Spreads bytes evenly over time: a connection that has moved some asks how long to wait before moving more.
///
/// A pacing clock without a queue: it keeps the instant at which all bytes taken so far are paid for. All connections
/// that share one limiter wait for that instant, each for its own last chunk, so that they take turns and a fast one gets
/// no more than another. The caller passes the time; there is no lock, since connections of all event loops share it.
package final class RateLimiter: Sendable {
  /// How far a late connection may catch up, in nanoseconds: timers fire late, and the average must not suffer.
  private static let slack: UInt64 = 30_000_000
  /// Into how many chunks the bytes of a second are divided. With larger chunks a window of a second would not be smooth
  /// when several connections resume at once. And the TCP window of a slowed sender should contain several chunks, or some
  /// turns would find less than one and be lost (measured at 100 chunks a second: shares of 13 to 18).
  private static let chunksPerSecond: UInt64 = 400

  /// At least 1.
  package let bytesPerSecond: UInt64
  private let paidAt = Atomic<UInt64>(0)

  /// - Parameter bytesPerSecond: at least 1.
  package init(bytesPerSecond: UInt64) { self.bytesPerSecond = max(1, bytesPerSecond) }

  /// Notes that `count` bytes have been moved.
  /// - Parameter now: nanoseconds of a monotonic clock, the same for all calls.
  /// - Returns: nanoseconds to wait before more may be moved.
  package func take(_ count: Int, at now: UInt64) -> UInt64 {
    let cost = cost(of: count)
    var paid = paidAt.load(ordering: .relaxed)
    while true {
      let start = max(paid, now > Self.slack ? now - Self.slack : 0)
      let (sum, overflow) = start.addingReportingOverflow(cost)
      let next = overflow ? UInt64.max : sum
      let (exchanged, original) = paidAt.weakCompareExchange(expected: paid, desired: next, ordering: .relaxed)
      if exchanged { return next > now ? next - now : 0 }
      paid = original
    }
  }

  /// The most that should be moved at once, in bytes: a power of two from 1 KiB to 1 MiB. The same for all connections that
  /// share the limit, since with turns of different sizes the shares would differ (measured: 3 to 1).
  package var chunkSize: Int {
    let share = bytesPerSecond / Self.chunksPerSecond
    var size = 1024
    while size < 1024 * 1024, UInt64(2 * size) <= share { size *= 2 }
    return size
  }

  private func cost(of count: Int) -> UInt64 {
    let (high, low) = UInt64(max(0, count)).multipliedFullWidth(by: 1_000_000_000)
    return high < bytesPerSecond ? bytesPerSecond.dividingFullWidth((high, low)).quotient : .max
  }
}
