import Synchronization

/// All uploads of the process: the running ones, and those that ended since the last ``drain()``. And the requests that
/// were rejected before an upload began. Callable from any thread.
///
/// Locked once at the start and once at the end of an upload, and a few times per sample; never on the byte path.
package final class UploadLedger: Sendable {
  /// Counts for one direction since the ledger was made.
  package struct Totals: Sendable, Equatable {
    package var started: UInt64 = 0
    package var finished: UInt64 = 0
    package var failed: UInt64 = 0
    package var cancelled: UInt64 = 0
    /// Bytes moved by all uploads that have ended, in all their attempts.
    package var transferredBytes: UInt64 = 0
    /// The sizes, in bytes, of the files of all finished uploads together.
    package var finishedBytes: UInt64 = 0
    /// How all uploads that have ended spent their time, without those of which it is not counted.
    package var time = TimeShares()

    /// How many uploads run: those started that have not ended.
    package var active: Int { Int(clamping: started &- finished &- failed &- cancelled) }

    /// All zero.
    package init() {}

    /// Counts the end of an upload that moved `transferred` bytes in all its attempts.
    fileprivate mutating func note(_ outcome: UploadOutcome, transferred: UInt64, time: TimeShares?) {
      if let time { self.time += time }
      // Wrapping, since a server's response may state any size: a wrong count does less harm than a trap.
      transferredBytes &+= transferred
      switch outcome {
      case .finished(let upload):
        finished += 1
        finishedBytes &+= upload.bytes
      case .failed: failed += 1
      case .cancelled: cancelled += 1
      }
    }
  }

  private struct State {
    var active: [UploadID: UploadMeter] = [:] {
      didSet { ordered = nil }
    }
    /// ``active``, oldest first; nil after a change. Ten times a second most samples find the same uploads.
    private var ordered: [UploadMeter]?
    var ended: [UploadMeter] = []
    var totals: [UploadDirection: Totals] = [:]
    var groups = GroupTallies()
    /// How often an interrupted or paused upload has continued or ended.
    var continued: UInt64 = 0

    /// The running uploads, oldest first.
    mutating func oldestFirst() -> [UploadMeter] {
      if let ordered { return ordered }
      let meters = Array(active.values)
      // Sorts without moving references: counting these took longer than the rest of a sample of a thousand uploads.
      let order = meters.indices.map { (startedAt: meters[$0].startedAt, index: $0) }
      let sorted = order.sorted { $0.startedAt < $1.startedAt }.map { meters[$0.index] }
      ordered = sorted
      return sorted
    }
  }

  /// The action of ``onActivity(_:)``.
  ///
  /// A structure around the closure, since a `Mutex` whose value is a closure wraps it once more on each access: after
  /// 150,000 uploads a call was 150,000 frames deep, and with more it would have overflowed the stack.
  private struct Observer {
    var action: (@Sendable () -> Void)?
  }

  /// How many ended uploads are kept for ``drain()``; beyond it the older half is dropped.
  private static let endedLimit = 65_536

  private let state = Mutex(State())
  /// Under a lock of their own: a flood of rejected requests must not delay uploads.
  private let rejections = Mutex(RejectionTally())
  private let observer = Mutex(Observer())
  /// What ``raised(_:)`` has returned last.
  private let highestTimes = Mutex<[UploadDirection: TimeShares]>([:])
  /// Whether the user has ever paused or limited a group.
  private let controlledGroups = Atomic<Bool>(false)
  /// The downloads, which are counted apart from uploads.
  package let downloads = DownloadLedger()

  package init() {}

  /// Sets the action that is called when an upload begins, when an interrupted or paused one continues or ends, when a
  /// rejected request is to be reported at once, when the first download since a sample begins, and by
  /// ``noteActivity()``, so that an observer need not sample while nothing runs. Other ends do not call it: sample as long as uploads run. It replaces an earlier action, is called
  /// on any thread, and must not block.
  package func onActivity(_ action: @escaping @Sendable () -> Void) {
    observer.withLock { $0.action = action }
  }

  /// Calls the action of ``onActivity(_:)``, if there is one. The ledger itself calls this when there is something new.
  package func noteActivity() { observer.withLock { $0.action }?() }

  /// Adds an upload to the running ones and calls the action of ``onActivity(_:)``. Call it once per meter, before
  /// ``end(_:_:at:)``.
  package func begin(_ meter: UploadMeter) {
    meter.onContinue { [weak self] in self?.noteContinued() }
    let isPaused = state.withLock { state in
      state.active[meter.id] = meter
      state.totals[meter.direction, default: Totals()].started += 1
      state.groups.begin(meter, at: meter.startedAt)
      if let limiter = state.groups.limiter(of: meter) { meter.setGroupLimiter(limiter) }
      return state.groups.isPaused(meter)
    }
    if isPaused { meter.requestPause(true) }
    noteActivity()
  }

  /// Adds uploads as ``begin(_:)`` does, whose content has arrived completely: they are never interrupted nor paused.
  package func begin(complete meters: [UploadMeter]) {
    state.withLock { state in
      for meter in meters {
        state.active[meter.id] = meter
        state.totals[meter.direction, default: Totals()].started += 1
        state.groups.begin(meter, at: meter.startedAt)
      }
    }
    noteActivity()
  }

  private func noteContinued() {
    state.withLock { $0.continued &+= 1 }
    noteActivity()
  }

  /// Moves an upload from the running ones to the ended ones. One for which ``begin(_:)`` was not called, because it
  /// failed before, counts as started too. A second end is ignored.
  package func end(_ meter: UploadMeter, _ outcome: UploadOutcome, at instant: ContinuousClock.Instant = .now) {
    let isResting = meter.isResting
    guard meter.end(outcome, at: instant) else { return }
    defer { if isResting { noteContinued() } }
    let time = meter.time(at: instant)
    state.withLock { state in
      let hasBegun = state.active.removeValue(forKey: meter.id) != nil
      if !hasBegun {
        state.totals[meter.direction, default: Totals()].started += 1
      }
      state.totals[meter.direction, default: Totals()].note(outcome, transferred: meter.transferred, time: time)
      state.groups.end(meter, outcome, hasBegun: hasBegun, at: instant)
      if state.ended.count >= Self.endedLimit { state.ended.removeFirst(Self.endedLimit / 2) }
      state.ended.append(meter)
    }
  }

  /// Moves a running upload to another group, since another run of the sender continues it: its bytes and its end count
  /// there. Ignored for an upload that has ended or belongs to that group.
  package func move(_ meter: UploadMeter, to group: UploadGroup, at instant: ContinuousClock.Instant = .now) {
    state.withLock { state in
      guard state.active[meter.id] != nil, meter.group?.id != group.id else { return }
      state.groups.leave(meter)
      meter.setGroup(group)
      state.groups.begin(meter, at: instant)
      if let limiter = state.groups.limiter(of: meter) { meter.setGroupLimiter(limiter) }
    }
  }

  /// Pauses a group as a whole, or continues it: its files as far as they can be paused, those that begin later included.
  /// The sender must not begin any meanwhile.
  /// - Returns: false for a group that is not counted, or of which no further file begins.
  package func setPaused(_ group: String, _ direction: UploadDirection, _ isPaused: Bool) -> Bool {
    let key = GroupTallies.Key(direction, group)
    let meters = state.withLock { state -> [UploadMeter]? in
      guard state.groups.setPaused(key, isPaused, at: .now) else { return nil }
      return state.active.values.filter { GroupTallies.Key($0) == key }
    }
    guard let meters else { return false }
    controlledGroups.store(true, ordering: .relaxed)
    for meter in meters { meter.requestPause(isPaused) }
    noteContinued()
    return true
  }

  /// Limits the rate of a group as a whole: that of its running files together with those that begin later.
  /// - Parameter bytesPerSecond: 0 counts as 1, nil removes the limit.
  /// - Returns: false when too many groups have a limit.
  @discardableResult
  package func setLimit(_ group: String, _ direction: UploadDirection, _ bytesPerSecond: UInt64?) -> Bool {
    let key = GroupTallies.Key(direction, group)
    let meters = state.withLock { state -> [UploadMeter]? in
      guard let limiter = state.groups.setLimit(key, bytesPerSecond) else { return nil }
      let meters = state.active.values.filter { GroupTallies.Key($0) == key }
      for meter in meters { meter.setGroupLimiter(limiter) }
      return meters
    }
    guard let meters else { return false }
    controlledGroups.store(true, ordering: .relaxed)
    for meter in meters { meter.noteLimitChange() }
    return true
  }

  /// Whether the user has paused a group of incoming files as a whole, or limits its rate. Without a lock unless that was
  /// done with any group before.
  package func controlsIncoming(_ group: UploadGroup?) -> Bool {
    guard let group, controlledGroups.load(ordering: .relaxed) else { return false }
    let key = GroupTallies.Key(.incoming, group.id)
    return state.withLock { state in
      state.groups.tallies[key]?.isPaused == true || state.groups.limiters[key]?.bytesPerSecond != nil
    }
  }

  /// Whether a group of incoming files has not ended: it is counted, and one of its files runs or a further one is
  /// expected, as ``GroupSnapshot/hasEnded`` says.
  package func continuesIncoming(_ group: UploadGroup, at now: ContinuousClock.Instant = .now) -> Bool {
    state.withLock { state in
      guard let tally = state.groups.tallies[GroupTallies.Key(.incoming, group.id)] else { return false }
      return tally.running > 0 || !tally.isOver(at: now)
    }
  }

  /// Notes that no further file of a group begins, though fewer than stated may have: only the sender knows.
  /// - Parameter isCancelled: whether because the user has cancelled the whole group.
  package func close(_ group: UploadGroup, _ direction: UploadDirection, isCancelled: Bool = false) {
    state.withLock { $0.groups.close(GroupTallies.Key(direction, group.id), isCancelled: isCancelled) }
  }

  /// Counts a request that was rejected before an upload began. Calls the action of ``onActivity(_:)`` if it is to be
  /// reported at once, as the first of identical ones is.
  package func reject(_ request: RejectedRequest, at now: ContinuousClock.Instant = .now) {
    if rejections.withLock({ $0.note(request, at: now) }) { noteActivity() }
  }

  /// Removes and returns the rejected requests that are to be reported now, with their counts; a flood is reported
  /// gradually (``RejectionTally``). For one reader, as ``drain()``.
  package func drainRejected(at now: ContinuousClock.Instant = .now) -> [RejectedRequest] {
    rejections.withLock { $0.take(at: now) }
  }

  /// Whether there are rejected requests that ``drainRejected(at:)`` has not returned yet: call it again later.
  package var hasUnreportedRejections: Bool { rejections.withLock { $0.hasUnreported } }

  /// How many requests were rejected since the ledger was made, those counted as identical included.
  package var rejectedCount: UInt64 { rejections.withLock { $0.count } }

  /// A number that grows whenever an upload begins, an interrupted or paused one continues or ends, a rejected request
  /// is to be reported at once, or the first download since a sample begins: if it has changed since the last sample,
  /// there is something new. Other ends do not change it, except of an upload that failed before it began.
  package var activityCount: UInt64 {
    let started = state.withLock { state in state.totals.values.reduce(state.continued) { $0 &+ $1.started } }
    return started &+ rejections.withLock { $0.announced } &+ downloads.activityCount
  }

  /// Asks a running upload to end, as ``UploadMeter/cancel()`` does, and returns before it has ended.
  /// - Returns: false when no upload with this identifier runs.
  @discardableResult
  package func cancel(_ id: UploadID) -> Bool { state.withLock { $0.active[id] }?.cancel() ?? false }

  /// Pauses a running upload or continues it, as ``UploadMeter/setPaused(_:)`` does, and returns before it has paused.
  /// - Returns: false when no upload with this identifier runs, or when it cannot be paused.
  @discardableResult
  package func setPaused(_ id: UploadID, _ isPaused: Bool) -> Bool {
    state.withLock { $0.active[id] }?.setPaused(isPaused) ?? false
  }

  /// Limits the rate of a running upload, as ``UploadMeter/setLimit(_:)`` does.
  /// - Returns: false when no upload with this identifier runs.
  @discardableResult
  package func setLimit(_ id: UploadID, _ bytesPerSecond: UInt64?) -> Bool {
    guard let meter = state.withLock({ $0.active[id] }) else { return false }
    meter.setLimit(bytesPerSecond)
    return true
  }

  /// Asks all running uploads to end because the program stops, as ``UploadMeter/stop()`` does, but interrupted ones,
  /// which have nothing to end. Uploads that begin later are not affected.
  package func cancelAll() {
    for meter in state.withLock({ Array($0.active.values) }) where meter.phase != .interrupted { meter.stop() }
  }

  /// Whether an upload runs that is neither interrupted nor paused.
  package var hasMovingUploads: Bool { state.withLock { $0.active.values.contains { !$0.isResting } } }

  /// How many uploads run in one direction.
  package func activeCount(_ direction: UploadDirection) -> Int { totals(direction).active }

  /// The counts for one direction since the ledger was made.
  package func totals(_ direction: UploadDirection) -> Totals {
    state.withLock { $0.totals[direction] ?? Totals() }
  }

  /// The files of each direction that are complete; without an entry for a direction without uploads.
  var finished: [UploadDirection: FinishedFiles] {
    state.withLock { $0.totals.mapValues { FinishedFiles(files: $0.finished, bytes: $0.finishedBytes) } }
  }

  /// The running uploads, oldest first.
  package func active() -> [UploadMeter] {
    state.withLock { $0.oldestFirst() }
  }

  /// The running uploads, in no order, and the counts by direction (none for one without uploads so far), read at one
  /// instant: each upload is either running or counted as ended, so the transferred bytes of both together only grow.
  package func reading() -> (active: [UploadMeter], totals: [UploadDirection: Totals]) {
    state.withLock { (Array($0.active.values), $0.totals) }
  }

  /// Times of all uploads by cause for a counter, of which no number may shrink: each is at least the one of every call
  /// before. A running upload's may shrink a little: see ``UploadMeter/dividedTime(at:)``.
  package func raised(_ times: [UploadDirection: TimeShares]) -> [UploadDirection: TimeShares] {
    highestTimes.withLock { highest in
      highest.merge(times) { $0.raised(to: $1) }
      return highest
    }
  }

  /// The running uploads, oldest first, and those that ended since the last call, in the order of their ends. Each
  /// ended upload is returned once, so only one reader, the ``Sampler``, may call it. If 65,536 ended uploads are
  /// waiting, the older half is dropped.
  package func drain() -> (active: [UploadMeter], ended: [UploadMeter]) {
    let reading = drainWithGroups()
    return (reading.active, reading.ended)
  }

  /// ``drain()``, and the groups at the same instant: each file is either running or counted as ended.
  func drainWithGroups() -> (active: [UploadMeter], ended: [UploadMeter], groups: GroupTallies) {
    state.withLock { state in
      defer { state.ended = [] }
      return (state.oldestFirst(), state.ended, state.groups)
    }
  }
}
