import Synchronization

/// A rate limit that any number of connections share, on any threads, and that can be changed while they move bytes. A
/// connection that has moved bytes calls ``take(_:at:)``, and moves no more before the returned time has passed.
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

  /// In bytes per second; 0 for no limit.
  private let rate: Atomic<UInt64>
  private let paidAt = Atomic<UInt64>(0)

  /// - Parameter bytesPerSecond: the limit for all connections together; 0 counts as 1, nil is no limit for now.
  package init(bytesPerSecond: UInt64?) { rate = Atomic(Self.stored(bytesPerSecond)) }

  /// The limit for all connections together, at least 1; nil for none.
  package var bytesPerSecond: UInt64? {
    let rate = rate.load(ordering: .relaxed)
    return rate > 0 ? rate : nil
  }

  /// Changes the limit. What was moved before counts no more: a connection that waits because of it need not wait
  /// longer than ``wait(at:)``.
  /// - Parameter bytesPerSecond: 0 counts as 1, nil is no limit.
  package func change(to bytesPerSecond: UInt64?) {
    rate.store(Self.stored(bytesPerSecond), ordering: .relaxed)
    paidAt.store(0, ordering: .relaxed)
  }

  private static func stored(_ bytesPerSecond: UInt64?) -> UInt64 { bytesPerSecond.map { max(1, $0) } ?? 0 }

  /// Notes that a connection has moved `count` bytes.
  /// - Parameters:
  ///   - count: a negative one counts as 0.
  ///   - now: nanoseconds of a monotonic clock, the same one for all calls.
  /// - Returns: nanoseconds that this connection must wait before it moves more; 0 for none.
  package func take(_ count: Int, at now: UInt64) -> UInt64 {
    let rate = rate.load(ordering: .relaxed)
    guard rate > 0 else { return 0 }
    let cost = Self.cost(of: count, rate)
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

  /// Nanoseconds until all bytes moved so far are paid for; 0 for none.
  /// - Parameter now: as for ``take(_:at:)``.
  package func wait(at now: UInt64) -> UInt64 {
    let paid = paidAt.load(ordering: .relaxed)
    return bytesPerSecond != nil && paid > now ? paid - now : 0
  }

  /// The most bytes that a connection should move between two calls of ``take(_:at:)``: a power of two from 1 KiB to 1
  /// MiB. The same for all connections that share the limit, since with turns of different sizes their rates would
  /// differ (measured: 3 to 1).
  package var chunkSize: Int {
    let share = (bytesPerSecond ?? .max) / Self.chunksPerSecond
    var size = 1024
    while size < 1024 * 1024, UInt64(2 * size) <= share { size *= 2 }
    return size
  }

  private static func cost(of count: Int, _ rate: UInt64) -> UInt64 {
    let (high, low) = UInt64(max(0, count)).multipliedFullWidth(by: 1_000_000_000)
    return high < rate ? rate.dividingFullWidth((high, low)).quotient : .max
  }
}
