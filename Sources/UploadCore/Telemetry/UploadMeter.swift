import Synchronization

/// One upload's counters: written by its data path without a lock, read by observers. Callable from any thread.
///
/// Constants describe the upload; counters are atomic. Their order is not guaranteed: a reader may see `stored` an
/// instant before the `received` that made it possible. Counters wrap: a response may state any size, and a wrong count
/// does less harm than a trap.
package final class UploadMeter: Sendable {
  package let id: UploadID
  /// Identifies the request: the same for all files of one form.
  package let request: UploadID
  package let direction: UploadDirection
  /// The requested or generated name; the final name may differ and is in the outcome.
  package let name: String
  package let sizeExact: Bool
  /// The peer: of an incoming upload the client's address and port, of an outgoing one the host and port of the URL.
  package let remote: String
  /// The name that the sender of an incoming upload states (``SenderName``); nil without one.
  package let sender: String?
  /// The path of the file that an outgoing upload sends, not made safe to show; nil for one from a descriptor, and for an
  /// incoming upload.
  package let path: String?
  /// Media type as the sender stated it, not checked; nil without one.
  package let declaredType: String?
  /// The most attempts that are made of an outgoing upload, the first included; nil for no limit, and for an incoming one.
  package let maxAttempts: Int?
  package let startedAt: ContinuousClock.Instant

  /// Bytes moved in all attempts; only grows.
  private let transferredBytes = Atomic<UInt64>(0)
  /// How many of the transferred bytes belong to failed attempts.
  private let lostBytes = Atomic<UInt64>(0)
  private let storedBytes = Atomic<UInt64>(0)
  private let durableBytes = Atomic<UInt64>(0)
  /// The ``parts``: the accepted ones in the lower half, and their number in the upper one; 0 where that is not known.
  private let partCounts = Atomic<UInt64>(0)
  private let phaseValue = Atomic<UInt8>(UploadPhase.waiting.rawValue)
  /// The phase that the data path has set while the user has paused the upload; ``notBlocked`` while it is not.
  private let blockedPhase = Atomic<UInt8>(UploadMeter.notBlocked)
  private static let notBlocked = UInt8.max
  /// The limit of this upload, and that of its group; nil before the first is set.
  let ownLimiter = AtomicLazyReference<RateLimiter>()
  let groupLimiter = AtomicLazyReference<RateLimiter>()
  private let memory = UploadMemory()
  /// How the time is spent; nil for an upload of which that is not counted.
  let spent: SpentTime?
  /// Made when it is first read: many small files end before that.
  private let factsValue = AtomicLazyReference<UploadFacts>()
  private let detected = Mutex<String?>(nil)
  private let modeValue: Mutex<UploadMode>
  private let noticeText = Mutex<String?>(nil)
  let life: Mutex<UploadLife>

  /// - Parameter countsTime: false for a small file, for which it would take as long as sending it.
  package init(
    id: UploadID = UploadID(),
    request: UploadID = UploadID(),
    direction: UploadDirection,
    mode: UploadMode,
    name: String,
    size: UInt64?,
    sizeExact: Bool = true,
    remote: String,
    sender: SenderName? = nil,
    path: String? = nil,
    declaredType: String? = nil,
    group: UploadGroup? = nil,
    countsTime: Bool = true,
    maxAttempts: Int? = nil,
    startedAt: ContinuousClock.Instant = .now
  ) {
    self.id = id
    self.request = request
    self.direction = direction
    modeValue = Mutex(mode)
    self.name = name
    life = Mutex(UploadLife(size: size, group: group))
    self.sizeExact = sizeExact
    self.remote = remote
    self.sender = sender?.description
    self.path = path
    self.declaredType = declaredType
    self.maxAttempts = maxAttempts
    self.startedAt = startedAt
    spent = countsTime ? SpentTime(startedAt: startedAt, in: UploadPhase.waiting.slot(direction)) : nil
  }

  /// What does not change, as snapshots have it.
  var facts: UploadFacts {
    if let facts = factsValue.load() { return facts }
    let values = UploadFacts.Values(
      id: id,
      request: request,
      direction: direction,
      name: name,
      sizeExact: sizeExact,
      remote: remote,
      sender: sender,
      path: path,
      declaredType: declaredType,
      maxAttempts: maxAttempts
    )
    return factsValue.storeIfNil(UploadFacts(values))
  }

  /// Size of the file in bytes, or its upper limit where ``sizeExact`` is false; nil when unknown.
  package var size: UInt64? { life.withLock { $0.size } }

  /// Notes the exact size of the file, where it was unknown until now; ignored where it was known.
  package func setSize(_ size: UInt64) { life.withLock { $0.size = $0.size ?? size } }

  /// The tree or form that the file belongs to; nil for a file by itself. See ``UploadLedger/move(_:to:at:)``.
  package var group: UploadGroup? { life.withLock { $0.group } }

  /// Changes the group. For the ledger, which counts the files of groups: elsewhere call
  /// ``UploadLedger/move(_:to:at:)``.
  func setGroup(_ group: UploadGroup) { life.withLock { $0.group = group } }

  /// Bytes of the file received so far; of an outgoing upload, bytes of the file written to the socket by the current
  /// attempt (0 while it waits for the next attempt).
  package var received: UInt64 { counts.received }

  /// ``received`` and ``transferred`` at one instant.
  var counts: (received: UInt64, transferred: UInt64) {
    // Loaded first: it was at most the whole count when it was set, and that only grows, so the difference is never
    // below 0.
    let lost = lostBytes.load(ordering: .acquiring)
    let transferred = transferred
    return (transferred &- lost, transferred)
  }

  /// ``received`` and the bytes of failed attempts together: unlike ``received`` it never shrinks.
  package var transferred: UInt64 { transferredBytes.load(ordering: .relaxed) }

  /// Bytes written to the file. Of an outgoing upload all bytes sent once the server has accepted it, before that 0.
  package var stored: UInt64 { storedBytes.load(ordering: .relaxed) }

  /// Bytes of the file that have been synced to the disk; always 0 where the store syncs nothing. Of an outgoing upload
  /// the same as ``stored``, because the response does not say.
  package var durable: UInt64 { durableBytes.load(ordering: .relaxed) }

  /// The parts in which a store on another machine gets the file; nil where it gets it in one, or this machine stores it.
  package var parts: UploadParts? {
    get {
      let counts = partCounts.load(ordering: .relaxed)
      guard counts > 0 else { return nil }
      let count = UInt32(truncatingIfNeeded: counts >> 32)
      return UploadParts(accepted: UInt32(truncatingIfNeeded: counts), of: count > 0 ? count : nil)
    }
    set {
      let counts = newValue.map { UInt64($0.count ?? 0) << 32 | UInt64($0.accepted) } ?? 0
      partCounts.store(counts, ordering: .relaxed)
    }
  }

  /// Counts `count` more bytes as ``received``; a negative count changes nothing.
  package func addReceived(_ count: Int) {
    transferredBytes.wrappingAdd(UInt64(max(0, count)), ordering: .relaxed)
  }

  /// Counts `count` more bytes as ``stored``; a negative count changes nothing.
  package func addStored(_ count: Int) {
    storedBytes.wrappingAdd(UInt64(max(0, count)), ordering: .relaxed)
  }

  /// Makes ``durable`` equal to ``stored``: call it when all bytes stored so far have been synced.
  package func markDurable() { durableBytes.store(stored, ordering: .relaxed) }

  /// Media type detected from the first bytes; nil before they have arrived, and when none is detected.
  package var detectedType: String? {
    get { detected.withLock { $0 } }
    set { detected.withLock { $0 = newValue } }
  }

  /// The form of the transfer. It changes at most once: an outgoing `stream` becomes `resumable` when the server supports
  /// that.
  package var mode: UploadMode {
    get { modeValue.withLock { $0 } }
    set { modeValue.withLock { $0 = newValue } }
  }

  /// What the user should know about a running upload, as one sentence or more that are safe to show: a file that
  /// has changed since an earlier run and is sent from its beginning, for example. Nil for nothing; it may change once or
  /// twice.
  package var notice: String? {
    get { noticeText.withLock { $0 } }
    set { noticeText.withLock { $0 = newValue } }
  }

  /// What the data path waits for now; `waiting` at first. Only the data path sets it, also by
  /// ``pause(because:attempt:until:continuingAt:)`` and ``beginAttempt()``. While the user blocks the upload
  /// (``setBlocked(_:)``) it remains `userPause`, until the body is complete or its request has ended.
  package var phase: UploadPhase {
    get { UploadPhase(rawValue: phaseValue.load(ordering: .relaxed)) ?? .waiting }
    set { enter(newValue, newValue.slot(direction)) }
  }

  /// Sets the ``phase``, while the time counts as that of another one.
  package func set(_ phase: UploadPhase, countedAs other: UploadPhase) { enter(phase, other.slot(direction)) }

  private func enter(_ phase: UploadPhase, _ slot: SpentTime.Slot) {
    guard !isBlocked else { return enterBlocked(phase) }
    phaseValue.store(phase.rawValue, ordering: .relaxed)
    spent?.enter(slot)
  }

  private func enterBlocked(_ phase: UploadPhase) {
    switch phase {
    case .waiting, .connecting, .peer, .network, .disk, .store, .input, .memory, .limit, .pause, .userPause:
      blockedPhase.store(phase.rawValue, ordering: .relaxed)
    case .interrupted, .response, .finishing: endBlock(in: phase)
    }
  }

  /// Whether the data path of an incoming upload reads next to nothing, because the user has paused it.
  package var isBlocked: Bool { blockedPhase.load(ordering: .relaxed) != Self.notBlocked }

  /// Notes whether the data path of an incoming upload reads next to nothing, because the user has paused it. For the
  /// data path.
  package func setBlocked(_ isBlocked: Bool) {
    guard isBlocked != self.isBlocked else { return }
    guard isBlocked else {
      return endBlock(in: UploadPhase(rawValue: blockedPhase.load(ordering: .relaxed)) ?? .waiting)
    }
    let before = phase
    phase = .userPause
    blockedPhase.store(before.rawValue, ordering: .relaxed)
  }

  private func endBlock(in phase: UploadPhase) {
    blockedPhase.store(Self.notBlocked, ordering: .relaxed)
    self.phase = phase
    let onContinue = life.withLock { $0.onContinue }
    onContinue?()
  }

  /// Notes that an attempt has failed and another will follow: ``received`` becomes `offset`, ``transferred`` does not
  /// change, and the phase becomes `pause`.
  /// - Parameters:
  ///   - reason: why the attempt failed, as a message.
  ///   - attempt: the number of the next attempt, from 2.
  ///   - instant: when that begins.
  ///   - offset: 0 when the next attempt sends the file from its beginning; of a resumable upload the present
  ///     ``received``, so that it never shrinks.
  ///   - cause: what the time until the next attempt counts for.
  package func pause(
    because reason: String,
    attempt: Int,
    until instant: ContinuousClock.Instant,
    continuingAt offset: UInt64 = 0,
    cause: TimeCause = .server
  ) {
    life.withLock { life in
      life.attempt = attempt
      life.pause = RetryWait(reason: reason, until: instant)
    }
    resume(at: offset)
    setNetworkBytes(0)
    enter(.pause, cause.slot)
  }

  /// Notes that the next attempt begins, after ``pause(because:attempt:until:continuingAt:)``: the phase becomes `waiting`.
  package func beginAttempt() {
    phase = .waiting
    life.withLock { $0.pause = nil }
  }

  /// Makes ``received`` the number of bytes that the peer has stored: the upload continues from there, and bytes that
  /// are sent again do not count twice. It may be above 0 for an upload that another process began.
  package func resume(at offset: UInt64) {
    // Wraps: what an earlier process moved is a negative loss.
    lostBytes.store(transferred &- offset, ordering: .releasing)
  }

  /// Makes ``stored`` and ``durable`` the number of bytes of an upload that an earlier process, or an earlier request,
  /// has stored.
  package func resumeStored(at offset: UInt64) {
    storedBytes.store(offset, ordering: .relaxed)
    durableBytes.store(offset, ordering: .relaxed)
  }

  /// Notes that the first `count` bytes of the file have been synced.
  package func markDurable(upTo count: UInt64) { durableBytes.store(count, ordering: .relaxed) }

  /// Sets the action that is called, on any thread, each time an interrupted or paused upload continues or ends. For
  /// the ledger: elsewhere call ``UploadLedger/onActivity(_:)``.
  func onContinue(_ action: @escaping @Sendable () -> Void) { life.withLock { $0.onContinue = action } }

  /// Whether the upload is interrupted or paused, so that no byte moves until a request or the user continues it.
  package var isResting: Bool {
    switch phase {
    case .interrupted, .userPause: true
    case .waiting, .connecting, .network, .peer, .disk, .store, .input, .memory, .limit, .pause, .response, .finishing:
      false
    }
  }

  /// The number of the current or next attempt, 1 for the first. `wait` is nil except while the upload waits for its
  /// next attempt: why the last one failed, as a message, and when the next one begins.
  package var retry: (attempt: Int, wait: RetryWait?) {
    life.withLock { ($0.attempt, $0.pause) }
  }

  /// Memory that the upload uses now, in bytes: see ``UploadMemory/residentBytes``.
  package var residentBytes: Int { memory.residentBytes }

  /// The most memory that the upload has used at once, in bytes: see ``UploadMemory/peakBytes``.
  package var peakResidentBytes: Int { memory.peakBytes }

  /// Counts memory that the upload uses from now on: a slab, or a block of a form in memory. Call ``remove(_:)`` with
  /// an equal region, or ``removeAllMemory()``, before that memory is released.
  package func add(_ region: MemoryRegion) { memory.add(region) }

  /// Stops counting a region from ``add(_:)``; changes nothing for any other. Call it before the memory is released.
  package func remove(_ region: MemoryRegion) { memory.remove(region) }

  /// Stops counting all regions and network buffers, before they are released; ``peakResidentBytes`` does not change.
  package func removeAllMemory() { memory.removeAll() }

  /// Sets how many bytes the upload's network buffers use now, in place of the previous number.
  package func setNetworkBytes(_ count: Int) { memory.setNetworkBytes(count) }

  /// How the upload ended and when; nil before its end.
  package var ended: (outcome: UploadOutcome, at: ContinuousClock.Instant)? { life.withLock { $0.ended } }

  /// Notes the end; only the first end of an upload counts. For the ledger: elsewhere call
  /// ``UploadLedger/end(_:_:at:)``.
  /// - Returns: whether this was the first.
  func end(_ outcome: UploadOutcome, at instant: ContinuousClock.Instant) -> Bool {
    life.withLock { life in
      guard life.ended == nil else { return false }
      life.ended = (outcome, at: instant)
      // The closures retain the data path, which meters outlive.
      (life.interrupt, life.pauseAction, life.limitAction, life.onContinue) = (nil, nil, nil, nil)
      spent?.end(at: instant)
      return true
    }
  }
}
