import Glibc
import Synchronization
package import UploadCore

/// The last descriptors of the process, which no connection and no file of an upload may use.
///
/// Other code of the process opens files at any time, and some of it ends the process when it cannot: libdispatch's thread
/// monitor does. So the server never uses all descriptors: connections wait in the kernel's queue, and uploads are
/// rejected. The descriptors that are free when the server starts, less the reserved ones, are shared: a third for
/// connections, a third for the one file that each of them may download at a time, and a third for the files of uploads,
/// which a form keeps open until it ends.
package enum DescriptorReserve {
  /// How many descriptors are reserved.
  private static let count = 24

  /// How many descriptors are opened between the count of open ones and the first connection: listeners, and what the
  /// runtime needs once.
  private static let margin = 8

  /// How many descriptors a process has open before a server starts: standard ones, and those of the runtime and of the main
  /// loop, which may be opened at any time until then.
  private static let runtime = 12

  /// How many files of uploads may be open even with few descriptors: one for each disk thread.
  private static let leastFiles = WorkerPool.diskThreads

  /// How many connections, downloads, and files of uploads each must be possible for a server to start.
  private static let leastShare = 4

  /// How many descriptors are open before the first connection.
  private static let base = Atomic<Int>(24)

  /// How many files of uploads are open, or about to be opened.
  private static let files = Atomic<Int>(0)

  /// Checks, before a server opens anything, that the process may open enough files for it.
  /// - Parameter own: how many descriptors the server itself will open before the first connection.
  /// - Throws: ``UploadError`` with code `cannotListen` and the limit and the least that is needed.
  package static func check(own: Int) throws(UploadError) {
    let limit = DescriptorLimit.current
    // Where none is free, all are in use.
    let least = max(lowestFree ?? limit, runtime) + own + margin + count + 3 * leastShare
    guard limit < least else { return }
    throw UploadError(
      .cannotListen,
      "Cannot start: this process may have \(limit) files open (ulimit -n), and a server needs at least \(least). "
        + "Raise the limit: ulimit -n \(max(1024, least)), or LimitNOFILE= in a systemd unit."
    )
  }

  /// Counts the descriptors that are open, and shares the others among clients. Call it when a listener is about to be
  /// opened, before the first connection.
  /// - Returns: how many connections each of `listeners` may have at once; at least 1.
  package static func connections(listeners: Int) -> Int {
    if let free = lowestFree { base.store(free + margin, ordering: .relaxed) }
    return max(1, share / max(1, listeners))
  }

  /// The lowest free number, which is about the number of open descriptors; nil when none is free.
  private static var lowestFree: Int? {
    let free = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard free >= 0 else { return nil }
    close(free)
    return Int(free)
  }

  /// Whether `descriptor` is one of the last 24 that the process may open, which are reserved: then the caller has to
  /// close it at once.
  package static func contains(_ descriptor: Int32) -> Bool {
    isReserved(descriptor, DescriptorLimit.current)
  }

  private static func isReserved(_ descriptor: Int32, _ limit: Int) -> Bool { Int(descriptor) >= limit - count }

  /// How many directories beneath the upload directory may be kept open for later files: an eighth of the descriptors for
  /// files of uploads, which they count among, but no more than a tree needs.
  static var foldersAtOnce: Int { min(64, max(leastFiles, share) / 8) }

  /// Opens a file of an upload, or a directory for a group of them, unless that would be one too many. Close it with
  /// ``closeFile(_:)``.
  /// - Parameter open: returns the descriptor, or a negative number with `errno` set.
  /// - Returns: what `open` returned; or -1 with EMFILE in `errno`, in which case a file may have been created all the
  ///   same.
  static func openFile(_ open: () -> Int32) -> Int32 {
    // Counted before it is opened: workers that open many at once must not use the last ones even for a moment.
    let limit = DescriptorLimit.current
    guard files.add(1, ordering: .relaxed).newValue <= max(leastFiles, share(of: limit)) else {
      files.subtract(1, ordering: .relaxed)
      errno = EMFILE
      return -1
    }
    let descriptor = open()
    guard descriptor >= 0 else {
      files.subtract(1, ordering: .relaxed)
      return descriptor
    }
    guard isReserved(descriptor, limit) else { return descriptor }
    closeFile(descriptor)
    errno = EMFILE
    return -1
  }

  /// Closes what ``openFile(_:)`` returned; does nothing for a negative number.
  static func closeFile(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    close(descriptor)
    files.subtract(1, ordering: .relaxed)
  }

  /// A third of the descriptors that clients may use.
  private static var share: Int { share(of: DescriptorLimit.current) }

  private static func share(of limit: Int) -> Int { (limit - count - base.load(ordering: .relaxed)) / 3 }
}
