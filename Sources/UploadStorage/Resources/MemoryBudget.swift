import NIOCore
import Synchronization
package import UploadCore

/// The limit on all slabs and receive buffers together.
///
/// An upload that finds the budget spent waits in one of two queues: one for uploads that fill their slabs, one for slow
/// uploads. The queues are served in turn, so that thousands of slow uploads never delay a fast one by more than one grant.
/// An upload never waits for ever, because a slow upload offers the slab that it has filled in part, and releases it when it
/// is recalled.
///
/// Locked once per slab (64 KiB or 1 MiB) or change of a buffer's size, never per chunk.
package final class MemoryBudget: Sendable {
  /// The least that lets one upload run at full speed: a first small slab and three large ones, rounded up.
  package static let minimum = 4 * Slab.large

  /// Identifies a waiting upload until it is granted a slab, or stops waiting.
  struct Ticket: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  /// Which queue an upload waits in.
  enum Pace: Sendable {
    /// New, or it filled its last slab in time.
    case fast
    /// It did not: the small buffer of its own is enough for a while.
    case slow
  }

  fileprivate struct Waiter {
    var ticket: Ticket
    var request: Request

    /// What it needs at least, in bytes.
    var least: Int {
      switch request {
      case .slab: Slab.small
      case .room(let count, _): count
      }
    }
  }

  fileprivate enum Request {
    /// A slab of up to so many bytes; a small one where there is no room for that.
    case slab(Int, any EventLoop, @Sendable (Slab) -> Void)
    /// So many bytes for something else.
    case room(Int, @Sendable () -> Void)
  }

  fileprivate enum Grant {
    case slab(Slab, any EventLoop, @Sendable (Slab) -> Void)
    case room(@Sendable () -> Void)

    func send() {
      switch self {
      case .slab(let slab, let eventLoop, let grant): eventLoop.execute { grant(slab) }
      case .room(let grant): grant()
      }
    }
  }

  /// A partly filled slab that its upload can do without.
  fileprivate struct Offer {
    var slab: Slab
    var eventLoop: any EventLoop
    var recall: @Sendable () -> Void

    func send() {
      eventLoop.execute(recall)
    }
  }

  fileprivate struct State {
    /// By slabs, buffers and reservations.
    var used = 0
    var buffers = 0
    var reserved = 0
    /// What all waiters need at least, in bytes.
    var awaited = 0
    var fast = CircularBuffer<Waiter>()
    var slow = CircularBuffer<Waiter>()
    /// Which queue was served last.
    var served = Pace.slow
    var nextTicket: UInt64 = 0
    /// Slabs on offer, by identity.
    var offers: [ObjectIdentifier: Offer] = [:]
    /// Their order, oldest first; with some that have been withdrawn since.
    var offered = CircularBuffer<ObjectIdentifier>()
    /// Bytes of slabs that have been recalled and not returned yet.
    var recalled = 0
    /// Slabs kept mapped for the next upload: a new mapping costs a page fault every 4 KiB.
    var spare: [Slab] = []
    var spareBytes = 0
  }

  /// How much is kept mapped while it is unused, in bytes: what the next upload needs. More would be memory that no upload
  /// accounts for.
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

  /// Receive buffers never use more than this share (one in so many), or uploads could hold buffers and wait for slabs for
  /// ever.
  private static let buffersShare = 4

  /// The reading for telemetry.
  package var use: SlabUse {
    SlabUse(used: state.withLock { $0.used }, budget: limit)
  }

  /// The size of the order of offers, for tests.
  var offersKept: Int {
    state.withLock { $0.offered.count }
  }

  /// A slab at once; nil when the budget is spent, or others wait already.
  /// - Parameter size: ``Slab/small`` or ``Slab/large``, in bytes. Where there is no room for a large slab a small one is
  ///   granted, and slow uploads' slabs are recalled, so that the next can be large. No upload waits for a large one: others
  ///   would have to wait until so much has been released.
  func take(upTo size: Int) -> Slab? {
    let (slab, recalls) = state.withLock { state -> (Slab?, [Offer]) in
      guard !state.isContended else { return (nil, []) }
      if let slab = state.slabIfRoom(size, limit: limit) { return (slab, []) }
      let small = state.slabIfRoom(Slab.small, limit: limit)
      return (small, small == nil ? [] : state.recall(size - (limit - state.used)))
    }
    recalls.forEach { $0.send() }
    return slab
  }

  /// Counts a receive buffer that is about to grow.
  /// - Parameter count: how much larger, in bytes.
  /// - Returns: false when it should not: the budget is short, or buffers have their share of it.
  package func growBuffer(by count: Int) -> Bool {
    state.withLock { state in
      let hasRoom = !state.isContended && state.used + count <= limit
      guard hasRoom, state.buffers + count <= limit / Self.buffersShare else { return false }
      state.used += count
      state.buffers += count
      return true
    }
  }

  /// Stops counting a part of a receive buffer.
  /// - Parameter count: of the part, in bytes.
  package func shrinkBuffer(by count: Int) {
    state.withLock { state in
      state.used -= count
      state.buffers -= count
    }
    serve()
  }

  /// Waits for a slab.
  /// - Parameters:
  ///   - size: as in ``take(upTo:)``.
  ///   - grant: gets the slab on `eventLoop`, perhaps after the ticket was dropped: then it releases the slab.
  func wait(
    upTo size: Int,
    as pace: Pace,
    on eventLoop: any EventLoop,
    grant: @escaping @Sendable (Slab) -> Void
  ) -> Ticket {
    let ticket = state.withLock { $0.enqueue(.slab(size, eventLoop, grant), as: pace) }
    serve()
    return ticket
  }

  /// Stops waiting.
  func drop(_ ticket: Ticket) {
    state.withLock { $0.drop(ticket) }
    serve()
  }

  /// The most that reservations may use together, in bytes, so that there is always room for uploads.
  package var reservable: Int { max(limit / 4, 3 * Slab.large) }

  /// Reserves memory for something else than slabs, such as a listing; waits until uploads have released so much.
  /// - Returns: nil at once when that would be more than ``reservable`` together with what is reserved already.
  package func reserve(_ count: Int) async -> MemoryReservation? {
    let isAllowed = state.withLock { state in
      guard state.reserved + count <= reservable else { return false }
      state.reserved += count
      return true
    }
    guard isAllowed else { return nil }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      state.withLock { _ = $0.enqueue(.room(count) { continuation.resume() }, as: .fast) }
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

  /// Offers a slab that a slow upload is filling to those that wait, now or later, until it is withdrawn or released.
  /// - Parameter recall: called once on `eventLoop`, when another upload needs the slab; perhaps after it was withdrawn.
  func offer(_ slab: Slab, on eventLoop: any EventLoop, recall: @escaping @Sendable () -> Void) {
    state.withLock { $0.add(Offer(slab: slab, eventLoop: eventLoop, recall: recall)) }
    serve()
  }

  /// The slab that was offered is about to be written, and released after that.
  func withdraw(_ slab: Slab) {
    state.withLock { _ = $0.offers.removeValue(forKey: ObjectIdentifier(slab)) }
  }

  /// Returns a slab to the budget, which grants its room to the next upload that waits.
  func release(_ slab: Slab) {
    state.withLock { state in
      state.used -= slab.bytes.count
      slab.count = 0
      state.offers.removeValue(forKey: ObjectIdentifier(slab))
      if slab.isRecalled {
        slab.isRecalled = false
        state.recalled -= slab.bytes.count
      }
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

  /// Grants what there is room for, and recalls what more is needed.
  private func serve() {
    while true {
      let (grant, recalls) = state.withLock { state -> (Grant?, [Offer]) in
        if let grant = state.grantNext(limit: limit) { return (grant, []) }
        return (nil, state.recallForWaiters(limit: limit))
      }
      recalls.forEach { $0.send() }
      guard let grant else { return }
      grant.send()
    }
  }
}

/// Memory that counts in a budget as long as this is referenced.
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

extension MemoryBudget.State {
  var isContended: Bool { !fast.isEmpty || !slow.isEmpty }

  fileprivate mutating func slabIfRoom(_ size: Int, limit: Int) -> Slab? {
    used + size <= limit ? slab(size: size, limit: limit) : nil
  }

  /// A slab of that size, spare or new, counted as used; nil when the system has no memory left.
  private mutating func slab(size: Int, limit: Int) -> Slab? {
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

  fileprivate mutating func enqueue(_ request: MemoryBudget.Request, as pace: MemoryBudget.Pace) -> MemoryBudget.Ticket
  {
    nextTicket += 1
    let waiter = MemoryBudget.Waiter(ticket: MemoryBudget.Ticket(number: nextTicket), request: request)
    awaited += waiter.least
    switch pace {
    case .fast: fast.append(waiter)
    case .slow: slow.append(waiter)
    }
    return waiter.ticket
  }

  fileprivate mutating func drop(_ ticket: MemoryBudget.Ticket) {
    if let index = fast.firstIndex(where: { $0.ticket == ticket }) { awaited -= fast.remove(at: index).least }
    if let index = slow.firstIndex(where: { $0.ticket == ticket }) { awaited -= slow.remove(at: index).least }
  }

  /// What the next waiter is granted, when there is room for it: from the two queues in turn.
  fileprivate mutating func grantNext(limit: Int) -> MemoryBudget.Grant? {
    let isFast = slow.isEmpty || (!fast.isEmpty && served == .slow)
    guard let next = isFast ? fast.first : slow.first else { return nil }
    let grant: MemoryBudget.Grant
    switch next.request {
    case .slab(let size, let eventLoop, let body):
      guard let slab = slabIfRoom(size, limit: limit) ?? slabIfRoom(Slab.small, limit: limit) else { return nil }
      grant = .slab(slab, eventLoop, body)
    case .room(let count, let body):
      guard used + count <= limit else { return nil }
      if used + spareBytes + count > limit { (spare, spareBytes) = ([], 0) }
      used += count
      grant = .room(body)
    }
    awaited -= next.least
    served = isFast ? .fast : .slow
    if isFast { fast.removeFirst() } else { slow.removeFirst() }
    return grant
  }

  fileprivate mutating func add(_ offer: MemoryBudget.Offer) {
    let identity = ObjectIdentifier(offer.slab)
    offers[identity] = offer
    offered.append(identity)
    // Slabs that were withdrawn without having been recalled are still in the order.
    if offered.count > 2 * offers.count + 64 { compactOrder() }
  }

  private mutating func compactOrder() {
    var seen = Set<ObjectIdentifier>()
    // A slab that was offered again stands where it was offered last.
    let latest = offered.reversed().filter { offers[$0] != nil && seen.insert($0).inserted }
    offered = CircularBuffer(latest.reversed())
  }

  /// Recalls as many slabs as the waiters need at least, less those that have been recalled already.
  fileprivate mutating func recallForWaiters(limit: Int) -> [MemoryBudget.Offer] {
    guard isContended, !offers.isEmpty else { return [] }
    return recall(awaited - (limit - used))
  }

  /// Recalls the slabs that have been on offer for longest, until `count` bytes are recalled.
  fileprivate mutating func recall(_ count: Int) -> [MemoryBudget.Offer] {
    var recalls: [MemoryBudget.Offer] = []
    while recalled < count, let identity = offered.popFirst() {
      guard let offer = offers.removeValue(forKey: identity) else { continue }
      offer.slab.isRecalled = true
      recalled += offer.slab.bytes.count
      recalls.append(offer)
    }
    return recalls
  }
}
