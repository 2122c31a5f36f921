import Glibc

/// The last descriptors of the process, which no connection and no file of an upload may take.
///
/// Libraries open files of their own at any time, and some end the process when they cannot: libdispatch's watch over its
/// threads does. So descriptors never run out here: connections wait in the kernel's queue, and uploads are refused.
package enum DescriptorReserve {
  /// How many are kept.
  private static let count = 24

  /// What is open before the first connection, and a little more.
  private static let base = 24

  /// How many connections each of `listeners` may have at once, with a file for each.
  package static func connections(listeners: Int) -> Int {
    max(1, (limit - count - base) / (2 * max(1, listeners)))
  }

  /// Gives a descriptor back at once when it is one of the last.
  /// - Returns: `descriptor`, which is negative where there is none; or -1, with EMFILE in `errno`.
  static func spare(_ descriptor: Int32) -> Int32 {
    guard Int(descriptor) >= limit - count else { return descriptor }
    close(descriptor)
    errno = EMFILE
    return -1
  }

  /// Files that this process may have open.
  private static var limit: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return .max }
    return Int(clamping: limit.rlim_cur)
  }
}
