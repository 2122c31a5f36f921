import Synchronization

/// A rate limit that any number of connections share, on any threads. A connection that has moved bytes calls
/// ``take(_:at:)``, and moves no more before the returned time has passed.
///
/// It stores only the instant at which all bytes moved so far are paid for. Each connection waits for that instant
/// after its own last chunk, so that they take turns and a fast one gets no more than a slow one. Without locks and
/// without a clock: the caller passes the time.
package final class RateLimiter: Sendable {
  /// How much unused time before now may still be used, in nanoseconds: timers fire late, and the average must not
  /// suffer.
  private static let slack: UInt64 = 30_000_000
  /// Into how many chunks the bytes of a second are divided. With larger chunks a window of a second would not be
  /// smooth when several connections resume at once. And the TCP window of a slowed sender should contain several
  /// chunks, or some turns would find less than one and be lost (measured at 100 chunks a second: shares of 13 to 18).
  private static let chunksPerSecond: UInt64 = 400

  /// The limit for all connections together; at least 1.
  package let bytesPerSecond: UInt64
  private let paidAt = Atomic<UInt64>(0)

  /// - Parameter bytesPerSecond: the limit for all connections together; 0 counts as 1.
  package init(bytesPerSecond: UInt64) { self.bytesPerSecond = max(1, bytesPerSecond) }

  /// Notes that a connection has moved `count` bytes.
  /// - Parameters:
  ///   - count: a negative one counts as 0.
  ///   - now: nanoseconds of a monotonic clock, the same one for all calls.
  /// - Returns: nanoseconds that this connection must wait before it moves more; 0 for none.
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

  /// The most bytes that a connection should move between two calls of ``take(_:at:)``: a power of two from 1 KiB to 1
  /// MiB. The same for all connections that share the limit, since with turns of different sizes their rates would
  /// differ (measured: 3 to 1).
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
