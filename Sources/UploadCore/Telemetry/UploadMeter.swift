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
  /// Media type as the sender stated it, not checked; nil without one.
  package let declaredType: String?
  package let startedAt: ContinuousClock.Instant

  /// Bytes moved in all attempts; only grows.
  private let transferredBytes = Atomic<UInt64>(0)
  /// How many of the transferred bytes belong to failed attempts.
  private let lostBytes = Atomic<UInt64>(0)
  private let storedBytes = Atomic<UInt64>(0)
  private let durableBytes = Atomic<UInt64>(0)
  private let phaseValue = Atomic<UInt8>(UploadPhase.waiting.rawValue)
  private let memory = UploadMemory()
  private let detected = Mutex<String?>(nil)
  private let modeValue: Mutex<UploadMode>
  private let noticeText = Mutex<String?>(nil)
  let life: Mutex<UploadLife>

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
    declaredType: String? = nil,
    group: UploadGroup? = nil,
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
    self.declaredType = declaredType
    self.startedAt = startedAt
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
  /// ``pause(because:attempt:until:continuingAt:)`` and ``beginAttempt()``.
  package var phase: UploadPhase {
    get { UploadPhase(rawValue: phaseValue.load(ordering: .relaxed)) ?? .waiting }
    set { phaseValue.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// Notes that an attempt has failed and another will follow: ``received`` becomes `offset`, ``transferred`` does not
  /// change, and the phase becomes `pause`.
  /// - Parameters:
  ///   - reason: why the attempt failed, as a message.
  ///   - attempt: the number of the next attempt, from 2.
  ///   - instant: when that begins.
  ///   - offset: 0 when the next attempt sends the file from its beginning; of a resumable upload the present
  ///     ``received``, so that it never shrinks.
  package func pause(
    because reason: String,
    attempt: Int,
    until instant: ContinuousClock.Instant,
    continuingAt offset: UInt64 = 0
  ) {
    life.withLock { life in
      life.attempt = attempt
      life.pause = (reason, instant)
    }
    resume(at: offset)
    setNetworkBytes(0)
    phase = .pause
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
    case .waiting, .peer, .disk, .input, .memory, .limit, .pause, .response, .finishing: false
    }
  }

  /// The number of the current or next attempt, 1 for the first. `wait` is nil except while the upload waits for its
  /// next attempt: why the last one failed, as a message, and when the next one begins.
  package var retry: (attempt: Int, wait: (reason: String, until: ContinuousClock.Instant)?) {
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
      (life.interrupt, life.pauseAction, life.onContinue) = (nil, nil, nil)
      return true
    }
  }
}
