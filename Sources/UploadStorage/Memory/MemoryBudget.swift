import NIOCore
import Synchronization
package import UploadCore

/// The ceiling on all slabs and receive buffers together. Who finds it spent waits in line and is served in turn.
///
/// Locked once a slab (64 KiB or 1 MiB) or change of a buffer's size, never once a chunk.
package final class MemoryBudget: Sendable {
  /// The least that lets one upload run at full speed: a first small slab and three large ones, rounded up.
  package static let minimum = 4 * Slab.large

  /// A place in the line; lets go of it when the upload ends.
  struct Ticket: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  fileprivate struct Waiter {
    var ticket: Ticket
    var size: Int
    var eventLoop: any EventLoop
    var grant: @Sendable (Slab) -> Void
  }

  fileprivate struct State {
    /// By slabs and buffers.
    var used = 0
    var buffers = 0
    var waiters = CircularBuffer<Waiter>()
    var nextTicket: UInt64 = 0
    /// Slabs kept mapped for the next upload: mapping afresh costs a page fault every 4 KiB.
    var spare: [Slab] = []
    var spareBytes = 0
  }

  /// How much is kept mapped while nobody uses it, in bytes: what the next upload takes. More would be memory that no
  /// upload accounts for.
  private static let spareLimit = 3 * Slab.large

  package let limit: Int
  private let state = Mutex(State())

  /// - Parameter limit: bytes for all slabs together.
  /// - Throws: ``UploadError`` with code `badValue` under ``minimum``.
  package init(limit: UInt64) throws(UploadError) {
    guard limit >= UInt64(Self.minimum) else {
      let least = ByteSize.text(UInt64(Self.minimum))
      throw UploadError(.badValue, "A memory budget of \(ByteSize.text(limit)) is too small; give at least \(least).")
    }
    self.limit = Int(clamping: limit)
  }

  /// Receive buffers never take more than this share, or uploads could hold buffers and wait for slabs for ever.
  private static let buffersShare = 4

  /// The reading for telemetry.
  package var use: SlabUse {
    SlabUse(used: state.withLock { $0.used }, budget: limit)
  }

  /// Whether somebody waits: who holds more than it needs should give it back.
  var isContended: Bool {
    state.withLock { !$0.waiters.isEmpty }
  }

  /// A slab now, or nil when the budget is spent or others wait already.
  func take(size: Int) -> Slab? {
    state.withLock { state in
      guard state.waiters.isEmpty, state.used + size <= limit else { return nil }
      return state.slab(size: size, limit: limit)
    }
  }

  /// Counts a receive buffer that is about to become larger.
  /// - Parameter count: how much larger, in bytes.
  /// - Returns: false when it should not: the budget is short, or buffers have their share of it.
  package func growBuffer(by count: Int) -> Bool {
    state.withLock { state in
      let hasRoom = state.waiters.isEmpty && state.used + count <= limit
      guard hasRoom, state.buffers + count <= limit / Self.buffersShare else { return false }
      state.used += count
      state.buffers += count
      return true
    }
  }

  /// Counts no longer so much of a receive buffer.
  package func shrinkBuffer(by count: Int) {
    state.withLock { state in
      state.used -= count
      state.buffers -= count
    }
    serve()
  }

  /// Waits in line for a slab.
  /// - Parameter grant: gets the slab on `eventLoop`, perhaps after the ticket was dropped: then it gives it back.
  func wait(size: Int, on eventLoop: any EventLoop, grant: @escaping @Sendable (Slab) -> Void) -> Ticket {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      let ticket = Ticket(number: state.nextTicket)
      state.waiters.append(Waiter(ticket: ticket, size: size, eventLoop: eventLoop, grant: grant))
      return ticket
    }
    serve()
    return ticket
  }

  /// Leaves the line.
  func drop(_ ticket: Ticket) {
    state.withLock { $0.waiters.removeAll { $0.ticket == ticket } }
    serve()
  }

  /// Takes a slab back, and gives its room to whoever is first in line.
  func giveBack(_ slab: Slab) {
    state.withLock { state in
      state.used -= slab.bytes.count
      slab.count = 0
      guard state.spareBytes + slab.bytes.count <= Self.spareLimit else { return }
      state.spare.append(slab)
      state.spareBytes += slab.bytes.count
    }
    serve()
  }

  /// Unmaps the slabs that are kept for the next upload.
  package func dropSpare() {
    let spare = state.withLock { state in
      defer { (state.spare, state.spareBytes) = ([], 0) }
      return state.spare
    }
    // Unmapped here, with the last reference, outside the lock.
    _ = consume spare
  }

  private func serve() {
    while let (waiter, slab) = state.withLock({ $0.grantNext(limit: limit) }) {
      waiter.eventLoop.execute { waiter.grant(slab) }
    }
  }
}

extension MemoryBudget.State {
  /// A slab of that size, spare or new, counted as used; nil when the system has no memory left.
  fileprivate mutating func slab(size: Int, limit: Int) -> Slab? {
    if let index = spare.lastIndex(where: { $0.bytes.count == size }) {
      used += size
      spareBytes -= size
      return spare.remove(at: index)
    }
    // What is kept for the next upload must not come on top of the limit.
    if used + spareBytes + size > limit { (spare, spareBytes) = ([], 0) }
    guard let slab = Slab(size: size) else { return nil }
    used += size
    return slab
  }

  /// The first in line with its slab, when there is room for it; nobody overtakes.
  fileprivate mutating func grantNext(limit: Int) -> (MemoryBudget.Waiter, Slab)? {
    guard let first = waiters.first, used + first.size <= limit, let slab = slab(size: first.size, limit: limit) else {
      return nil
    }
    return (waiters.removeFirst(), slab)
  }
}
