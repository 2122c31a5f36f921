import CLinux
package import Logging
import NIOCore
import NIOPosix
package import UploadCore
package import UploadProtocol
package import UploadServer
package import UploadStorage
import UploadStorageS3

/// A server with its store, memory budget and threads.
package struct ServerEngine: Sendable {
  /// The settings of a ``ServerEngine``; its directory and its ledger are passed separately.
  package struct Configuration: Sendable {
    /// Addresses, limits and access; the TLS identity comes from ``certificate``.
    package var server: ServerConfiguration
    package var certificate = CertificateSource.none
    package var storage = DiskStoreConfiguration()
    /// Where uploads are stored.
    package var target = StoreTarget.directory
    /// Permissions of stored files; nil for 0666 less the umask, or as the directory's default access list says.
    package var fileMode: FileMode?
    /// Disk space to keep free.
    package var minFree = SizeSetting(256 << 20)
    /// Memory for the buffers of all uploads together, in bytes; at least ``MemoryBudget/minimum``.
    package var memoryBudget: UInt64 = 256 << 20
    /// Time without a byte after which an upload counts as stalled; above 0.
    package var stallAfter = Duration.seconds(5)
    /// The grace of ``server`` as the user wrote it, for messages: `30s`.
    package var graceText = "30s"
    /// Whether the token of ``server``, if it has one, was generated, and not chosen by the user.
    package var isTokenGenerated = false
    /// The same for the token of a drop box's owner.
    package var isOwnerTokenGenerated = false

    package init(server: ServerConfiguration) { self.server = server }

    /// A warning that every client can use the server; nil when it requires a token, or listens on loopback only.
    package var accessWarning: String? {
      guard server.access.token == nil, !LoopbackName.contains(server.host) else { return nil }
      let rights = server.access.isDropBox ? "upload" : "upload and download"
      return "Every client that can reach \(PlainText.sanitized(server.host)) can \(rights) here."
    }
    /// Time for running uploads to finish when the server is stopped.
    package var grace: Duration { server.limits.grace }
  }

  /// Where a server's certificate and key come from.
  package enum CertificateSource: Sendable {
    /// Plain HTTP.
    case none
    /// Paths of two PEM files, which are read when the engine is created and on reload.
    case files(certificate: String, key: String)
    /// Generated when the engine is created.
    case selfSigned

    /// - Throws: ``UploadError`` with code `badCertificate`.
    fileprivate func identity(host: String) throws(UploadError) -> ReloadableTLSIdentity? {
      switch self {
      case .none: nil
      case .files(let certificate, let key): try ReloadableTLSIdentity(certificateFile: certificate, keyFile: key)
      case .selfSigned: try ReloadableTLSIdentity(selfSignedFor: host)
      }
    }
  }

  private let store: any UploadStore
  /// The store, where it is an object store.
  private let objects: ObjectStoreRun?
  private let budget: MemoryBudget
  private let stallAfter: Duration
  package let server: UploadServer
  /// Access token that clients must present; nil when none is required.
  package let token: AccessToken?
  /// The token if it was generated, otherwise nil. Only this one is shown in the dashboard and printed where the output
  /// may be a log: a token that the user chose is known to the user.
  package let generatedToken: AccessToken?
  /// The token of a drop box's owner; nil elsewhere.
  package let ownerToken: AccessToken?
  /// ``ownerToken`` if it was generated, otherwise nil, as ``generatedToken``.
  package let generatedOwnerToken: AccessToken?
  private let writers: WorkerPool
  private let publicURL: String?

  /// The token with which this process uses its own server: that of the owner, where there is one.
  package var ownToken: AccessToken? { ownerToken ?? token }

  /// Number of the server's event loops: one per core and at most eight, so that an idle server has few threads.
  static let eventLoopCount = min(System.coreCount, 8)
  /// Number of descriptors that an event loop of SwiftNIO opens: epoll, an event and a timer.
  static let descriptorsPerLoop = 3

  /// Reads or generates the certificate, opens the directory, which is created if missing, checks the object store where
  /// there is one, and creates the server, which does not listen yet. Blocks.
  /// - Parameters:
  ///   - logger: by default, warnings and errors go to standard error.
  ///   - otherDescriptors: number of descriptors that the process will open in addition to the server's.
  /// - Throws: ``UploadError`` with code `badDirectory`, `badCertificate`, `badValue` when the memory budget is too
  ///   small, or `cannotListen` when the process may open too few files. Of an object store: `badValue` or `unreadableFile`
  ///   without credentials, `storeUnavailable` when it cannot be used.
  package init(
    _ configuration: Configuration,
    directory path: String,
    ledger: UploadLedger,
    logger: Logger = ProcessLog.quiet,
    otherDescriptors: Int = 0
  ) async throws(UploadError) {
    // Besides those of event loops: the directory, a listener for each port, and connections to the store.
    let own =
      Self.eventLoopCount * Self.descriptorsPerLoop + 1 + (configuration.server.rawPort == nil ? 1 : 2)
      + (configuration.target.location == nil ? 0 : ObjectStoreRun.connections)
    try DescriptorReserve.check(own: own + otherDescriptors)
    var settings = configuration.server
    settings.tls = try configuration.certificate.identity(host: settings.host)
    token = settings.access.token
    publicURL = settings.publicURL
    generatedToken = configuration.isTokenGenerated ? token : nil
    ownerToken = settings.access.ownerToken
    generatedOwnerToken = configuration.isOwnerTokenGenerated ? ownerToken : nil
    let (minFree, mode, storage) = (configuration.minFree, configuration.fileMode, configuration.storage)
    let directory = try UploadDirectory(path: path, minFree: minFree, durability: storage.durability, fileMode: mode)
    budget = try MemoryBudget(limit: configuration.memoryBudget)
    writers = WorkerPool(threads: WorkerPool.diskThreads)
    if minFree.bytes > 0, directory.freeSpace == nil {
      let shown = PlainText.sanitized(path)
      logger.warning("The file system of \(shown) does not report its free space: --min-free has no effect.")
    }
    let eventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: Self.eventLoopCount)
    switch configuration.target {
    case .directory:
      objects = nil
      store = DiskStore(directory: directory, budget: budget, workers: writers, configuration: storage)
    case .objects(let target):
      let run = try await ObjectStoreRun(
        target,
        onDuplicate: storage.onDuplicate,
        directory: directory,
        budget: budget,
        workers: writers,
        eventLoopGroup: eventLoopGroup,
        logger: logger
      )
      (objects, store) = (run, run.store)
    }
    stallAfter = configuration.stallAfter
    server = UploadServer(
      configuration: settings,
      store: store,
      budget: budget,
      ledger: ledger,
      eventLoopGroup: eventLoopGroup,
      logger: logger
    )
  }

  /// Starts listening and serving in another task, and returns when the server listens. Call it once.
  /// - Returns: the address, and the task, which ends when the server has stopped. Its value is the error that stopped
  ///   the server; nil when it was asked to stop.
  /// - Throws: ``UploadError`` with code `cannotListen`.
  package func listen() async throws(UploadError) -> (address: ServerAddress, serving: Task<UploadError?, Never>) {
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

  /// The links that open the upload page in a browser: at the server's public URL, if it has one, then at each address
  /// of the machine on which it listens. At least one.
  ///
  /// The token is behind `#t=`: browsers send that part of a URL to no server, so it is in no log and no `Referer`.
  /// - Parameter token: for the links to contain; nil for none.
  package func links(to address: ServerAddress, token: AccessToken?) -> [String] {
    // A token has no character that is escaped in a URL.
    let fragment = token.map { "#t=\($0.text)" } ?? ""
    let others = address.urls.filter { $0 != publicURL }
    return ([publicURL].compactMap { $0 } + others).map { "\($0)/\(fragment)" }
  }

  /// A sampler of a ledger's uploads that reports the use of this server's memory budget. Make one only: samplers of
  /// one ledger take the ended uploads from each other.
  package func sampler(_ ledger: UploadLedger) -> Sampler {
    Sampler(ledger: ledger, stallAfter: stallAfter, slabUse: { [budget] in budget.use })
  }

  /// Free space on the file system of the directory, in bytes; nil when it does not report it. May block.
  func freeSpace() -> UInt64? { store.freeSpace() }

  /// Reads the TLS certificate and key again for new connections.
  /// - Returns: the certificate's fingerprint; nil without TLS, and when the certificate was generated.
  /// - Throws: ``UploadError`` with code `badCertificate`; the previous certificate and key stay in use.
  package func reloadCertificate() async throws(UploadError) -> CertificateFingerprint? {
    let result = await withCheckedContinuation { continuation in
      writers.submit { [server] _ in
        continuation.resume(returning: Result { () throws(UploadError) in try server.reloadCertificate() })
      }
    }
    return try result.get()
  }

  /// Returns to the system the memory that the allocator and the budget cache for the next upload, and that looks like
  /// a leak from outside. Call it when no upload runs, on any thread.
  package func releaseMemory() {
    budget.dropSpare()
    clinux_trim_memory()
  }

  /// Cancels queued disk operations, waits for running ones, and ends the threads that write; call it after the server
  /// has stopped.
  ///
  /// The event loops end with the process: Hummingbird may submit its last tasks after it has reported its end.
  package func shutDown() async {
    await objects?.shutDown()
    await writers.shutDown()
  }
}
