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

  /// Reads both now; zeros where there is no `/proc`.
  package static func current() -> ProcessMemory {
    let pages = ProcFile.read("/proc/self/statm").split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
    return ProcessMemory(
      resident: pages * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE)))),
      peak: (ProcFile.kibibytes(of: "VmHWM", in: "/proc/self/status") ?? 0) * 1024
    )
  }

  /// How large a new buffer may be without making the machine swap, in bytes (`MemAvailable`); nil where the kernel does
  /// not report it.
  package static func available() -> UInt64? {
    ProcFile.kibibytes(of: "MemAvailable", in: "/proc/meminfo").map { $0 * 1024 }
  }
}

/// Reads small files of `/proc`.
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

  /// The number of the field `key` in a file with fields such as `VmHWM:    1234 kB`; nil when there is no such field.
  package static func kibibytes(of key: String, in path: String) -> UInt64? {
    kibibytes(of: key, inText: read(path))
  }

  /// The same in a file's text.
  package static func kibibytes(of key: String, inText text: String) -> UInt64? {
    for field in text.split(separator: "\n") where field.hasPrefix(key + ":") {
      // The number follows spaces in some files, a tab in others.
      return field.dropFirst(key.count + 1).split { $0 == " " || $0 == "\t" }.first.flatMap { UInt64($0) }
    }
    return nil
  }
}

/// How many descriptors this process may have open (getrlimit(2), RLIMIT_NOFILE).
package enum DescriptorLimit {
  /// The soft limit; `Int.max` where there is none, or where it cannot be read.
  package static var current: Int { limits.map { Int(clamping: $0.rlim_cur) } ?? .max }

  /// Raises the soft limit to the hard one; child processes inherit it.
  package static func raise() {
    guard var limits else { return }
    limits.rlim_cur = limits.rlim_max
    setrlimit(resource, &limits)
  }

  private static var resource: __rlimit_resource_t { __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)) }

  private static var limits: rlimit? {
    var limits = rlimit()
    return getrlimit(resource, &limits) == 0 ? limits : nil
  }
}
