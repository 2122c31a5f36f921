import Glibc
package import UploadCore

/// Anonymous memory of a test, of which none is resident until it is touched; unmapped with its last reference.
package final class MappedPages: Sendable {
  /// All of the memory; valid only while this object lives.
  package let region: MemoryRegion
  private let address: UInt
  private let count: Int

  /// Maps new pages of zeros.
  /// - Parameter count: in bytes, more than 0.
  package init(_ count: Int) {
    let base = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(base != MAP_FAILED, "no memory for a test")
    region = MemoryRegion(UnsafeRawBufferPointer(start: base, count: count))
    address = UInt(bitPattern: base)
    self.count = count
  }

  deinit {
    munmap(UnsafeMutableRawPointer(bitPattern: address), count)
  }

  /// Writes a 1 to each of the first `count` bytes, or of all where there are fewer, so that their pages become
  /// resident.
  package func touch(_ count: Int) {
    let bytes = UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(bitPattern: address), count: self.count)
    bytes.prefix(count).indices.forEach { bytes[$0] = 1 }
  }
}
