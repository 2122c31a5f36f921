import UploadCore
import UploadStorage

/// A listing in another order than the store's.
///
/// To sort it, every entry is opened once, and its name is in memory until the order is known; then only the order is.
/// Both count in the memory budget, and larger listings are not sorted.
struct SortedListing: FileListing {
  /// The most entries that are sorted: it takes about a second to open as many files (measured: 20 µs each).
  static let limit = 10_000
  /// The most memory of one key, in bytes, of which a name of 255 bytes needs most, twice.
  private static let keySize = 640
  /// How many entries are read at a time.
  private static let batch = 64

  private let base: any FileListing
  /// The places of entries in the base's order.
  private let order: [UInt32]
  /// The memory of the order.
  private let reservation: MemoryReservation

  var count: Int { order.count }

  /// Sorts a listing. Entries that are removed meanwhile are left out.
  /// - Returns: nil when it has more than ``limit`` entries, or the budget has no memory for it.
  /// - Throws: what ``FileListing/read(from:into:_:)`` throws.
  static func sorting(_ base: any FileListing, by order: ListingOrder, in budget: MemoryBudget) async throws -> Self? {
    guard base.count <= limit, let reservation = await budget.reserve(max(1, base.count * MemoryLayout<UInt32>.stride))
    else { return nil }
    // Released when the keys are.
    guard let memory = await budget.reserve(max(1, base.count * keySize)) else { return nil }
    defer { withExtendedLifetime(memory) {} }
    var keys = try await keys(of: base, by: order.column)
    keys.sort { $0.key.precedes($1.key, in: order) }
    return SortedListing(base: base, order: keys.map(\.place), reservation: reservation)
  }

  private typealias PlacedKey = (place: UInt32, key: ListingKey)

  private static func keys(of base: any FileListing, by column: ListingOrder.Column) async throws -> [PlacedKey] {
    var (keys, next, step) = ([PlacedKey](), 0, batch)
    while next < base.count {
      let size = step
      let (found, end) = try await base.read(from: next, into: [ListingKey]()) { keys, entry in
        keys.append(ListingKey(entry, by: column))
        return keys.count < size
      }
      if found.count == end - next || step == 1 {
        // Of a single entry the place is the one before the end, whatever was left out in between.
        let start = end - found.count
        keys += found.enumerated().map { (UInt32(start + $0), $1) }
        next = end
      } else {
        // Entries have been removed, so that the places of the others are unknown.
        step = 1
      }
    }
    return keys
  }

  func read<Value: Sendable>(
    from start: Int,
    in order: [UInt32]?,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, ListedEntry) -> Bool
  ) async throws -> (value: Value, next: Int) {
    let order = order.map { $0.map { self.order[Int($0)] } } ?? self.order
    return try await base.read(from: start, in: order, into: initial, body)
  }
}
