import Glibc
import Synchronization
package import UploadCore

/// The last descriptors of the process, which no connection and no file of an upload may use.
///
/// Libraries open files of their own at any time, and some end the process when they cannot: libdispatch's thread monitor
/// does. So descriptors never run out here: connections wait in the kernel's queue, and uploads are rejected. The
/// descriptors that are free when the server starts, less the reserved ones, are shared: a third for connections, a third
/// for the one file that each of them may download at a time, and a third for the files of uploads, which a form keeps open
/// until it ends.
package enum DescriptorReserve {
  /// How many are reserved.
  private static let count = 24

  /// What is opened between the count of open descriptors and the first connection: listeners, and what the runtime needs
  /// once.
  private static let margin = 8

  /// What a process has open before a server starts: standard descriptors, and those of the runtime and of the main loop,
  /// which may be opened at any time until then.
  private static let runtime = 12

  /// So many files of uploads may be open however few descriptors there are: one for each disk thread.
  private static let leastFiles = WorkerPool.diskThreads

  /// A server starts only if there can be so many connections, downloads, and files of uploads each.
  private static let leastShare = 4

  /// What is open before the first connection.
  private static let base = Atomic<Int>(24)

  /// Files of uploads that are open, or about to be.
  private static let files = Atomic<Int>(0)

  /// Checks, before anything of a server is made, that the process may open enough files for it.
  /// - Parameters:
  ///   - own: what the server itself is going to open, before the first connection.
  /// - Throws: ``UploadError`` with code `cannotListen` that names the limit and the least.
  package static func check(own: Int) throws(UploadError) {
    // Where none is free, all are in use.
    let least = max(lowestFree ?? limit, runtime) + own + margin + count + 3 * leastShare
    guard limit < least else { return }
    throw UploadError(
      .cannotListen,
      "Cannot start: this process may have \(limit) files open (ulimit -n), and a server needs at least \(least). "
        + "Raise the limit: ulimit -n \(max(1024, least)), or LimitNOFILE= in a systemd unit."
    )
  }

  /// Counts the descriptors that are open before the first connection.
  /// - Returns: how many connections each of `listeners` may have at once.
  package static func connections(listeners: Int) -> Int {
    if let free = lowestFree { base.store(free + margin, ordering: .relaxed) }
    return max(1, share / max(1, listeners))
  }

  /// The lowest number that is free: about as many are open. nil when there is none.
  private static var lowestFree: Int? {
    let free = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard free >= 0 else { return nil }
    close(free)
    return Int(free)
  }

  /// Whether `descriptor` is one of the last: the caller has to close it at once.
  package static func contains(_ descriptor: Int32) -> Bool {
    Int(descriptor) >= limit - count
  }

  /// Opens a file of an upload, or the directory on behalf of some, unless that would be one too many.
  /// - Parameter open: returns the descriptor, or a negative number with `errno` set.
  /// - Returns: what `open` returned; or -1 with EMFILE in `errno`, in which case a file may have been created all the same.
  static func openFile(_ open: () -> Int32) -> Int32 {
    // Counted before it is opened: workers that open many at once must not use the last ones even for a moment.
    guard files.add(1, ordering: .relaxed).newValue <= max(leastFiles, share) else {
      files.subtract(1, ordering: .relaxed)
      errno = EMFILE
      return -1
    }
    let descriptor = open()
    guard descriptor >= 0 else {
      files.subtract(1, ordering: .relaxed)
      return descriptor
    }
    guard contains(descriptor) else { return descriptor }
    closeFile(descriptor)
    errno = EMFILE
    return -1
  }

  /// Closes what ``openFile(_:)`` returned.
  static func closeFile(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    close(descriptor)
    files.subtract(1, ordering: .relaxed)
  }

  /// A third of the descriptors that clients may use.
  private static var share: Int {
    (limit - count - base.load(ordering: .relaxed)) / 3
  }

  /// Files that this process may have open.
  private static var limit: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return .max }
    return Int(clamping: limit.rlim_cur)
  }
}
