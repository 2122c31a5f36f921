import NIOCore
import Synchronization

/// The memory for request headers that are not complete, over all connections that have presented no token. Above
/// ``limit`` the connections whose headers began first are evicted.
///
/// Headers that are complete after one read are not counted here; for others a lock is taken with each read. Callable
/// on any thread.
final class UnfinishedHeaders: Sendable {
  /// The default limit on the memory, in bytes.
  static let limit = 64 * 1024 * 1024
  /// The decoder stores each byte about twice: in its buffer, and in the fields that are complete (measured: 132 KiB
  /// for 60 kB).
  private static let copies = 2

  /// Identifies the incomplete headers of one connection.
  struct Entry: Sendable, Hashable {
    fileprivate let number: UInt64
  }

  private struct Item {
    var bytes = 0
    let evict: @Sendable () -> Void
  }

  private struct State {
    var items: [Entry: Item] = [:]
    /// The entries in the order in which they began; may contain some that have been removed.
    var order = CircularBuffer<Entry>()
    var bytes = 0
    var nextNumber: UInt64 = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int = UnfinishedHeaders.limit) {
    self.limit = limit
  }

  /// Memory counted now, in bytes: twice the bytes received.
  var bytes: Int { state.withLock { $0.bytes } }

  /// How many records are kept now, for tests: two for each entry, and one for a removed entry until it is forgotten.
  var remembered: Int { state.withLock { $0.items.count + $0.order.count } }

  /// Adds headers that have begun and are not complete.
  /// - Parameters:
  ///   - count: bytes received of them.
  ///   - evict: called at most once, on any thread and perhaps within this call, when the connection must release them.
  /// - Returns: the entry to pass to ``set(_:of:)`` and ``remove(_:)``.
  func add(_ count: Int, evict: @escaping @Sendable () -> Void) -> Entry {
    let entry = state.withLock { state in
      state.nextNumber += 1
      let entry = Entry(number: state.nextNumber)
      state.items[entry] = Item(evict: evict)
      state.order.append(entry)
      return entry
    }
    set(count, of: entry)
    return entry
  }

  /// Notes that more of an entry's headers has been received, which may evict this entry or older ones. Does nothing
  /// for an evicted or removed entry.
  /// - Parameter count: all bytes received of them so far.
  func set(_ count: Int, of entry: Entry) {
    let bytes = count * Self.copies
    let evicted = state.withLock { state -> [Item] in
      guard let old = state.items[entry]?.bytes else { return [] }
      state.items[entry]?.bytes = bytes
      state.bytes += bytes - old
      var evicted: [Item] = []
      while state.bytes > limit, let oldest = state.order.popFirst() {
        guard let item = state.items.removeValue(forKey: oldest) else { continue }
        state.bytes -= item.bytes
        evicted.append(item)
      }
      return evicted
    }
    // Not under the lock, which the closures might need.
    for item in evicted { item.evict() }
  }

  /// Stops counting an entry: its headers are complete, or its connection is closed. Does nothing for an evicted entry.
  func remove(_ entry: Entry) {
    state.withLock { state in
      guard let item = state.items.removeValue(forKey: entry) else { return }
      state.bytes -= item.bytes
      // Removed entries must not accumulate after one that remains.
      if state.order.count > 2 * state.items.count + 64 {
        state.order = CircularBuffer(state.order.filter { state.items[$0] != nil })
      }
    }
  }
}
