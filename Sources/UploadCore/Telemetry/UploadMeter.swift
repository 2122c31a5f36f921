import Synchronization

/// One upload's counters: written by its data path without a lock, read by whoever shows it.
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
  /// Size in bytes, or the most it can be where ``sizeExact`` is false; nil when nobody said.
  package let size: UInt64?
  package let sizeExact: Bool
  /// Address and port of the other end.
  package let remote: String
  /// Media type as the sender stated it.
  package let declaredType: String?
  package let startedAt: ContinuousClock.Instant

  private let receivedBytes = Atomic<UInt64>(0)
  private let storedBytes = Atomic<UInt64>(0)
  private let durableBytes = Atomic<UInt64>(0)
  private let phaseValue = Atomic<UInt8>(UploadPhase.waiting.rawValue)
  private let slabBytes = Atomic<Int>(0)
  private let networkBytes = Atomic<Int>(0)
  private let peak = Atomic<Int>(0)
  private let ending = Mutex<Ending?>(nil)

  private struct Ending {
    var outcome: UploadOutcome
    var at: ContinuousClock.Instant
  }

  package init(
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
    id = UploadID()
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
  package var received: UInt64 { receivedBytes.load(ordering: .relaxed) }

  /// Bytes handed to the file. Outgoing: what the server has answered for.
  package var stored: UInt64 { storedBytes.load(ordering: .relaxed) }

  /// Bytes covered by fsync. Outgoing: what the server has answered for.
  package var durable: UInt64 { durableBytes.load(ordering: .relaxed) }

  /// `count` more bytes have been taken.
  package func addReceived(_ count: Int) {
    receivedBytes.add(UInt64(max(0, count)), ordering: .relaxed)
  }

  /// `count` more bytes have been handed to the file.
  package func addStored(_ count: Int) {
    storedBytes.add(UInt64(max(0, count)), ordering: .relaxed)
  }

  /// All stored bytes are covered by fsync.
  package func markDurable() {
    durableBytes.store(stored, ordering: .relaxed)
  }

  /// What the data path is waiting for.
  package var phase: UploadPhase {
    get { UploadPhase(rawValue: phaseValue.load(ordering: .relaxed)) ?? .waiting }
    set { phaseValue.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// Memory the upload holds at this instant, in bytes: its slabs and its network buffers.
  package var residentBytes: Int {
    max(0, slabBytes.load(ordering: .relaxed) + networkBytes.load(ordering: .relaxed))
  }

  /// The most memory the upload held at once, in bytes.
  package var peakResidentBytes: Int {
    peak.load(ordering: .relaxed)
  }

  /// Slabs taken (positive) or given back (negative), in bytes.
  package func addSlabBytes(_ count: Int) {
    slabBytes.add(count, ordering: .relaxed)
    notePeak()
  }

  /// Network buffers, or a form in memory, held now, in bytes.
  package func setNetworkBytes(_ count: Int) {
    networkBytes.store(count, ordering: .relaxed)
    notePeak()
  }

  private func notePeak() {
    peak.max(residentBytes, ordering: .relaxed)
  }

  /// How it ended and when; nil while it runs.
  package var ended: (outcome: UploadOutcome, at: ContinuousClock.Instant)? {
    ending.withLock { $0.map { ($0.outcome, $0.at) } }
  }

  /// Notes the end; only the first end of an upload counts.
  /// - Returns: whether this was the first.
  func end(_ outcome: UploadOutcome, at instant: ContinuousClock.Instant) -> Bool {
    ending.withLock { ending in
      guard ending == nil else { return false }
      ending = Ending(outcome: outcome, at: instant)
      return true
    }
  }
}
