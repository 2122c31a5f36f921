import NIOCore

/// Decides when more of a body may be read: as rate limits permit, and while the user has paused the upload only now and
/// then. A pure state machine; the caller passes the event loop's time.
///
/// A paused upload is not stopped completely, or its client and the proxies before it would time out: they count the
/// bytes that their socket accepts. Linux wakes a sender that waits for room only when a third of its send buffer is
/// free, of up to 4 MiB by default. So the server reads 128 KiB every 2 s: within 30 s, the shortest usual timeout,
/// that is more than such a third. Between two reads TCP itself tells the sender that the server has no room.
struct ReadThrottle {
  /// How often something of a paused upload is read.
  static let trickleInterval = TimeAmount.seconds(2)
  /// How much is then read, in bytes, in as many reads as that takes.
  static let trickleSize = 128 * 1024
  /// The longest time of these reads: a slow client is not read all the time.
  private static let trickleTime = TimeAmount.milliseconds(500)

  /// Whether the user has paused the upload.
  private(set) var isPaused = false
  /// When the server's own limits permit the next read; nil when they do.
  private var limitEnd: NIODeadline?
  /// When the limits that the user has set permit it; nil when they do.
  private var userLimitEnd: NIODeadline?
  /// When something is read although the upload is paused; nil when that is due.
  private var trickleAt: NIODeadline?
  /// How much has been read since that was due, and when the first of it.
  private var trickled: (count: Int, since: NIODeadline)?

  /// Whether a read is permitted.
  var isOpen: Bool { !isLimited && (!isPaused || trickleAt == nil) }

  /// Whether a rate limit blocks reads.
  var isLimited: Bool { limitEnd != nil || userLimitEnd != nil }

  /// When to call ``advance(to:)`` next; nil while only other events change something.
  var deadline: NIODeadline? { [limitEnd, userLimitEnd, isPaused ? trickleAt : nil].compactMap { $0 }.min() }

  /// Notes that `count` bytes were read.
  /// - Parameters:
  ///   - limit: the time that the server's own limits require before the next read; zero for none.
  ///   - userLimit: the same for the limits that the user has set.
  mutating func noteRead(_ count: Int, limit: TimeAmount, userLimit: TimeAmount, at now: NIODeadline) {
    if limit > .zero { limitEnd = now + limit }
    changeUserLimit(wait: userLimit, at: now)
    guard isPaused, trickleAt == nil else { return }
    let (sum, since) = ((trickled?.count ?? 0) + max(0, count), trickled?.since ?? now)
    trickled = (sum, since)
    guard sum >= Self.trickleSize || now - since >= Self.trickleTime else { return }
    (trickleAt, trickled) = (since + Self.trickleInterval, nil)
  }

  /// Notes that the user has changed a limit.
  /// - Parameter wait: the time before the next read from now on; zero for none.
  mutating func changeUserLimit(wait: TimeAmount, at now: NIODeadline) {
    userLimitEnd = wait > .zero ? now + wait : nil
  }

  /// Notes that the user has paused the upload, or continues it.
  mutating func setPaused(_ isPaused: Bool, at now: NIODeadline) {
    guard isPaused != self.isPaused else { return }
    self.isPaused = isPaused
    (trickleAt, trickled) = (isPaused ? now + Self.trickleInterval : nil, nil)
  }

  /// Time has passed.
  mutating func advance(to now: NIODeadline) {
    if let limitEnd, now >= limitEnd { self.limitEnd = nil }
    if let userLimitEnd, now >= userLimitEnd { self.userLimitEnd = nil }
    if let trickleAt, now >= trickleAt { self.trickleAt = nil }
  }
}
