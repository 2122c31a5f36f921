/// Makes the snapshots of groups: part of the ``Sampler``.
struct GroupSampler {
  /// A group without active files has ended after this time, however many files its sender has stated: longer than a
  /// client pauses between two attempts.
  static let endsAfter = Duration.seconds(60)
  /// The same where the sender has stated no number: a form, whose files end together.
  static let unstatedEndsAfter = Duration.seconds(2)

  /// What the next sample needs of a group.
  private struct History {
    var rate: RateEstimator
    /// See ``GroupSnapshot/bytesSkipped``.
    var skipped: UInt64 = 0
  }

  private var histories: [GroupTallies.Key: History] = [:]

  /// - Parameters:
  ///   - tallies: the counts of ended files.
  ///   - uploads: all uploads at the same instant; ended ones are left out, because the tallies have them.
  ///   - skipped: bytes that the uploads of a group have not moved now, as they continue at an offset.
  ///   - stallAfter: a group without active files counts as stalled after this time.
  /// - Returns: the groups, oldest first.
  mutating func sample(
    _ tallies: GroupTallies,
    _ uploads: [UploadSnapshot],
    _ skipped: [GroupTallies.Key: UInt64],
    stallAfter: Duration,
    at now: ContinuousClock.Instant
  ) -> [GroupSnapshot] {
    guard !tallies.tallies.isEmpty else { return [] }
    var active: [GroupTallies.Key: Active] = [:]
    for upload in uploads where upload.outcome == nil {
      guard let group = upload.group else { continue }
      active[GroupTallies.Key(upload.direction, group.id), default: Active()].add(upload)
    }
    var groups: [(startedAt: ContinuousClock.Instant, snapshot: GroupSnapshot)] = []
    var histories: [GroupTallies.Key: History] = [:]
    for (key, tally) in tallies.tallies {
      var history = self.histories[key] ?? History(rate: RateEstimator(startedAt: tally.startedAt))
      history.rate.skip(skipped[key] ?? 0)
      history.skipped &+= skipped[key] ?? 0
      let files = active[key] ?? Active()
      var group = Self.snapshot(key, tally, files, &history.rate, stallAfter: stallAfter, at: now)
      group.bytesSkipped = history.skipped
      group.limit = tallies.limiters[key]?.bytesPerSecond
      groups.append((tally.startedAt, group))
      histories[key] = history
    }
    // Groups that the ledger has dropped are dropped here.
    self.histories = histories
    return groups.sorted { $0.startedAt < $1.startedAt }.map(\.snapshot)
  }

  /// The files of a group that run.
  private struct Active {
    var count = 0
    var stalled = 0
    var resting = 0
    var paused = 0
    var bytes: UInt64 = 0
    /// Since the last byte of any stalled file, in seconds.
    var stalledSeconds = Double.infinity

    mutating func add(_ upload: UploadSnapshot) {
      count += 1
      if upload.isResting { resting += 1 }
      if upload.state == .paused { paused += 1 }
      if upload.state == .stalled {
        stalled += 1
        stalledSeconds = min(stalledSeconds, upload.stalledSeconds)
      }
      bytes &+= upload.bytes
    }
  }

  private static func snapshot(
    _ key: GroupTallies.Key,
    _ tally: GroupTallies.Tally,
    _ active: Active,
    _ rate: inout RateEstimator,
    stallAfter: Duration,
    at now: ContinuousClock.Instant
  ) -> GroupSnapshot {
    var group = GroupSnapshot(
      direction: key.direction,
      id: key.id,
      name: tally.group.name,
      remote: tally.remote,
      mode: tally.mode,
      sender: tally.sender,
      files: tally.statedFiles,
      bytes: tally.group.bytes,
      filesFinished: tally.finished,
      filesFailed: tally.failed,
      filesCancelled: tally.cancelled,
      filesActive: active.count,
      filesStalled: active.stalled,
      filesResting: active.resting,
      filesPaused: active.paused,
      bytesFinished: tally.finishedBytes,
      bytesMoved: tally.finishedBytes &+ active.bytes
    )
    let idle = now - tally.changedAt
    // Of an incoming one without files the client may be gone for good.
    group.isPaused = tally.isPaused && !tally.isClosed && (key.direction == .outgoing || active.count > 0)
    group.hasEnded = active.count == 0 && !group.isPaused && tally.isOver(at: now)
    if let bytes = group.bytes, bytes < group.bytesMoved { group.bytes = group.hasEnded ? group.bytesMoved : nil }
    group.isCancelled = tally.isCancelled || group.hasEnded && tally.isDiscarded
    rate.sample(group.bytesMoved, at: now)
    let end = active.count == 0 ? tally.changedAt : now
    group.seconds = max(0, (end - tally.startedAt).inSeconds)
    guard !group.hasEnded else { return group }
    if group.isPaused {
      // What still moves are files that cannot be paused.
    } else if active.count == 0 {
      group.stalledSeconds = idle >= stallAfter ? idle.inSeconds : 0
    } else if active.count == active.stalled {
      group.stalledSeconds = active.stalledSeconds
    }
    // The mean of the last seconds is above 0 long after the last byte.
    guard !group.isStalled, !group.isResting else { return group }
    group.speed = rate.bytesPerSecond
    group.eta = Sampler.eta(bytes: group.bytesMoved, size: group.bytes, speed: group.speed, seconds: group.seconds)
    return group
  }
}
