import Glibc
import NIOCore
import UploadCore

/// A page-aligned block of memory between socket and disk.
///
/// Unchecked: a slab has one owner at a time, and only its owner changes it. The event loop that fills it passes it to the
/// worker that writes it, and gets it back when the write has ended; a second worker that hashes it meanwhile only reads, as
/// the first does. ``isRecalled`` alone is the budget's, which accesses it under its lock.
package final class Slab: @unchecked Sendable {
  /// The least that a slow upload fills: 4 KiB, in bytes.
  package static let tiny = 4 * 1024
  /// What a small upload needs: 64 KiB, in bytes.
  package static let small = 64 * 1024
  /// What a fast upload fills: 1 MiB, in bytes.
  package static let large = 1024 * 1024

  let bytes: UnsafeMutableRawBufferPointer
  /// How much of it has been filled, in bytes.
  package internal(set) var count = 0
  /// Whether the budget has recalled it; accessed by ``SlabOffers`` alone, under the budget's lock.
  fileprivate var isRecalled = false

  /// Maps `size` bytes, all zero; nil when the system has no memory left. Counts in no budget: ``MemoryBudget`` does
  /// that.
  init?(size: Int) {
    guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED
    else { return nil }
    bytes = UnsafeMutableRawBufferPointer(start: base, count: size)
  }

  deinit {
    munmap(bytes.baseAddress, bytes.count)
  }

  /// Its address range, to count its resident pages.
  var region: MemoryRegion { MemoryRegion(UnsafeRawBufferPointer(bytes)) }

  /// How many more bytes fit.
  var room: Int { bytes.count - count }

  /// The filled part.
  package var filled: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }

  /// Zeroes the bytes from the end of the filled part up to the next multiple of `alignment`, which do not count as
  /// filled.
  /// - Returns: how many bytes were zeroed; 0 when it ends at a multiple.
  func pad(to alignment: Int) -> Int {
    let padding = min(room, (alignment - count % alignment) % alignment)
    if let base = bytes.baseAddress { memset(base + count, 0, padding) }
    return padding
  }

  /// Copies as much of `source` as fits behind the filled part.
  /// - Returns: how many bytes were copied.
  func append(_ source: UnsafeRawBufferPointer) -> Int {
    let copied = min(room, source.count)
    guard copied > 0, let from = source.baseAddress, let to = bytes.baseAddress else { return 0 }
    memcpy(to + count, from, copied)
    count += copied
    return copied
  }
}

/// Partly filled slabs that their slow uploads can do without, in the order in which they were offered. Not locked: the
/// budget uses it under its lock.
struct SlabOffers {
  /// Makes an upload write and release its slab; to be called without the lock.
  typealias Recall = @Sendable () -> Void

  private var offers: [ObjectIdentifier: (slab: Slab, recall: Recall)] = [:]
  /// The order, oldest first; may include slabs that have been withdrawn since.
  private(set) var order = CircularBuffer<ObjectIdentifier>()
  /// Bytes of slabs that have been recalled and not returned yet.
  private var recalled = 0

  /// Offers a slab until it is withdrawn, recalled or returned.
  mutating func add(_ slab: Slab, recall: @escaping Recall) {
    offers[ObjectIdentifier(slab)] = (slab, recall)
    order.append(ObjectIdentifier(slab))
    // Slabs that were withdrawn without having been recalled are still in the order.
    guard order.count > 2 * offers.count + 64 else { return }
    var seen = Set<ObjectIdentifier>()
    // A slab that was offered again has the place of its last offer.
    let latest = order.reversed().filter { offers[$0] != nil && seen.insert($0).inserted }
    order = CircularBuffer(latest.reversed())
  }

  /// Withdraws a slab's offer, if there is one.
  mutating func withdraw(_ slab: Slab) {
    offers[ObjectIdentifier(slab)] = nil
  }

  /// Recalls the slabs that were offered first, until `count` bytes are recalled, including those recalled before and
  /// not returned yet, or no offer is left.
  /// - Returns: closures to be called without the lock.
  mutating func recall(_ count: Int) -> [Recall] {
    var recalls: [Recall] = []
    while recalled < count, let identity = order.popFirst() {
      guard let offer = offers.removeValue(forKey: identity) else { continue }
      offer.slab.isRecalled = true
      recalled += offer.slab.bytes.count
      recalls.append(offer.recall)
    }
    return recalls
  }

  /// Ends the offer or the recall of a slab that is returned to the budget; call it for every slab.
  mutating func noteReturn(of slab: Slab) {
    withdraw(slab)
    guard slab.isRecalled else { return }
    slab.isRecalled = false
    recalled -= slab.bytes.count
  }
}
