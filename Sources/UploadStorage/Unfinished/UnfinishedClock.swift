import Glibc

/// What the records of unfinished uploads are compared with: the time, and the boot of the system. Tests replace it.
struct UnfinishedClock: Sendable {
  /// Differs between boots of the system; empty where it is not known, which is like no other boot.
  var bootID: String
  /// Seconds since 1970.
  var now: @Sendable () -> Int64

  /// Reads the boot's ID from the kernel; blocks for an instant.
  static var system: UnfinishedClock {
    var text = ""
    let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        let bytes = buffer.prefix(max(0, count)).prefix { $0 > 0x20 }
        text = String(decoding: bytes, as: UTF8.self)
      }
      close(descriptor)
    }
    return UnfinishedClock(bootID: text) { Int64(time(nil)) }
  }

  /// Whether a record was written in this boot, so that its counter file is as it was written last.
  func isSameBoot(_ entry: UnfinishedEntry) -> Bool { !bootID.isEmpty && entry.bootID == bootID }
}
