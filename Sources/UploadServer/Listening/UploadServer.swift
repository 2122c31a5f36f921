import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
package import UploadCore
package import UploadProtocol
package import UploadStorage

/// The settings of a server that its user chooses.
package struct ServerConfiguration: Sendable {
  /// Address or name to listen on, as ``ListenHost/normalized(_:)`` returns it.
  package var host = "127.0.0.1"
  /// TCP port for HTTP; 0 for any free one.
  package var port = 8080
  /// TCP port for raw uploads, 0 for any free one; nil for no raw uploads.
  package var rawPort: Int?
  /// The most simultaneous connections on each port; more wait in the kernel's queue. Fewer when the process may not
  /// open so many files.
  package var maxConnections = 8192
  package var limits = UploadLimits()
  /// Digests to compute of every upload, beside those that a request asks for.
  package var digests: Set<DigestAlgorithm> = []
  package var access = AccessRules()
  package var page = PageSettings()
  /// The certificate and key for TLS on the HTTP port; nil for plain HTTP.
  package var tls: ReloadableTLSIdentity?
  /// The URL of the server's root that clients of resumable uploads are told, such as `https://files.example/upload`;
  /// nil for the one that each client used, as far as the server or a trusted proxy knows it.
  package var publicURL: String?

  package init() {}
}

/// The HTTP upload server, and the raw listener beside it. Runs once. Usable from any thread.
package final class UploadServer: Sendable {
  /// What requests of this process state, see ``accept(_:)``.
  package var processKey: String { context.admission.process }

  private let configuration: ServerConfiguration
  private let context: ServerContext
  private let eventLoopGroup: any EventLoopGroup
  private let logger: Logger
  /// The running services, and whether the server is to stop, perhaps before it ran.
  private let state = Mutex<(group: ServiceGroup?, isStopping: Bool)>((group: nil, isStopping: false))

  /// Nothing listens before ``run(onListening:)``.
  /// - Parameters:
  ///   - store: where uploads are stored.
  ///   - budget: the limit on the memory of all uploads together; the store must use the same one.
  ///   - ledger: gets all uploads and rejected requests.
  ///   - eventLoopGroup: one that outlives ``run(onListening:)``: Hummingbird releases its loops in a task of its own,
  ///     which may run a little later.
  package init(
    configuration: ServerConfiguration,
    store: any UploadStore,
    budget: MemoryBudget,
    ledger: UploadLedger,
    eventLoopGroup: any EventLoopGroup,
    logger: Logger
  ) {
    self.configuration = configuration
    context = ServerContext(
      store: store,
      budget: budget,
      ledger: ledger,
      limits: configuration.limits,
      digests: configuration.digests,
      access: AccessGate(configuration.access, isLoopback: LoopbackName.contains(configuration.host)),
      publicURL: configuration.publicURL,
      scheme: configuration.tls == nil ? "http" : "https"
    )
    self.eventLoopGroup = eventLoopGroup
    self.logger = logger
  }

  /// Listens, and serves until ``stop()`` and the end of the last connection, at most the grace period and 2 s later.
  /// Call it once. Returns also when its task is cancelled.
  /// - Parameter onListening: called once with the address when the ports are open, on any thread; not when the server
  ///   has been stopped before.
  /// - Throws: ``UploadError`` with code `cannotListen` when a port cannot be bound, such as when it is taken or not
  ///   allowed, or the host is unknown.
  package func run(onListening: @escaping @Sendable (ServerAddress) -> Void) async throws(UploadError) {
    if maxConnections < configuration.maxConnections {
      logger.notice("The limit on open files (ulimit -n) allows only \(maxConnections) connections on each port.")
    }
    let unfinished = await recoverUnfinished()
    defer { context.resumable?.stop() }
    let raw = try await bindRaw()
    do {
      try await serve(raw, unfinished, onListening)
    } catch {
      await raw?.close()
      if error is CancellationError || error is ServiceGroupError { return }
      throw UploadError.cannotListen(error, host: configuration.host, port: configuration.port, option: "--port")
    }
    // The server may have been stopped before the raw listener ran.
    await raw?.close()
  }

  /// Recovers the unfinished uploads of earlier runs, on a thread that may block.
  /// - Returns: how many there are.
  private func recoverUnfinished() async -> Int {
    guard let uploads = context.resumable else { return 0 }
    let eventLoop = eventLoopGroup.next()
    // Fails only when the pool has been shut down.
    let count = try? await NIOThreadPool.singleton.runIfActive { [context] in
      uploads.recover(on: eventLoop) { RecoveredUpload.publish($0, uploads, context, on: eventLoop) }
    }
    return count ?? 0
  }

  /// Runs all listeners until the end of the last upload, unless the server has been stopped already.
  private func serve(
    _ raw: RawListener?,
    _ unfinished: Int,
    _ onListening: @escaping @Sendable (ServerAddress) -> Void
  ) async throws {
    let http = httpService(rawPort: raw?.port, unfinished, onListening)
    let listeners = Listeners(all: [http] + (raw.map { [$0] } ?? []))
    var lifecycle = ServiceGroupConfiguration(services: [listeners], logger: logger)
    // Uploads end themselves after their grace period; downloads and blocked connections are closed a little later.
    lifecycle.maximumGracefulShutdownDuration = configuration.limits.grace + .seconds(2)
    let group = ServiceGroup(configuration: lifecycle)
    let isStopping = state.withLock { state in
      state.group = group
      return state.isStopping
    }
    defer { state.withLock { $0.group = nil } }
    if !isStopping { try await group.run() }
  }

  /// Reads the TLS certificate and key again, for new connections; keeps the previous ones when that fails. Blocks.
  /// - Returns: the fingerprint of the certificate in the file; nil without TLS, and when the certificate was
  ///   generated.
  /// - Throws: ``UploadError`` with code `badCertificate`; the message names the file.
  package func reloadCertificate() throws(UploadError) -> CertificateFingerprint? {
    try configuration.tls?.reload()
  }

  /// Sets whether new uploads begin: without, they get 503. Running ones continue, and so do unfinished resumable ones and
  /// the trees of which files have arrived; those whose requests state the ``processKey`` begin all the same.
  package func accept(_ accepts: Bool) { context.admission.setClosed(!accepts) }

  /// Begins a graceful shutdown: nothing new is accepted, and running uploads get their grace period. Does not wait for
  /// its end, at which ``run(onListening:)`` returns. After a stop before ``run(onListening:)``, that returns without
  /// serving. Further calls do nothing.
  package func stop() async {
    let group = state.withLock { state in
      state.isStopping = true
      return state.group
    }
    await group?.triggerGracefulShutdown()
  }

  /// The most simultaneous connections on each port: the configured number, or fewer when the process has too few
  /// descriptors.
  private var maxConnections: Int {
    let listeners = configuration.rawPort == nil ? 1 : 2
    return min(configuration.maxConnections, DescriptorReserve.connections(listeners: listeners))
  }

  private func bindRaw() async throws(UploadError) -> RawListener? {
    guard let port = configuration.rawPort else { return nil }
    do {
      return try await RawListener.bind(
        host: configuration.host,
        port: port,
        maxConnections: maxConnections,
        context: context,
        eventLoopGroup: eventLoopGroup
      )
    } catch {
      throw UploadError.cannotListen(error, host: configuration.host, port: port, option: "--raw-port")
    }
  }

  /// Hummingbird's HTTP server with the pages behind it.
  ///
  /// It does what Hummingbird's `Application` does, except for its clock, which wakes an idle server every second to
  /// prepare the text of the `Date` field.
  private func httpService(
    rawPort: Int?,
    _ unfinished: Int,
    _ onListening: @escaping @Sendable (ServerAddress) -> Void
  ) -> any Service {
    let (host, tls, context, logger) = (configuration.host, configuration.tls, self.context, self.logger)
    let routes = BrowsingRoutes(
      store: context.store,
      budget: context.budget,
      ledger: context.ledger,
      rules: context.limits.paths,
      profile: ServerProfile(configuration.page, context.limits),
      access: context.access
    )
    let pages = routes.router().buildResponder()
    let connections = PageConnections()
    let child = UploadChildChannel(
      responder: { request, writer, channel in
        let context = BrowsingContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        // Throws nothing: ErrorResponseMiddleware turns every error into a response.
        var response = try await pages.respond(to: request, context: context)
        response.headers[.date] = CurrentTime.httpDate
        response.headers[.server] = "sluice"
        // An error ends the connection. It is never HTTPParserError, on which Hummingbird would write another response:
        // ConnectionHandler withholds those.
        try await writer.write(response: response.head, body: response.body)
      },
      connections: connections,
      context: context,
      identity: tls
    )
    let server = child.server(
      configuration: HummingbirdCore.ServerConfiguration(
        address: .hostname(host, port: configuration.port),
        serverName: "sluice",
        backlog: 1024,
        reuseAddress: true,
        availableConnectionsDelegate: MaximumAvailableConnections(maxConnections, logger: logger)
      ),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? 0
        let hosts = ReachableHost.hosts(for: host, addresses: ReachableHost.addresses)
        var address = ServerAddress(host: hosts.best, port: port, rawPort: rawPort, fingerprint: tls?.fingerprint)
        address.otherHosts = hosts.others
        address.unfinished = unfinished
        onListening(address)
      },
      eventLoopGroup: eventLoopGroup,
      logger: logger
    )
    return HTTPListener(server: server, connections: connections)
  }
}

/// Hummingbird's server, with the connections that it has accepted.
private struct HTTPListener: Service {
  let server: any Service
  let connections: PageConnections

  /// Runs until the server has stopped and the last connection is closed.
  func run() async throws { try await connections.run(server) }
}

/// Several listeners that run, and stop, together. A `ServiceGroup` would stop one after the other, and the second
/// would accept uploads for as long as one of the first still ran.
struct Listeners: Service {
  let all: [any Service]

  /// Runs until all have ended; the first that fails ends the others.
  /// - Throws: the error of the first that fails.
  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for listener in all { group.addTask { try await listener.run() } }
    }
  }
}
