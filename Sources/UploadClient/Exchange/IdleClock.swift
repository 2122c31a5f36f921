import NIOCore

/// Tells for how long a count has stood still, from looks at it now and then.
struct IdleClock {
  private var last: (count: UInt64, since: NIODeadline)?

  /// Notes `count` as seen at `now`.
  /// - Returns: how long it has been this value, as far as this clock has seen; zero at the first look.
  mutating func look(at count: UInt64, now: NIODeadline) -> TimeAmount {
    guard let last, last.count == count else {
      last = (count, now)
      return .zero
    }
    return now - last.since
  }
}
