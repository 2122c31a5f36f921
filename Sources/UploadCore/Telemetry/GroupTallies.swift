/// The groups of the ledger's uploads, with the counts of their ended files. Part of the ledger's state, under its lock.
///
/// Bounded: where there are ``limit`` groups, the one that ended first makes room for a new one. While all of them have
/// running files, further groups are not counted, and their files are uploads like any others.
struct GroupTallies: Sendable {
  /// Names a group: a client that sends to its own process has the same group in both directions.
  struct Key: Hashable, Sendable {
    let direction: UploadDirection
    let id: String

    init(_ direction: UploadDirection, _ id: String) { (self.direction, self.id) = (direction, id) }

    /// The key of a meter's group; nil without one.
    init?(_ meter: UploadMeter) {
      guard let group = meter.group else { return nil }
      self.init(meter.direction, group.id)
    }
  }

  /// The counts of one group.
  struct Tally: Sendable {
    let group: UploadGroup
    /// Peer, mode and sender of its first file.
    let remote: String
    let mode: UploadMode
    let sender: String?
    /// When its first file began.
    let startedAt: ContinuousClock.Instant
    /// When a file began or ended last.
    var changedAt: ContinuousClock.Instant
    /// Files that have begun and not ended.
    var running = 0
    var finished: UInt64 = 0
    var failed: UInt64 = 0
    var cancelled: UInt64 = 0
    /// The sizes of all finished files together, in bytes.
    var finishedBytes: UInt64 = 0
    /// Whether no further file begins, as the sender in this process knows.
    var isClosed = false
    /// Whether it was closed because the user has cancelled it.
    var isCancelled = false
    /// Whether the user has paused it as a whole.
    var isPaused = false
    /// Whether the user has cancelled the file that has ended last, an incoming one, and none has begun since.
    var isDiscarded = false

    /// The number of files that the sender states; nil where it does not, and where more are complete, or one has begun of
    /// none: a wrong number is worse than none. Files that failed may have been sent again.
    var statedFiles: UInt64? {
      group.files.flatMap { $0 >= max(1, finished) ? $0 : nil }
    }

    /// Whether no further file is expected, unless one runs or the user has paused the group.
    func isOver(at now: ContinuousClock.Instant) -> Bool {
      guard !isClosed, !isDiscarded else { return true }
      let idle = now - changedAt
      guard let files = statedFiles else { return idle >= GroupSampler.unstatedEndsAfter }
      return finished &+ failed &+ cancelled >= files || idle >= GroupSampler.endsAfter
    }
  }

  /// The most groups that are counted.
  static let limit = 64

  private(set) var tallies: [Key: Tally] = [:]
  /// The limits that the user has set on the rate of groups, which all files of each share; at most ``limit``.
  private(set) var limiters: [Key: RateLimiter] = [:]

  /// Counts a file that begins, or continues, in its group.
  mutating func begin(_ meter: UploadMeter, at instant: ContinuousClock.Instant) {
    guard let key = Key(meter) else { return }
    change(key, of: meter, at: instant) { tally in
      tally.running += 1
      tally.isDiscarded = false
    }
  }

  /// Counts a running file no more: it continues in another group. A group of which nothing is left is removed.
  mutating func leave(_ meter: UploadMeter) {
    guard let key = Key(meter), var tally = tallies[key] else { return }
    tally.running = max(0, tally.running - 1)
    let isEmpty = tally.running == 0 && tally.finished == 0 && tally.failed == 0 && tally.cancelled == 0
    tallies[key] = isEmpty ? nil : tally
    if isEmpty { limiters[key] = nil }
  }

  /// Counts the end of a file.
  /// - Parameter hasBegun: whether ``begin(_:)`` was called for it.
  mutating func end(
    _ meter: UploadMeter,
    _ outcome: UploadOutcome,
    hasBegun: Bool,
    at instant: ContinuousClock.Instant
  ) {
    guard let key = Key(meter) else { return }
    change(key, of: meter, at: instant, since: meter.startedAt) { tally in
      tally.isDiscarded = false
      // Not below 0: the group of a file may have been counted only after that began.
      if hasBegun { tally.running = max(0, tally.running - 1) }
      switch outcome {
      case .finished(let upload):
        tally.finished &+= 1
        tally.finishedBytes &+= upload.bytes
      case .failed: tally.failed &+= 1
      case .cancelled:
        tally.cancelled &+= 1
        tally.isDiscarded = meter.direction == .incoming && meter.isDiscarded
      }
    }
  }

  /// Notes that no further file of a group begins. Ignored for one that is not counted.
  mutating func close(_ key: Key, isCancelled: Bool) {
    tallies[key]?.isClosed = true
    tallies[key]?.isCancelled = isCancelled
  }

  /// Notes that the user has paused a group as a whole, or continues it.
  /// - Returns: false for a group that is not counted, or of which no further file begins.
  mutating func setPaused(_ key: Key, _ isPaused: Bool, at instant: ContinuousClock.Instant) -> Bool {
    guard var tally = tallies[key], !tally.isClosed else { return false }
    tally.isPaused = isPaused
    // A stall begins, at the earliest, when it continues.
    tally.changedAt = max(tally.changedAt, instant)
    tallies[key] = tally
    return true
  }

  /// Limits the rate of a group as a whole, also of one that is not counted yet.
  /// - Parameter bytesPerSecond: nil to remove the limit.
  /// - Returns: what all of its files share; nil when too many groups have a limit.
  mutating func setLimit(_ key: Key, _ bytesPerSecond: UInt64?) -> RateLimiter? {
    if limiters[key] == nil {
      limiters = limiters.filter { tallies[$0.key] != nil || $0.value.bytesPerSecond != nil }
      guard limiters.count < Self.limit else { return nil }
      limiters[key] = RateLimiter(bytesPerSecond: nil)
    }
    limiters[key]?.change(to: bytesPerSecond)
    return limiters[key]
  }

  /// What the files of a meter's group share because of a limit; nil without one.
  func limiter(of meter: UploadMeter) -> RateLimiter? { Key(meter).flatMap { limiters[$0] } }

  /// Whether the user has paused the group of a meter as a whole.
  func isPaused(_ meter: UploadMeter) -> Bool { Key(meter).flatMap { tallies[$0]?.isPaused } ?? false }

  /// - Parameter start: when a group begins that is not counted yet; nil for `instant`.
  private mutating func change(
    _ key: Key,
    of meter: UploadMeter,
    at instant: ContinuousClock.Instant,
    since start: ContinuousClock.Instant? = nil,
    _ change: (inout Tally) -> Void
  ) {
    if tallies[key] == nil {
      guard let group = meter.group, makeRoom() else { return }
      tallies[key] = Tally(
        group: group,
        remote: meter.remote,
        mode: meter.mode,
        sender: meter.sender,
        startedAt: start ?? instant,
        changedAt: instant
      )
    }
    guard var tally = tallies[key] else { return }
    tally.changedAt = max(tally.changedAt, instant)
    change(&tally)
    tallies[key] = tally
  }

  /// - Returns: false when all places are taken by groups with running files.
  private mutating func makeRoom() -> Bool {
    guard tallies.count >= Self.limit else { return true }
    let ended = tallies.filter { $0.value.running == 0 && !$0.value.isPaused }
    guard let oldest = ended.min(by: { $0.value.changedAt < $1.value.changedAt }) else { return false }
    tallies[oldest.key] = nil
    limiters[oldest.key] = nil
    return true
  }
}
