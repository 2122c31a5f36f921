import Glibc

/// The memory of a process as the kernel counts it.
package struct ProcessMemory: Sendable, Equatable {
  /// Resident set size in bytes.
  package var resident: UInt64
  /// The largest resident set size since the process began, in bytes; never below ``resident`` when it is initialized.
  package var peak: UInt64

  package init(resident: UInt64, peak: UInt64) {
    self.resident = resident
    self.peak = max(peak, resident)
  }

  /// Reads the memory of this process now (`/proc/self/statm`, and `VmHWM` of `/proc/self/status`); zeros where they
  /// cannot be read.
  package static func current() -> ProcessMemory {
    let pages = ProcFile.read("/proc/self/statm").split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
    return ProcessMemory(
      resident: pages * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE)))),
      peak: (ProcFile.kibibytes(of: "VmHWM", in: "/proc/self/status") ?? 0) * 1024
    )
  }

  /// How much memory new buffers may use in all without making the machine swap, in bytes (`MemAvailable` of
  /// `/proc/meminfo`); nil where the kernel does not report it.
  package static func available() -> UInt64? {
    ProcFile.kibibytes(of: "MemAvailable", in: "/proc/meminfo").map { $0 * 1024 }
  }
}

/// Reads small text files of `/proc`.
package enum ProcFile {
  /// The first part of the file at `path` as text, at most 16 KiB, from one read; empty when it cannot be read.
  package static func read(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    return String(unsafeUninitializedCapacity: 16 * 1024) { buffer in
      max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
    }
  }

  /// The number, in KiB, of the field `key` in the first 16 KiB of a file with fields such as `VmHWM:    1234 kB`; nil
  /// when there is no such field or the file cannot be read.
  package static func kibibytes(of key: String, in path: String) -> UInt64? {
    kibibytes(of: key, inText: read(path))
  }

  /// The number, in KiB, of the field `key` in a text with fields such as `VmHWM:    1234 kB`; nil when there is none.
  package static func kibibytes(of key: String, inText text: String) -> UInt64? {
    var (text, key) = (text, key + ":")
    return text.withUTF8 { text in key.withUTF8 { kibibytes(of: $0, in: text) } }
  }

  /// - Parameter key: with its colon.
  private static func kibibytes(of key: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>) -> UInt64? {
    var rest = text[...]
    while !rest.isEmpty {
      let line = rest.prefix { $0 != UInt8(ascii: "\n") }
      rest = rest.dropFirst(line.count + 1)
      guard line.starts(with: key) else { continue }
      // The number follows spaces in some files, a tab in others.
      let number = line.dropFirst(key.count).drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      let digits = number.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      return UInt64(String(decoding: digits, as: UTF8.self))
    }
    return nil
  }
}

/// The limit on the open descriptors of this process (getrlimit(2), RLIMIT_NOFILE).
package enum DescriptorLimit {
  /// The soft limit now, a number of descriptors; `Int.max` where there is none, or where it cannot be read.
  package static var current: Int { limits.map { Int(clamping: $0.rlim_cur) } ?? .max }

  /// Raises the soft limit to the hard one, for this process and the children it starts later. Does nothing on failure.
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
