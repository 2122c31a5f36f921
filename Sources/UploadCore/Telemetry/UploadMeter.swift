import Synchronization

/// One upload's counters: written by its data path without a lock, read by observers.
///
/// What never changes is a plain constant; what moves is atomic. Order between counters is not promised: a reader may
/// see `stored` an instant before the `received` that made it possible.
package final class UploadMeter: Sendable {
  package let id: UploadID
  /// Shared by all parts of one request.
  package let request: UploadID
  package let direction: UploadDirection
  package let mode: UploadMode
  /// The name asked for; what it is stored under may differ and is in the outcome.
  package let name: String
  /// Size in bytes, or the most it can be where ``sizeExact`` is false; nil when unknown.
  package let size: UInt64?
  package let sizeExact: Bool
  /// Address and port of the other end.
  package let remote: String
  /// Media type as the sender stated it.
  package let declaredType: String?
  package let startedAt: ContinuousClock.Instant

  /// Of all attempts; only grows.
  private let transferredBytes = Atomic<UInt64>(0)
  /// How many of those belong to attempts that have failed.
  private let lostBytes = Atomic<UInt64>(0)
  private let storedBytes = Atomic<UInt64>(0)
  private let durableBytes = Atomic<UInt64>(0)
  private let phaseValue = Atomic<UInt8>(UploadPhase.waiting.rawValue)
  private let regionBytes = Atomic<Int>(0)
  /// Taken once a slab, and once a sample; the pages of a region cannot be counted while it is given away.
  private let regions = Mutex<[MemoryRegion]>([])
  private let networkBytes = Atomic<Int>(0)
  private let peak = Atomic<Int>(0)
  private let detected = Mutex<String?>(nil)
  private let life = Mutex(Life())

  /// What only the beginning, the end and a cancellation look at.
  private struct Life {
    /// Nil while the upload runs.
    var ending: (outcome: UploadOutcome, at: ContinuousClock.Instant)?
    var isCancelled = false
    /// The number of the attempt that runs, or that comes next; 1 for the first.
    var attempt = 1
    /// Why the attempt before failed and when the next one begins, while it waits for that.
    var pause: (reason: String, until: ContinuousClock.Instant)?
    /// Has the data path end the upload.
    var interrupt: (@Sendable () -> Void)?
  }

  package init(
    id: UploadID = UploadID(),
    request: UploadID = UploadID(),
    direction: UploadDirection,
    mode: UploadMode,
    name: String,
    size: UInt64?,
    sizeExact: Bool = true,
    remote: String,
    declaredType: String? = nil,
    startedAt: ContinuousClock.Instant = .now
  ) {
    self.id = id
    self.request = request
    self.direction = direction
    self.mode = mode
    self.name = name
    self.size = size
    self.sizeExact = sizeExact
    self.remote = remote
    self.declaredType = declaredType
    self.startedAt = startedAt
  }

  /// Incoming: bytes taken off the socket. Outgoing: bytes the socket took.
  package var received: UInt64 {
    // This one first: it was the whole count when it was set, and that only grows, so what is left is never below 0.
    let lost = lostBytes.load(ordering: .acquiring)
    return transferred &- lost
  }

  /// The same with what attempts before have moved in vain: it never shrinks.
  package var transferred: UInt64 { transferredBytes.load(ordering: .relaxed) }

  /// Bytes handed to the file. Outgoing: what the server's response confirms.
  package var stored: UInt64 { storedBytes.load(ordering: .relaxed) }

  /// Bytes covered by fsync. Outgoing: what the server's response confirms.
  package var durable: UInt64 { durableBytes.load(ordering: .relaxed) }

  /// `count` more bytes have been taken.
  package func addReceived(_ count: Int) {
    transferredBytes.add(UInt64(max(0, count)), ordering: .relaxed)
  }

  /// `count` more bytes have been handed to the file.
  package func addStored(_ count: Int) {
    storedBytes.add(UInt64(max(0, count)), ordering: .relaxed)
  }

  /// All stored bytes are covered by fsync.
  package func markDurable() {
    durableBytes.store(stored, ordering: .relaxed)
  }

  /// Media type as the first bytes show it; nil before they have come, and when they show none.
  package var detectedType: String? {
    get { detected.withLock { $0 } }
    set { detected.withLock { $0 = newValue } }
  }

  /// What the data path is waiting for.
  package var phase: UploadPhase {
    get { UploadPhase(rawValue: phaseValue.load(ordering: .relaxed)) ?? .waiting }
    set { phaseValue.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// An attempt has failed, and another will follow: nothing of what was sent counts any more.
  /// - Parameters:
  ///   - reason: why, in words.
  ///   - attempt: the number of the next attempt.
  ///   - instant: when that begins.
  package func pause(because reason: String, attempt: Int, until instant: ContinuousClock.Instant) {
    life.withLock { life in
      life.attempt = attempt
      life.pause = (reason, instant)
    }
    lostBytes.store(transferred, ordering: .releasing)
    setNetworkBytes(0)
    phase = .pause
  }

  /// The next attempt begins.
  package func startAgain() {
    phase = .waiting
    life.withLock { $0.pause = nil }
  }

  /// The number of the attempt that runs, or that comes next, and why and until when it waits; no wait at all other times.
  package var retry: (attempt: Int, wait: (reason: String, until: ContinuousClock.Instant)?) {
    life.withLock { ($0.attempt, $0.pause) }
  }

  /// Memory the upload holds at this instant, in bytes: the resident pages of its regions, and its network buffers.
  /// A system call a region: about a microsecond for each mebibyte of it.
  package var residentBytes: Int {
    regions.withLock { $0.reduce(0) { $0 + $1.residentBytes } } + networkBytes.load(ordering: .relaxed)
  }

  /// The most memory the upload held at once, resident or not, in bytes.
  package var peakResidentBytes: Int {
    peak.load(ordering: .relaxed)
  }

  /// A region has been taken: a slab, or a form in memory.
  package func hold(_ region: MemoryRegion) {
    regions.withLock { $0.append(region) }
    regionBytes.add(region.count, ordering: .relaxed)
    notePeak()
  }

  /// A region is about to be given back.
  package func letGo(_ region: MemoryRegion) {
    regions.withLock { regions in
      guard let index = regions.firstIndex(of: region) else { return }
      regions.remove(at: index)
      regionBytes.subtract(region.count, ordering: .relaxed)
    }
  }

  /// Nothing is held any more.
  package func letGoOfAll() {
    regions.withLock { $0 = [] }
    regionBytes.store(0, ordering: .relaxed)
    networkBytes.store(0, ordering: .relaxed)
  }

  /// Network buffers held now, in bytes.
  package func setNetworkBytes(_ count: Int) {
    networkBytes.store(count, ordering: .relaxed)
    notePeak()
  }

  private func notePeak() {
    peak.max(regionBytes.load(ordering: .relaxed) + networkBytes.load(ordering: .relaxed), ordering: .relaxed)
  }

  /// How it ended and when; nil while it runs.
  package var ended: (outcome: UploadOutcome, at: ContinuousClock.Instant)? {
    life.withLock { $0.ending }
  }

  /// Notes the end; only the first end of an upload counts.
  /// - Returns: whether this was the first.
  func end(_ outcome: UploadOutcome, at instant: ContinuousClock.Instant) -> Bool {
    life.withLock { life in
      guard life.ending == nil else { return false }
      life.ending = (outcome, at: instant)
      // It holds the data path, and meters outlive that.
      life.interrupt = nil
      return true
    }
  }

  /// Sets what has the data path end the upload: called at most once, on any thread, so that it may do no more than
  /// schedule that. Called at once when the upload has been cancelled before.
  package func onCancel(_ interrupt: @escaping @Sendable () -> Void) {
    let isLate = life.withLock { life in
      guard life.ending == nil else { return false }
      if !life.isCancelled { life.interrupt = interrupt }
      return life.isCancelled
    }
    if isLate { interrupt() }
  }

  /// Asks the data path to end the upload, which then ends with ``UploadOutcome/cancelled`` unless it was too late.
  /// - Returns: whether it was still running.
  @discardableResult
  package func cancel() -> Bool {
    let (isRunning, interrupt) = life.withLock { life in
      guard life.ending == nil else { return (false, nil as (@Sendable () -> Void)?) }
      life.isCancelled = true
      defer { life.interrupt = nil }
      return (true, life.interrupt)
    }
    interrupt?()
    return isRunning
  }
}
