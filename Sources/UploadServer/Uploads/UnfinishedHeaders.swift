import NIOCore
import Synchronization

/// The memory for request headers that are not complete, over all connections that have presented no token. Above
/// ``limit`` the connections whose headers began first are evicted.
///
/// Headers that arrive in one read are not counted here; for others a lock is taken with each read.
final class UnfinishedHeaders: Sendable {
  /// In bytes.
  static let limit = 64 * 1024 * 1024
  /// The decoder stores each byte about twice: in its buffer, and in the fields that are complete (measured: 132 KiB for
  /// 60 KB).
  private static let copies = 2

  /// The headers of one connection.
  struct Entry: Sendable, Hashable {
    fileprivate let number: UInt64
  }

  private struct Item {
    var bytes = 0
    let evict: @Sendable () -> Void
  }

  private struct State {
    var items: [Entry: Item] = [:]
    /// In the order in which they began; may contain entries that have been removed.
    var order = CircularBuffer<Entry>()
    var bytes = 0
    var nextNumber: UInt64 = 0

    mutating func add(_ item: Item) -> Entry {
      nextNumber += 1
      let entry = Entry(number: nextNumber)
      items[entry] = item
      order.append(entry)
      return entry
    }

    /// - Returns: the evicted items, whose closures are to be called without the lock.
    mutating func set(_ bytes: Int, of entry: Entry, limit: Int) -> [Item] {
      guard let old = items[entry]?.bytes else { return [] }
      items[entry]?.bytes = bytes
      self.bytes += bytes - old
      var evicted: [Item] = []
      while self.bytes > limit, let oldest = order.popFirst() {
        guard let item = items.removeValue(forKey: oldest) else { continue }
        self.bytes -= item.bytes
        evicted.append(item)
      }
      return evicted
    }

    mutating func remove(_ entry: Entry) {
      guard let item = items.removeValue(forKey: entry) else { return }
      bytes -= item.bytes
      // Removed entries must not accumulate after one that remains.
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

  /// How many entries, present and removed, are remembered now.
  var remembered: Int { state.withLock { $0.items.count + $0.order.count } }

  /// Headers have begun and are not complete.
  /// - Parameters:
  ///   - count: bytes received of them.
  ///   - evict: called at most once, on any thread, when the connection must release them.
  func add(_ count: Int, evict: @escaping @Sendable () -> Void) -> Entry {
    let entry = state.withLock { $0.add(Item(evict: evict)) }
    set(count, of: entry)
    return entry
  }

  /// More of an entry's headers has been received.
  /// - Parameter count: all bytes received of them.
  func set(_ count: Int, of entry: Entry) {
    let evicted = state.withLock { $0.set(count * Self.copies, of: entry, limit: limit) }
    for item in evicted { item.evict() }
  }

  /// An entry's headers are complete, or its connection is closed. Does nothing for an evicted entry.
  func remove(_ entry: Entry) {
    state.withLock { $0.remove(entry) }
  }
}
