import NIOCore
import UploadCore

/// The rate limits that one connection's reads are under: the server's, which all share, and its own.
struct ReadThrottle: Sendable {
  private let shared: RateLimiter?
  private let own: RateLimiter?

  /// - Parameter rate: of this upload alone, in bytes per second; nil for no limit.
  init(shared: RateLimiter? = nil, rate: UInt64? = nil) {
    self.shared = shared
    own = rate.map { RateLimiter(bytesPerSecond: $0) }
  }

  /// How long to read nothing after `count` bytes have been read.
  func wait(after count: Int, at now: NIODeadline) -> TimeAmount {
    guard shared != nil || own != nil else { return .zero }
    let instant = now.uptimeNanoseconds
    let wait = max(shared?.take(count, at: instant) ?? 0, own?.take(count, at: instant) ?? 0)
    return .nanoseconds(Int64(clamping: wait))
  }
}
