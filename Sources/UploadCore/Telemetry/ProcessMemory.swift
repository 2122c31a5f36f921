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
