import CLinux
import Glibc
import Synchronization

/// The memory that one upload uses: the regions of its slabs or its form, and its network buffers. Callable from any
/// thread; part of an ``UploadMeter``.
struct UploadMemory: ~Copyable, Sendable {
  private let regionBytes = Atomic<Int>(0)
  /// Locked once per slab, and once per sample: a region is not released while its pages are counted.
  private let regions = Mutex<[MemoryRegion]>([])
  private let networkBytes = Atomic<Int>(0)
  private let peak = Atomic<Int>(0)

  /// Bytes in use now: the resident pages of the regions, and the network buffers. Makes system calls for each region,
  /// about a microsecond per mebibyte, so it is not for the byte path.
  var residentBytes: Int {
    regions.withLock { $0.reduce(0) { $0 + $1.residentBytes } } + networkBytes.load(ordering: .relaxed)
  }

  /// The most bytes in use at once: whole regions, resident or not, and the network buffers.
  var peakBytes: Int { peak.load(ordering: .relaxed) }

  func add(_ region: MemoryRegion) {
    regions.withLock { $0.append(region) }
    regionBytes.wrappingAdd(region.count, ordering: .relaxed)
    notePeak()
  }

  /// Stops counting a region from ``add(_:)``; changes nothing for any other.
  func remove(_ region: MemoryRegion) {
    regions.withLock { regions in
      guard let index = regions.firstIndex(of: region) else { return }
      regions.remove(at: index)
      regionBytes.wrappingSubtract(region.count, ordering: .relaxed)
    }
  }

  /// Stops counting all regions and network buffers; ``peakBytes`` does not change.
  func removeAll() {
    regions.withLock { $0 = [] }
    regionBytes.store(0, ordering: .relaxed)
    networkBytes.store(0, ordering: .relaxed)
  }

  func setNetworkBytes(_ count: Int) {
    networkBytes.store(count, ordering: .relaxed)
    notePeak()
  }

  private func notePeak() {
    peak.max(regionBytes.load(ordering: .relaxed) + networkBytes.load(ordering: .relaxed), ordering: .relaxed)
  }
}

/// The address range of memory that an upload uses, to count its resident pages. Does not own the memory, which must
/// not be released while a meter counts it.
package struct MemoryRegion: Sendable, Equatable {
  private let address: UInt
  /// In bytes.
  package let count: Int

  package init(_ bytes: UnsafeRawBufferPointer) {
    address = UInt(bitPattern: bytes.baseAddress)
    count = bytes.count
  }

  /// How many of its bytes are in physical memory by the kernel's count (`mincore`), without pages never touched. In
  /// whole pages, at most ``count``; 0 when the range is no longer mapped. Makes a system call.
  package var residentBytes: Int {
    // A page that it shares with other memory counts whole: at most one at each end.
    let offset = address % Self.pageSize
    return min(count, clinux_resident_bytes(UnsafeRawPointer(bitPattern: address - offset), count + Int(offset)))
  }

  private static let pageSize = UInt(max(1, sysconf(Int32(_SC_PAGESIZE))))
}
