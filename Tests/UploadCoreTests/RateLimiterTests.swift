import Testing
import UploadCore

/// The limiter with times that the tests choose.
@Suite struct RateLimiterTests {
  private static let second: UInt64 = 1_000_000_000

  /// Runs `takers` connections that always have more to move, for `seconds` of simulated time.
  /// - Parameters:
  ///   - rate: in bytes per second.
  ///   - lateness: how many nanoseconds a timer may be late.
  ///   - chunk: how many bytes a connection moves at once, by its number.
  /// - Returns: what was moved: when, in nanoseconds, by which connection, and how many bytes.
  private func run(
    rate: UInt64,
    takers: Int,
    seconds: UInt64,
    lateness: UInt64 = 0,
    chunk: (Int) -> Int
  ) -> [(at: UInt64, taker: Int, count: Int)] {
    let limiter = RateLimiter(bytesPerSecond: rate)
    var ready = [UInt64](repeating: 5 * Self.second, count: takers)
    var taken: [(at: UInt64, taker: Int, count: Int)] = []
    let end = (5 + seconds) * Self.second
    var turn: UInt64 = 0
    var begun: Set<Int> = []
    while let taker = ready.indices.min(by: { ready[$0] < ready[$1] }), ready[taker] < end {
      turn += 1
      let now = ready[taker]
      // As connections do: the first chunk is small, since many may begin at once.
      let count = begun.insert(taker).inserted ? min(1024, chunk(taker)) : chunk(taker)
      taken.append((now, taker, count))
      let wait = limiter.take(count, at: now)
      ready[taker] = now + (wait > 0 ? wait + (lateness > 0 ? turn * 7919 % lateness : 0) : 1)
    }
    return taken
  }

  @Test(arguments: [50_000, 1_000_000, 10_000_000, 1_000_000_000] as [UInt64], [1, 3, 20])
  func `connections that share a limiter reach its rate over ten seconds, and hardly exceed it in any second`(
    rate: UInt64,
    takers: Int
  ) {
    let size = RateLimiter(bytesPerSecond: rate).chunkSize
    let taken = run(rate: rate, takers: takers, seconds: 10, lateness: 3_000_000) { _ in size }
    let total = taken.reduce(0) { $0 + $1.count }
    #expect(abs(Double(total) / Double(rate * 10) - 1) < 0.05)
    var first = taken.startIndex
    var window = 0
    var most = 0
    for index in taken.indices {
      window += taken[index].count
      while taken[index].at - taken[first].at >= Self.second {
        window -= taken[first].count
        first += 1
      }
      most = max(most, window)
    }
    // 20 takers at 50 kB/s are below the smallest chunk: 20 chunks of 1 KiB may be moved at once.
    #expect(Double(most) < 1.2 * Double(rate) + Double(rate == 50_000 && takers == 20 ? 20 * 1024 : 0))
  }

  @Test func `four connections that share a limiter move equally many bytes, up to one chunk`() {
    let taken = run(rate: 1_000_000, takers: 4, seconds: 20) { _ in 8192 }
    let shares = (0..<4).map { taker in taken.filter { $0.taker == taker }.reduce(0) { $0 + $1.count } }
    #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= 8192)
  }

  @Test func `after an idle hour only 30 ms of unused time allow bytes without waiting`() {
    let limiter = RateLimiter(bytesPerSecond: 1000)
    _ = limiter.take(1000, at: Self.second)
    // An hour later: all that is forgiven is the slack of 30 ms.
    let later = 3600 * Self.second
    #expect(limiter.take(1000, at: later) == 970_000_000)
    #expect(limiter.take(1000, at: later) == 1_970_000_000)
  }

  @Test func `limits, counts and times of any size do not trap`() {
    #expect(RateLimiter(bytesPerSecond: 0).bytesPerSecond == 1)
    let slow = RateLimiter(bytesPerSecond: 1)
    #expect(slow.take(.max, at: .max) > 0 || slow.take(.max, at: 0) == .max)
    #expect(slow.take(-5, at: 0) >= 0)
    #expect(RateLimiter(bytesPerSecond: .max).take(1 << 40, at: 0) <= 1000)
    #expect(slow.chunkSize == 1024)
    #expect(RateLimiter(bytesPerSecond: .max).chunkSize == 1 << 20)
  }

  @Test func `a changed limit applies at once, and what was moved before counts no more`() {
    let limiter = RateLimiter(bytesPerSecond: 1000)
    #expect(
      limiter.take(60_000, at: Self.second) > 59 * Self.second && limiter.wait(at: Self.second) > 59 * Self.second
    )
    limiter.change(to: 2000)
    #expect(limiter.bytesPerSecond == 2000 && limiter.wait(at: Self.second) == 0)
    #expect(limiter.take(2000, at: 2 * Self.second) == 970_000_000)
    #expect(limiter.wait(at: 2 * Self.second + 970_000_000) == 0)
    limiter.change(to: 0)
    #expect(limiter.bytesPerSecond == 1)
  }

  @Test func `without a limit nothing waits, and chunks are as large as they can be`() {
    let limiter = RateLimiter(bytesPerSecond: nil)
    #expect(limiter.bytesPerSecond == nil && limiter.take(.max, at: 5) == 0 && limiter.wait(at: 5) == 0)
    #expect(limiter.chunkSize == 1 << 20)
    limiter.change(to: 1000)
    #expect(limiter.take(1000, at: Self.second) == 970_000_000 && limiter.chunkSize == 1024)
    limiter.change(to: nil)
    #expect(limiter.wait(at: Self.second) == 0)
  }
}
