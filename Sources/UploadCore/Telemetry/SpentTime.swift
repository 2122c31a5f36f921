import CLinux
import Synchronization

/// How the time of one upload was spent: counted at each change of its phase, exactly and without a lock, and read by
/// observers. Part of an ``UploadMeter``; callable from any thread.
///
/// What an upload waited for its peer (``Slot/peer``, ``Slot/response``) is divided later: the connection asks the
/// kernel, once per second, whether that was the network or the peer (``LinkTimes``).
final class SpentTime: Sendable {
  /// Where the time of a phase is counted.
  enum Slot: UInt8, CaseIterable {
    case client, server, network, disk, store, memory, limit, input, paused, finishing
    /// For the peer or the network, while content moves: not divided yet.
    case peer
    /// After the last byte was sent: in the network or for the response, not divided yet.
    case response
    /// The upload has ended, and nothing is counted any more.
    case ended
  }

  private static let slotBits: UInt64 = 4
  private static let slotMask: UInt64 = 0xF

  private let startedAt: ContinuousClock.Instant
  /// ``startedAt`` on the system's clock, which is read in half the time.
  private let startedAtNanoseconds: UInt64
  /// The present slot in the lowest bits, and above them since when, in nanoseconds after ``startedAt``.
  private let current: Atomic<UInt64>
  /// The resource that was waited for last, in the lowest bits, and above them the nanoseconds that a chunk then took to
  /// move before it was waited for again; 0 otherwise.
  private let turn = Atomic<UInt64>(0)
  /// What the kernel has said last of the connection; nil before that, and without TCP.
  let link = Mutex<LinkFacts?>(nil)
  /// Nanoseconds by slot, without those since ``current``.
  private let spent: InlineArray<12, Atomic<UInt64>>

  init(startedAt: ContinuousClock.Instant, in slot: Slot) {
    self.startedAt = startedAt
    let age = startedAt.duration(to: .now).components
    startedAtNanoseconds =
      clinux_clock() &- UInt64(bitPattern: age.seconds &* 1_000_000_000 &+ age.attoseconds / 1_000_000_000)
    current = Atomic(UInt64(slot.rawValue))
    spent = InlineArray { _ in Atomic(0) }
  }

  /// Notes that another phase begins. Reads the clock only when the slot changes.
  func enter(_ slot: Slot) {
    guard current.load(ordering: .relaxed) & Self.slotMask != UInt64(slot.rawValue) else { return }
    let elapsed = Int64(bitPattern: clinux_clock() &- startedAtNanoseconds)
    change(to: slot, at: UInt64(min(max(0, elapsed), Self.longest)))
  }

  func enter(_ slot: Slot, at now: ContinuousClock.Instant) {
    change(to: slot, at: nanoseconds(at: now))
  }

  /// Notes the end of the upload. Later phases are not counted.
  func end(at now: ContinuousClock.Instant) { change(to: .ended, at: nanoseconds(at: now)) }

  /// - Parameters:
  ///   - slot: nil to count the time of the present slot until now.
  ///   - elapsed: nanoseconds since ``startedAt``.
  private func change(to slot: Slot?, at elapsed: UInt64) {
    var old = current.load(ordering: .relaxed)
    while true {
      let (before, since) = (old & Self.slotMask, old >> Self.slotBits)
      guard before != UInt64(Slot.ended.rawValue) else { return }
      let until = max(elapsed, since)
      let next = until << Self.slotBits | (slot.map { UInt64($0.rawValue) } ?? before)
      let (exchanged, original) = current.compareExchange(
        expected: old,
        desired: next,
        ordering: .acquiringAndReleasing
      )
      if exchanged {
        spent[Int(before)].wrappingAdd(until - since, ordering: .relaxed)
        if let slot { noteTurn(from: before, to: UInt64(slot.rawValue), after: until - since) }
        return
      }
      old = original
    }
  }

  /// Recognizes the turns of an upload that a resource slows down: it waits for it, then moves a chunk, then waits for it
  /// again. Where it moves chunks in less time than it waits, the resource is busy meanwhile, and all of the time is its.
  private func noteTurn(from before: UInt64, to next: UInt64, after time: UInt64) {
    let last = turn.load(ordering: .relaxed)
    let (resource, moving) = (last & Self.slotMask, last >> Self.slotBits)
    guard let slot = Slot(rawValue: UInt8(before)) else { return }
    switch slot {
    case .peer: turn.store(next == resource ? time << Self.slotBits | resource : 0, ordering: .relaxed)
    case .disk, .store, .memory, .limit, .input:
      if before == resource, moving > 0, moving <= time { move(moving, from: .peer, to: slot) }
      turn.store(before, ordering: .relaxed)
    case .client, .server, .network, .paused, .finishing, .response, .ended: turn.store(0, ordering: .relaxed)
    }
  }

  /// Counts time of one slot for another one; at most as much as that has.
  func move(_ nanoseconds: UInt64, from slot: Slot, to other: Slot) {
    let count = min(nanoseconds, spent[Int(slot.rawValue)].load(ordering: .relaxed))
    spent[Int(slot.rawValue)].wrappingSubtract(count, ordering: .relaxed)
    spent[Int(other.rawValue)].wrappingAdd(count, ordering: .relaxed)
  }

  private func nanoseconds(at now: ContinuousClock.Instant) -> UInt64 {
    let time = startedAt.duration(to: now).components
    let nanoseconds = time.seconds &* 1_000_000_000 &+ time.attoseconds / 1_000_000_000
    return UInt64(min(max(0, nanoseconds), Self.longest))
  }

  /// 60 bits are left beside the slot: 36 years.
  private static let longest: Int64 = 1 << 59

  /// Notes the end of a time without a request: a short one was no pause, but the client needed it for its next request.
  func noteGap(_ since: ContinuousClock.Instant, at now: ContinuousClock.Instant) {
    let gap = now - since
    guard gap > .zero, gap < Self.shortestPause else { return }
    move(nanoseconds(at: now) &- nanoseconds(at: since), from: .paused, to: .client)
  }

  /// The time without a request from which on it is a pause: a client that sends a file in several requests waits for
  /// each response.
  private static let shortestPause = Duration.seconds(1)

  // MARK: Dividing

  /// The time that is not divided yet, in nanoseconds, until now.
  func undivided(_ slot: Slot, at now: ContinuousClock.Instant) -> UInt64 {
    change(to: nil, at: nanoseconds(at: now))
    return spent[Int(slot.rawValue)].load(ordering: .relaxed)
  }

  /// Divides time of a slot among causes: their sum is at most what ``undivided(_:at:)`` has returned.
  func divide(_ slot: Slot, among shares: TimeShares) {
    var sum: UInt64 = 0
    for cause in TimeCause.allCases {
      let part = UInt64(min(max(0, shares[cause]), 1e9) * 1e9)
      guard part > 0 else { continue }
      sum &+= part
      spent[Int(cause.slot.rawValue)].wrappingAdd(part, ordering: .relaxed)
    }
    // Rounding may have made it larger.
    let left = spent[Int(slot.rawValue)].load(ordering: .relaxed)
    spent[Int(slot.rawValue)].wrappingSubtract(min(sum, left), ordering: .relaxed)
  }

  // MARK: Reading

  /// The time by cause.
  /// - Parameters:
  ///   - now: for a running upload; after the end nothing changes any more.
  ///   - peer: the cause that time which is not divided yet counts for; nil to leave it out.
  func shares(at now: ContinuousClock.Instant, peer: TimeCause?) -> TimeShares {
    let current = current.load(ordering: .acquiring)
    let elapsed = nanoseconds(at: now)
    let open = current & Self.slotMask
    func seconds(_ slot: Slot) -> Double {
      var count = spent[Int(slot.rawValue)].load(ordering: .relaxed)
      if open == UInt64(slot.rawValue), elapsed > current >> Self.slotBits {
        count &+= elapsed - current >> Self.slotBits
      }
      return Double(count) / 1e9
    }
    var shares = TimeShares()
    for cause in TimeCause.allCases { shares[cause] = seconds(cause.slot) }
    if let peer {
      // What has taken most of the time so far has probably taken this, too.
      let causes: [TimeCause] = [.client, .server, .network]
      let largest = causes.max { shares[$0] < shares[$1] } ?? peer
      shares[shares[largest] > 0 ? largest : peer] += seconds(.peer)
      shares[.finishing] += seconds(.response)
    }
    return shares
  }
}

extension TimeCause {
  /// Where time of the cause is counted.
  var slot: SpentTime.Slot {
    switch self {
    case .client: .client
    case .server: .server
    case .network: .network
    case .disk: .disk
    case .store: .store
    case .memory: .memory
    case .limit: .limit
    case .input: .input
    case .paused: .paused
    case .finishing: .finishing
    }
  }
}

extension UploadPhase {
  /// Where its time is counted. Not for `pause`, which depends on why an attempt has failed.
  func slot(_ direction: UploadDirection) -> SpentTime.Slot {
    switch (self, direction) {
    case (.waiting, .incoming), (.disk, _): .disk
    case (.waiting, .outgoing), (.pause, _): .server
    case (.connecting, _), (.network, _): .network
    case (.store, _): .store
    case (.peer, _): .peer
    case (.input, _): .input
    case (.memory, _): .memory
    case (.limit, _): .limit
    case (.interrupted, _), (.userPause, _): .paused
    case (.response, _): .response
    case (.finishing, _): .finishing
    }
  }
}
