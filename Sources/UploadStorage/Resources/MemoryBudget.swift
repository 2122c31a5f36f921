import NIOCore
import Synchronization
package import UploadCore

/// The limit on all slabs, receive buffers and reservations together. Callable from any thread.
///
/// An upload that finds the budget spent waits in one of two queues: one for uploads that fill their slabs, one for
/// slow uploads. The queues are served in turn, so that thousands of slow uploads never delay a fast one by more than
/// one grant. An upload never waits for ever, because a slow upload offers the slab that it has filled in part
/// (``SlabOffers``), and releases it when it is recalled.
///
/// Locked once per slab (64 KiB or 1 MiB) or change of a buffer's size, never per chunk.
package final class MemoryBudget: Sendable {
  /// The smallest limit that is accepted, in bytes: it lets one upload run at full speed, with a first small slab and
  /// three large ones, rounded up.
  package static let minimum = 4 * Slab.large

  /// Identifies a waiting upload until it is granted a slab, or stops waiting.
  struct Ticket: Equatable, Sendable {
    fileprivate let number: UInt64
  }

  /// How many bytes stay mapped while they are unused: what the next upload needs. More would be memory that no upload
  /// accounts for.
  private static let spareLimit = 3 * Slab.large

  /// Receive buffers never use more than the limit divided by this: otherwise uploads could retain buffers and wait for slabs
  /// for ever.
  private static let buffersShare = 4

  /// The limit, in bytes.
  package let limit: Int
  private let state: Mutex<BudgetState>

  /// - Parameter limit: bytes for slabs, receive buffers and reservations together.
  /// - Throws: ``UploadError`` with code `badValue` under ``minimum``.
  package init(limit: UInt64) throws(UploadError) {
    guard limit >= UInt64(Self.minimum) else {
      let least = ByteSize.text(UInt64(Self.minimum))
      throw UploadError(.badValue, "A memory budget of \(ByteSize.text(limit)) is too small; give at least \(least).")
    }
    self.limit = Int(clamping: limit)
    state = Mutex(BudgetState(limit: Int(clamping: limit)))
  }

  /// Bytes that slabs, receive buffers and reservations use now, and the limit, for telemetry.
  package var use: SlabUse { SlabUse(used: state.withLock { $0.used }, budget: limit) }

  // MARK: Slabs

  /// A slab at once, to be returned with ``release(_:)``; nil when the budget is spent, others wait already, or the
  /// system has no memory left.
  /// - Parameter size: at most ``Slab/small``, or ``Slab/large``, in bytes. Where there is no room for a large slab a small one
  ///   is granted, and slow uploads' slabs are recalled, so that the next can be large. No upload waits for a large
  ///   one: others would have to wait until so much has been released.
  func take(upTo size: Int) -> Slab? {
    let (slab, recalls) = state.withLock { state -> (Slab?, [SlabOffers.Recall]) in
      guard !state.isContended else { return (nil, []) }
      if let slab = state.slabIfRoom(size) { return (slab, []) }
      let small = size > Slab.small ? state.slabIfRoom(Slab.small) : nil
      return (small, small == nil ? [] : state.offers.recall(size - (limit - state.used)))
    }
    recalls.forEach { $0() }
    return slab
  }

  /// Queues a request for a slab, which is to be returned with ``release(_:)``. Does not block.
  /// - Parameters:
  ///   - size: as in ``take(upTo:)``.
  ///   - isSlow: whether it joins the queue of slow uploads: the upload did not fill its last slab or block in time.
  ///   - grant: gets the slab on `eventLoop`, perhaps after the ticket was dropped; then this closure has to release
  ///     it.
  /// - Returns: the request, for ``drop(_:)``.
  func wait(
    upTo size: Int,
    isSlow: Bool,
    on eventLoop: any EventLoop,
    grant: @escaping @Sendable (Slab) -> Void
  ) -> Ticket {
    let ticket = state.withLock { state in
      let least = min(size, Slab.small)
      return state.enqueue(least: least, isSlow: isSlow) { state in
        guard let slab = state.slabIfRoom(size) ?? state.slabIfRoom(least) else { return nil }
        return { eventLoop.execute { grant(slab) } }
      }
    }
    serve()
    return ticket
  }

  /// Stops waiting. Does nothing when the ticket has been served or dropped: a slab that was granted still arrives.
  func drop(_ ticket: Ticket) {
    state.withLock { $0.drop(ticket) }
    serve()
  }

  /// Offers a slab that a slow upload is filling to other uploads, until it is withdrawn or released.
  /// - Parameter recall: called at most once, on `eventLoop`, when another upload needs the slab, which is then to be
  ///   written and released; perhaps after it was withdrawn.
  func offer(_ slab: Slab, on eventLoop: any EventLoop, recall: @escaping @Sendable () -> Void) {
    state.withLock { $0.offers.add(slab) { eventLoop.execute(recall) } }
    serve()
  }

  /// Withdraws an offered slab that is about to be written, and released after that. Does nothing when it is not on
  /// offer.
  func withdraw(_ slab: Slab) {
    state.withLock { $0.offers.withdraw(slab) }
  }

  /// Returns a slab to the budget, which grants its room to the next waiting upload. Its content is lost.
  func release(_ slab: Slab) {
    state.withLock { state in
      state.used -= slab.bytes.count
      slab.count = 0
      state.offers.noteReturn(of: slab)
      guard state.spareBytes + slab.bytes.count <= Self.spareLimit else { return }
      state.spare.append(slab)
      state.spareBytes += slab.bytes.count
    }
    serve()
  }

  /// Unmaps the slabs that stay mapped for the next upload; call it when no upload runs.
  package func dropSpare() {
    // Unmapped with the last reference, outside the lock.
    _ = state.withLock { state in
      defer { (state.spare, state.spareBytes) = ([], 0) }
      return state.spare
    }
  }

  /// Grants slabs and room as long as there is room, then recalls as many slabs as the waiting requests need, less those
  /// that have been recalled already.
  private func serve() {
    while true {
      let (grant, recalls) = state.withLock { state -> ((@Sendable () -> Void)?, [SlabOffers.Recall]) in
        if let grant = state.grantNext() { return (grant, []) }
        return (nil, state.offers.recall(state.awaited - (limit - state.used)))
      }
      recalls.forEach { $0() }
      guard let grant else { return }
      grant()
    }
  }

  // MARK: Other memory

  /// Counts a receive buffer that is about to grow; stop counting with ``shrinkBuffer(by:)``.
  /// - Parameter count: by how many bytes.
  /// - Returns: false, and nothing is counted, when it must not grow: the limit would be exceeded, requests for memory
  ///   wait, or all buffers together would use more than a quarter of the limit.
  package func growBuffer(by count: Int) -> Bool {
    state.withLock { state in
      let hasRoom = !state.isContended && state.used + count <= limit
      guard hasRoom, state.buffers + count <= limit / Self.buffersShare else { return false }
      state.used += count
      state.buffers += count
      return true
    }
  }

  /// Stops counting `count` bytes of a receive buffer that ``growBuffer(by:)`` has counted.
  package func shrinkBuffer(by count: Int) {
    state.withLock { state in
      state.used -= count
      state.buffers -= count
    }
    serve()
  }

  /// The most that reservations may use together, in bytes, so that there is always room for uploads: a quarter of the
  /// limit, at least 3 MiB.
  package var reservable: Int { max(limit / 4, 3 * Slab.large) }

  /// Reserves memory that is no slab, such as that of a listing; waits until uploads have released enough.
  /// - Parameter count: in bytes.
  /// - Returns: the reservation, to be retained as long as the memory; nil at once when all reservations together would
  ///   exceed ``reservable``.
  package func reserve(_ count: Int) async -> MemoryReservation? {
    let isAllowed = state.withLock { state in
      guard state.reserved + count <= reservable else { return false }
      state.reserved += count
      return true
    }
    guard isAllowed else { return nil }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      state.withLock { state in
        _ = state.enqueue(least: count, isSlow: false) { state in
          guard state.used + count <= state.limit else { return nil }
          state.dropSpare(toAdd: count)
          state.used += count
          return { continuation.resume() }
        }
      }
      serve()
    }
    return MemoryReservation(count, of: self)
  }

  fileprivate func releaseReservation(_ count: Int) {
    state.withLock { state in
      state.used -= count
      state.reserved -= count
    }
    serve()
  }
}

/// Memory that counts in a budget as long as this is referenced. Counts only: the memory itself is allocated elsewhere.
package final class MemoryReservation: Sendable {
  /// In bytes.
  package let count: Int
  private let budget: MemoryBudget

  fileprivate init(_ count: Int, of budget: MemoryBudget) {
    self.count = count
    self.budget = budget
  }

  deinit {
    budget.releaseReservation(count)
  }
}

/// What a ``MemoryBudget`` has granted, and what waits for it. Changed under its lock alone.
private struct BudgetState {
  /// Takes memory, and returns the closure that notifies its requester, to be called without the lock; nil when there
  /// is no room.
  typealias Grant = @Sendable (inout BudgetState) -> (@Sendable () -> Void)?

  struct Request {
    let ticket: MemoryBudget.Ticket
    /// The fewest bytes that satisfy the request.
    let least: Int
    let grant: Grant
  }

  let limit: Int
  /// Bytes of slabs, receive buffers and reservations, without spare slabs.
  var used = 0
  var buffers = 0
  var reserved = 0
  /// The fewest bytes that satisfy all waiting requests together.
  var awaited = 0
  var fast = CircularBuffer<Request>()
  var slow = CircularBuffer<Request>()
  /// Whether the queue of slow uploads was served last, so that the other one is next.
  var hasServedSlow = true
  var nextTicket: UInt64 = 0
  var offers = SlabOffers()
  /// Slabs that stay mapped for the next upload: a new mapping costs a page fault every 4 KiB.
  var spare: [Slab] = []
  var spareBytes = 0

  /// Whether any request waits.
  var isContended: Bool { !fast.isEmpty || !slow.isEmpty }

  /// A slab of `size` bytes, spare or new, counted as used; nil when there is no room for it, or the system has no memory
  /// left.
  mutating func slabIfRoom(_ size: Int) -> Slab? {
    guard used + size <= limit else { return nil }
    let slab: Slab?
    if let index = spare.lastIndex(where: { $0.bytes.count == size }) {
      spareBytes -= size
      slab = spare.remove(at: index)
    } else {
      dropSpare(toAdd: size)
      slab = Slab(size: size)
    }
    if slab != nil { used += size }
    return slab
  }

  /// Unmaps all spare slabs if `size` more used bytes and they would together exceed the limit.
  mutating func dropSpare(toAdd size: Int) {
    if used + spareBytes + size > limit { (spare, spareBytes) = ([], 0) }
  }

  /// Adds a request to the queue of slow uploads, or to the other one.
  /// - Parameter least: the fewest bytes that satisfy it.
  mutating func enqueue(least: Int, isSlow: Bool, grant: @escaping Grant) -> MemoryBudget.Ticket {
    nextTicket += 1
    let request = Request(ticket: MemoryBudget.Ticket(number: nextTicket), least: least, grant: grant)
    awaited += least
    if isSlow { slow.append(request) } else { fast.append(request) }
    return request.ticket
  }

  mutating func drop(_ ticket: MemoryBudget.Ticket) {
    if let index = fast.firstIndex(where: { $0.ticket == ticket }) { awaited -= fast.remove(at: index).least }
    if let index = slow.firstIndex(where: { $0.ticket == ticket }) { awaited -= slow.remove(at: index).least }
  }

  /// Grants the next request, from the two queues in turn, if there is room for it.
  /// - Returns: the closure that notifies the waiting upload, to be called without the lock; nil when nothing is granted.
  mutating func grantNext() -> (@Sendable () -> Void)? {
    let isSlow = fast.isEmpty || (!slow.isEmpty && !hasServedSlow)
    guard let request = isSlow ? slow.first : fast.first, let notify = request.grant(&self) else { return nil }
    awaited -= request.least
    hasServedSlow = isSlow
    if isSlow { slow.removeFirst() } else { fast.removeFirst() }
    return notify
  }
}
