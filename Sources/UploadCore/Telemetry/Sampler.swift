/// Makes snapshots of the ledger's meters: the only place where current speeds, remaining times and stalls are
/// computed.
///
/// A renderer requests a sample as often as it draws. Use one sampler per ledger: each ended upload and each rejected
/// request is in one snapshot only.
package struct Sampler {
  /// An upload's values from the last sample that the next one needs.
  private struct History {
    var rate: RateEstimator
    var bytes: UInt64 = 0
    var movedAt: ContinuousClock.Instant
    /// Transferred bytes that ``bytes`` does not include; changes when an attempt fails, and when a resumable upload
    /// continues at an offset.
    var lost: UInt64 = 0
    /// The group that these bytes count for.
    var group: GroupTallies.Key?
  }

  /// An incoming resumable upload counts as interrupted only from this time without a request on: a client that sends
  /// it in several requests has shorter gaps.
  private static let shortestInterruption = Duration.milliseconds(100)

  private let ledger: UploadLedger
  private let stallAfter: Duration
  private let slabUse: @Sendable () -> SlabUse
  private let memory: @Sendable () -> ProcessMemory
  private var histories: [UploadID: History] = [:]
  private var groups = GroupSampler()
  /// How many bytes the uploads of each group have skipped in this sample, as they continue at an offset.
  private var skipped: [GroupTallies.Key: UInt64] = [:]
  private var downloadSpeed = DownloadSpeed()

  /// - Parameters:
  ///   - stallAfter: an upload of which no byte has moved for this time counts as stalled, unless it is storing its
  ///     file or waits for its next attempt.
  ///   - slabUse: reads the use of the memory budget; called for each sample.
  ///   - memory: reads the memory of the process; called for each sample.
  package init(
    ledger: UploadLedger,
    stallAfter: Duration,
    slabUse: @escaping @Sendable () -> SlabUse,
    memory: @escaping @Sendable () -> ProcessMemory = { ProcessMemory.current() }
  ) {
    self.ledger = ledger
    self.stallAfter = stallAfter
    self.slabUse = slabUse
    self.memory = memory
  }

  /// Makes a snapshot of the ledger's uploads, without queued ones, and removes the ended ones and the rejections to be
  /// reported now from the ledger. Rates and stalls are relative to the earlier samples.
  /// - Parameter now: not earlier than in the previous call.
  package mutating func sample(at now: ContinuousClock.Instant = .now) -> Snapshot {
    let (active, ended, tallies) = ledger.drainWithGroups()
    skipped = [:]
    // An upload that ends between the drain and here is returned as ended by the next drain; until then it runs.
    var uploads = active.map { upload(of: $0, ended: nil, at: now) }
    for meter in ended {
      uploads.append(upload(of: meter, ended: meter.ended, at: now))
      histories[meter.id] = nil
    }
    // The ledger drops ended uploads that are not drained in time; their history is dropped here.
    if histories.count > active.count {
      let running = Set(active.lazy.map(\.id))
      histories = histories.filter { running.contains($0.key) }
    }
    var snapshot = Snapshot(
      at: now,
      uploads: uploads,
      memory: memory(),
      slabs: slabUse(),
      rejected: ledger.drainRejected(at: now),
      hasUnreportedRejections: ledger.hasUnreportedRejections,
      rejectedCount: ledger.rejectedCount
    )
    snapshot.groups = groups.sample(tallies, uploads, skipped, stallAfter: stallAfter, at: now)
    snapshot.finished = ledger.finished
    snapshot.endedDownloads = ledger.downloads.drain()
    snapshot.downloads = downloadSpeed.sample(ledger.downloads.totals, at: now)
    return snapshot
  }

  private mutating func upload(
    of meter: UploadMeter,
    ended: (outcome: UploadOutcome, at: ContinuousClock.Instant)?,
    at now: ContinuousClock.Instant
  ) -> UploadSnapshot {
    let (bytes, transferred) = meter.counts
    let life = meter.lifeReading
    let group = life.group.map { GroupTallies.Key(meter.direction, $0.id) }
    let new = History(rate: RateEstimator(startedAt: meter.startedAt), movedAt: meter.startedAt)
    // The history of one that has ended is not kept. That of others changes in place: a thousand do so ten times a second.
    var last = ended == nil ? new : histories[meter.id] ?? new
    let (movedAt, rate) =
      ended == nil
      ? Self.update(&histories[meter.id, default: new], of: meter, bytes, transferred, group, &skipped, at: now)
      : Self.update(&last, of: meter, bytes, transferred, group, &skipped, at: now)

    let seconds = max(0, ((ended?.at ?? now) - meter.startedAt).inSeconds)
    var (state, cause) = Self.state(of: meter, outcome: ended?.outcome, idle: now - movedAt, limit: stallAfter)
    let wait = ended == nil ? life.wait : nil
    var interruption = ended == nil ? life.interruption : nil
    if state == .interrupted, let since = interruption?.since, now - since < Self.shortestInterruption {
      (state, interruption) = (.waiting, nil)
    }
    // The mean of the last seconds is above 0 long after the last byte.
    let speed = ended == nil && Self.movesBytes(state) ? rate : 0
    let isConfirmed = meter.direction == .incoming || ended != nil
    return UploadSnapshot(
      facts: meter.facts,
      mode: meter.mode,
      size: life.size,
      detectedType: meter.detectedType,
      group: life.group,
      state: state,
      cause: cause,
      retryReason: wait?.reason,
      notice: meter.notice,
      attempt: life.attempt,
      retryIn: wait.map { max(0, ($0.until - now).inSeconds) },
      interruptedSeconds: interruption.map { max(0, (now - $0.since).inSeconds) },
      expiresIn: interruption.map { max(0, ($0.expires - now).inSeconds) },
      isPausedWhileInterrupted: interruption != nil && life.isPaused,
      canPause: ended == nil && life.canPause,
      limit: meter.limit,
      stalledSeconds: cause == nil ? 0 : (now - movedAt).inSeconds,
      bytes: bytes,
      stored: isConfirmed ? meter.stored : nil,
      durable: isConfirmed ? meter.durable : nil,
      parts: meter.parts,
      speed: speed,
      averageSpeed: seconds > 0 ? Double(min(bytes, transferred)) / seconds : 0,
      eta: ended == nil && cause == nil
        ? Self.eta(bytes: bytes, size: life.size, speed: speed, seconds: seconds) : nil,
      seconds: seconds,
      residentBytes: ended == nil ? meter.residentBytes : 0,
      peakResidentBytes: meter.peakResidentBytes,
      outcome: ended?.outcome,
      time: meter.time(at: now),
      link: meter.link
    )
  }

  /// Updates the history of an upload with its counts.
  /// - Returns: when its last byte has moved, and its rate in bytes per second.
  private static func update(
    _ history: inout History,
    of meter: UploadMeter,
    _ bytes: UInt64,
    _ transferred: UInt64,
    _ group: GroupTallies.Key?,
    _ skipped: inout [GroupTallies.Key: UInt64],
    at now: ContinuousClock.Instant
  ) -> (movedAt: ContinuousClock.Instant, rate: Double) {
    // What it had moved in another group was not moved by this one.
    if let group, group != history.group { skipped[group, default: 0] &+= history.bytes }
    history.group = group
    // At a new offset: what was stored before does not count as moved now.
    if bytes > history.bytes, transferred &- bytes != history.lost {
      history.rate.skip(to: bytes, at: now)
      if let group { skipped[group, default: 0] &+= bytes - history.bytes }
    } else {
      history.rate.sample(bytes, at: now)
    }
    if bytes != history.bytes { (history.bytes, history.movedAt) = (bytes, now) }
    history.lost = transferred &- bytes
    // A stall begins, at the earliest, when the upload continues.
    if meter.isResting { history.movedAt = now }
    return (history.movedAt, history.rate.bytesPerSecond)
  }

  /// Whether bytes may be moving in a state, so that there is a speed.
  private static func movesBytes(_ state: UploadState) -> Bool {
    switch state {
    case .receiving, .sending, .waitingForMemory, .limited, .finishing: true
    case .waiting, .stalled, .interrupted, .paused, .done, .failed, .cancelled: false
    }
  }

  /// The estimated time until the last byte, in seconds, at least 1.
  /// - Parameters:
  ///   - bytes: moved so far.
  ///   - speed: in bytes per second.
  ///   - seconds: since the upload began.
  /// - Returns: nil in the first second, when the size is unknown or reached, and at less than 1 byte per second.
  static func eta(bytes: UInt64, size: UInt64?, speed: Double, seconds: Double) -> Double? {
    guard let size, size > bytes, seconds >= 1, speed >= 1 else { return nil }
    return max(1, Double(size - bytes) / speed)
  }

  /// What an upload is doing, from its phase and from how long no byte has moved; the cause is nil unless it is
  /// stalled.
  /// - Parameters:
  ///   - outcome: how it ended, which decides alone; nil while it runs.
  ///   - idle: the time since the last byte moved.
  ///   - limit: from this idle time on the upload counts as stalled, unless its phase is `finishing` or `pause`, or it
  ///     is interrupted or paused.
  package static func state(
    of meter: UploadMeter,
    outcome: UploadOutcome?,
    idle: Duration,
    limit: Duration
  ) -> (UploadState, StallCause?) {
    switch outcome {
    case .finished: return (.done, nil)
    case .failed: return (.failed, nil)
    case .cancelled: return (.cancelled, nil)
    case nil: break
    }
    let stalled = idle >= limit
    let moving: UploadState = meter.direction == .incoming ? .receiving : .sending
    let peer: StallCause = meter.direction == .incoming ? .client : .server
    switch meter.phase {
    case .finishing: return (.finishing, nil)
    case .response: return stalled ? (.stalled, .server) : (.finishing, nil)
    case .pause: return (.waiting, nil)
    case .interrupted: return (.interrupted, nil)
    case .userPause: return (.paused, nil)
    case .waiting: return stalled ? (.stalled, peer) : (.waiting, nil)
    case .connecting: return stalled ? (.stalled, .network) : (.waiting, nil)
    case .network: return stalled ? (.stalled, .network) : (moving, nil)
    case .peer: return stalled ? (.stalled, peer) : (moving, nil)
    case .disk: return stalled ? (.stalled, .disk) : (moving, nil)
    case .store: return stalled ? (.stalled, .store) : (moving, nil)
    case .input: return stalled ? (.stalled, .input) : (moving, nil)
    case .memory: return stalled ? (.stalled, .memory) : (.waitingForMemory, nil)
    case .limit: return stalled ? (.stalled, .limit) : (.limited, nil)
    }
  }
}
