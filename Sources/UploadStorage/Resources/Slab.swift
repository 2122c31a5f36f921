import Glibc
import UploadCore

/// A page-aligned block of memory between socket and disk.
///
/// Unchecked: a slab has one owner at a time, and only its owner changes it. The event loop that fills it passes it to the
/// worker that writes it, and gets it back when the write has ended; a second worker that hashes it meanwhile only reads, as
/// the first does. ``isRecalled`` alone is the budget's, which accesses it under its lock.
package final class Slab: @unchecked Sendable {
  /// What a small upload needs: 64 KiB.
  package static let small = 64 * 1024
  /// What a fast upload fills: 1 MiB.
  package static let large = 1024 * 1024

  let bytes: UnsafeMutableRawBufferPointer
  /// How much of it has been filled, in bytes.
  var count = 0
  /// Whether the budget has recalled it; accessed by the budget alone, under its lock.
  var isRecalled = false

  /// Maps `size` bytes; nil when the system has no memory left.
  init?(size: Int) {
    guard let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED
    else { return nil }
    bytes = UnsafeMutableRawBufferPointer(start: base, count: size)
  }

  deinit {
    munmap(bytes.baseAddress, bytes.count)
  }

  /// Where it lies, to count its resident pages.
  var region: MemoryRegion { MemoryRegion(UnsafeRawBufferPointer(bytes)) }

  var room: Int { bytes.count - count }

  /// What has been filled.
  var filled: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }

  /// Zeroes what is behind the filled part up to the next multiple of `alignment`.
  /// - Returns: how many bytes that are.
  func pad(to alignment: Int) -> Int {
    let padding = min(room, (alignment - count % alignment) % alignment)
    UnsafeMutableRawBufferPointer(rebasing: bytes[count..<(count + padding)]).initializeMemory(
      as: UInt8.self,
      repeating: 0
    )
    return padding
  }

  /// Copies as much of `source` as fits.
  /// - Returns: how many bytes were copied.
  func append(_ source: UnsafeRawBufferPointer) -> Int {
    let copied = min(room, source.count)
    guard copied > 0, let from = source.baseAddress, let to = bytes.baseAddress else { return 0 }
    memcpy(to + count, from, copied)
    count += copied
    return copied
  }
}
