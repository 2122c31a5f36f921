import Glibc

/// How many descriptors this process may have open (getrlimit(2), RLIMIT_NOFILE).
package enum DescriptorLimit {
  /// The soft limit; `Int.max` where there is none, or where it cannot be read.
  package static var current: Int {
    limits.map { Int(clamping: $0.rlim_cur) } ?? .max
  }

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
