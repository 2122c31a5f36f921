import CLinux
import Glibc
import Logging
import NIOCore
import NIOPosix
import UploadCore
import UploadProtocol
import UploadServer
import UploadStorage

/// Everything a hosted server is made of, put together in one place.
struct ServerEngine: Sendable {
  let directory: UploadDirectory
  let budget: MemoryBudget
  let server: UploadServer
  /// What clients must show; nil when nothing is asked.
  let token: AccessToken?
  /// The token, where it was made here: one that was given is known to who gave it, and no business of a log's or screen's.
  let madeToken: AccessToken?
  private let eventLoops: MultiThreadedEventLoopGroup
  private let writers: WorkerPool

  /// One a core, and no more than eight: an idle server is to need few threads.
  static let eventLoopCount = min(System.coreCount, 8)
  /// Descriptors of an event loop of SwiftNIO: epoll, an event and a timer.
  static let descriptorsPerLoop = 3

  /// Opens the directory and makes the parts; nothing listens yet.
  /// - Parameter otherDescriptors: what the process is going to open beside the server.
  /// - Throws: ``UploadError`` with code `badDirectory` or `badValue`, or `cannotListen` when the process may open too few
  ///   files.
  init(
    options: ServerOptions,
    port: Int,
    directory path: String,
    ledger: UploadLedger,
    logger: Logger,
    otherDescriptors: Int = 0
  ) throws(UploadError) {
    // The directory, and a listener for each port.
    let own = Self.eventLoopCount * Self.descriptorsPerLoop + 1 + (options.rawPort == nil ? 1 : 2)
    try DescriptorReserve.check(own: own + otherDescriptors)
    let configuration = try options.configuration(port: port)
    token = configuration.access.token
    madeToken = options.access.token == nil ? token : nil
    directory = try UploadDirectory(
      path: path,
      minFree: options.minFree.size,
      durability: options.storage.durability,
      fileMode: options.fileMode
    )
    if options.minFree.size.bytes > 0, directory.freeSpace == nil {
      logger.warning(
        "The file system of \(PlainText.sanitized(path)) does not report its free space: --min-free has no effect."
      )
    }
    budget = try MemoryBudget(limit: options.memoryBudget.bytes)
    eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: Self.eventLoopCount)
    writers = WorkerPool(threads: WorkerPool.diskThreads)
    server = UploadServer(
      configuration: configuration,
      store: DiskStore(directory: directory, budget: budget, workers: writers, configuration: options.storage),
      ledger: ledger,
      eventLoopGroup: eventLoops,
      logger: logger
    )
  }

  /// Has the server listen, and serve beside the caller.
  /// - Returns: where, and the task that serves; it ends when the server has stopped, with what went wrong meanwhile.
  /// - Throws: ``UploadError`` with code `cannotListen`.
  func listen() async throws(UploadError) -> (address: ServerAddress, serving: Task<UploadError?, Never>) {
    let (addresses, found) = AsyncStream.makeStream(of: ServerAddress.self)
    let serving = Task.detached { () -> UploadError? in
      defer { found.finish() }
      do throws(UploadError) {
        try await server.run { found.yield($0) }
        return nil
      } catch {
        return error
      }
    }
    for await address in addresses { return (address, serving) }
    throw await serving.value ?? UploadError(.cannotListen, "The server stopped before it listened.")
  }

  /// Room on the file system that uploads go to, in bytes; nil when it cannot be known. May block.
  func freeSpace() -> UInt64? { directory.freeSpace }

  /// Has new connections served with the TLS certificate and key as they are on disk now.
  /// - Returns: the certificate's fingerprint; nil when it comes from no file.
  /// - Throws: ``UploadError`` with code `badCertificate`; the previous certificate and key stay in use.
  func reloadCertificate() async throws(UploadError) -> CertificateFingerprint? {
    let result = await withCheckedContinuation { continuation in
      writers.submit { [server] _ in
        continuation.resume(returning: Result { () throws(UploadError) in try server.reloadCertificate() })
      }
    }
    return try result.get()
  }

  /// Gives the memory of past uploads back to the system; for when none runs. The allocator and the budget keep what was
  /// freed, which is good for the next upload and looks like a leak to whoever watches the process.
  func giveBackMemory() {
    budget.dropSpare()
    clinux_trim_memory()
  }

  /// Ends the writers, after the server has stopped: what is still to be removed is removed.
  ///
  /// The event loops end with the process. The library's last tasks may come to them after it has said that it is done.
  func shutDown() async {
    await writers.shutDown()
  }
}
