import CLinux
import Glibc

/// The process's memory as the kernel counts it.
package struct ProcessMemory: Sendable, Equatable {
  /// Resident set size in bytes (`/proc/self/statm`).
  package var resident: UInt64
  /// The largest the resident set has been, in bytes (`VmHWM`).
  package var peak: UInt64

  package init(resident: UInt64, peak: UInt64) {
    self.resident = resident
    self.peak = max(peak, resident)
  }

  /// Reads both now; zeros where `/proc` is not there.
  package static func current() -> ProcessMemory {
    let pages = ProcFile.read("/proc/self/statm").split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
    return ProcessMemory(
      resident: pages * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE)))),
      peak: (ProcFile.kibibytes(of: "VmHWM", in: "/proc/self/status") ?? 0) * 1024
    )
  }

  /// Memory a new buffer could take without pushing the machine into swapping, in bytes (`MemAvailable`); nil where the
  /// kernel does not say.
  package static func available() -> UInt64? {
    ProcFile.kibibytes(of: "MemAvailable", in: "/proc/meminfo").map { $0 * 1024 }
  }
}

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

/// Small files of `/proc`, read whole.
package enum ProcFile {
  /// The file's text, at most 16 KiB of it; empty when it cannot be read.
  package static func read(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    return String(unsafeUninitializedCapacity: 16 * 1024) { buffer in
      max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
    }
  }

  /// The number behind `key:` in a file of lines such as `VmHWM:    1234 kB`.
  package static func kibibytes(of key: String, in path: String) -> UInt64? {
    kibibytes(of: key, inText: read(path))
  }

  /// The same in a file's text.
  package static func kibibytes(of key: String, inText text: String) -> UInt64? {
    for line in text.split(separator: "\n") where line.hasPrefix(key + ":") {
      // Some of these files put blanks before the number, some a tab.
      return line.dropFirst(key.count + 1).split { $0 == " " || $0 == "\t" }.first.flatMap { UInt64($0) }
    }
    return nil
  }
}
