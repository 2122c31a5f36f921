import NIOCore
import Synchronization

/// The memory for request headers that are not complete, over all connections that have presented no token: above
/// ``limit`` the connections whose headers began first are evicted.
///
/// Headers that arrive in one read never come here; others lock once for each read.
final class UnfinishedHeaders: Sendable {
  /// In bytes.
  static let limit = 64 * 1024 * 1024
  /// The decoder holds each byte about twice: in its buffer, and in the fields that are complete (measured: 132 KiB for
  /// 60 KB).
  private static let copies = 2

  /// The headers of one connection.
  struct Entry: Sendable, Hashable {
    fileprivate let number: UInt64
  }

  private struct Item {
    var bytes: Int
    let evict: @Sendable () -> Void
  }

  private struct State {
    var items: [UInt64: Item] = [:]
    /// In the order in which they began; may hold numbers that are gone.
    var order = CircularBuffer<UInt64>()
    var bytes = 0
    var nextNumber: UInt64 = 0

    /// - Returns: what evicts those that are too much now; to be called without the lock.
    mutating func set(_ bytes: Int, of number: UInt64, limit: Int) -> [@Sendable () -> Void] {
      guard let old = items[number]?.bytes else { return [] }
      items[number]?.bytes = bytes
      self.bytes += bytes - old
      var evicted: [@Sendable () -> Void] = []
      while self.bytes > limit, let oldest = order.popFirst() {
        guard let item = items.removeValue(forKey: oldest) else { continue }
        self.bytes -= item.bytes
        evicted.append(item.evict)
      }
      return evicted
    }

    mutating func remove(_ number: UInt64) {
      guard let item = items.removeValue(forKey: number) else { return }
      bytes -= item.bytes
      // Those that are gone must not pile up behind one that stays.
      if order.count > 2 * items.count + 64 { order = CircularBuffer(order.filter { items[$0] != nil }) }
    }
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int = UnfinishedHeaders.limit) {
    self.limit = limit
  }

  /// Memory counted now, in bytes.
  var bytes: Int { state.withLock { $0.bytes } }

  /// Entries and places of former ones that are kept now.
  var remembered: Int { state.withLock { $0.items.count + $0.order.count } }

  /// Headers have begun and are not complete.
  /// - Parameters:
  ///   - count: bytes received of them.
  ///   - evict: called at most once, on any thread, when the connection must give them up.
  func add(_ count: Int, evict: @escaping @Sendable () -> Void) -> Entry {
    let (entry, evicted) = state.withLock { state in
      state.nextNumber += 1
      let number = state.nextNumber
      state.items[number] = Item(bytes: 0, evict: evict)
      state.order.append(number)
      return (Entry(number: number), state.set(count * Self.copies, of: number, limit: limit))
    }
    for evict in evicted { evict() }
    return entry
  }

  /// So many bytes of an entry's headers have been received by now.
  func set(_ count: Int, of entry: Entry) {
    let evicted = state.withLock { $0.set(count * Self.copies, of: entry.number, limit: limit) }
    for evict in evicted { evict() }
  }

  /// An entry's headers are complete, or its connection is gone. Does nothing for one that was evicted.
  func remove(_ entry: Entry) {
    state.withLock { $0.remove(entry.number) }
  }
}
