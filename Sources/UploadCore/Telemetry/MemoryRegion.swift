import CLinux
import Glibc

/// A piece of memory that an upload holds, named so that its resident pages can be counted; it owns nothing.
package struct MemoryRegion: Sendable, Equatable {
  private let address: UInt
  /// In bytes.
  package let count: Int

  package init(_ bytes: UnsafeRawBufferPointer) {
    address = UInt(bitPattern: bytes.baseAddress)
    count = bytes.count
  }

  /// How many of its bytes are in memory, by the kernel's count (`mincore`): whole pages, those never touched left out.
  package var residentBytes: Int {
    // A page that it shares with others counts whole: at most one at each end.
    let offset = address % Self.pageSize
    return min(count, clinux_resident_bytes(UnsafeRawPointer(bitPattern: address - offset), count + Int(offset)))
  }

  private static let pageSize = UInt(max(1, sysconf(Int32(_SC_PAGESIZE))))
}
