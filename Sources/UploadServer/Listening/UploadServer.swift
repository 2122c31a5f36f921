import Glibc
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

/// The HTTP upload server with everything on it, and the raw listener beside it.
package final class UploadServer: Sendable {
  private let configuration: ServerConfiguration
  private let store: any UploadStore
  private let budget: MemoryBudget
  private let ledger: UploadLedger
  private let eventLoopGroup: any EventLoopGroup
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var group: ServiceGroup?
    /// The server is to stop, perhaps before it ran.
    var isStopping = false
  }

  /// Nothing listens before ``run(onListening:)``.
  /// - Parameter eventLoopGroup: one that outlives ``run(onListening:)``: Hummingbird releases its loops in a task of its
  ///   own, which may run a little later.
  package init(
    configuration: ServerConfiguration,
    store: any UploadStore,
    budget: MemoryBudget,
    ledger: UploadLedger,
    eventLoopGroup: any EventLoopGroup,
    logger: Logger
  ) {
    self.configuration = configuration
    self.store = store
    self.budget = budget
    self.ledger = ledger
    self.eventLoopGroup = eventLoopGroup
    self.logger = logger
  }

  /// Listens, and serves until ``stop()`` and the end of the last upload.
  /// - Parameter onListening: called with the address once the ports are open.
  /// - Throws: ``UploadError`` with code `cannotListen` when a port is taken or not allowed.
  package func run(onListening: @escaping @Sendable (ServerAddress) -> Void) async throws(UploadError) {
    if maxConnections < configuration.maxConnections {
      logger.notice("With so few open files (ulimit -n) no more than \(maxConnections) connections are taken at once.")
    }
    let context = ServerContext(
      store: store,
      budget: budget,
      ledger: ledger,
      limits: configuration.limits,
      digests: configuration.digests,
      access: AccessGate(configuration.access, isLoopback: LoopbackName.contains(configuration.host))
    )
    let raw = try await bindRaw(context)
    let http: any Service
    do {
      http = try httpService(context, rawPort: raw?.port, onListening)
    } catch {
      await raw?.close()
      throw cannotListen(error, port: configuration.port, option: "--port")
    }
    let listeners = Listeners(all: [http] + (raw.map { [$0] } ?? []))
    var lifecycle = ServiceGroupConfiguration(services: [listeners], logger: logger)
    // Uploads end themselves after their grace; downloads and blocked connections are closed a little later.
    lifecycle.maximumGracefulShutdownDuration = configuration.limits.grace + .seconds(2)
    let group = ServiceGroup(configuration: lifecycle)
    let isStopping = state.withLock { state in
      state.group = group
      return state.isStopping
    }
    guard !isStopping else { return await raw?.close() ?? () }
    defer { state.withLock { $0.group = nil } }
    do {
      try await group.run()
      // It may have been stopped before the listener ran.
      await raw?.close()
    } catch {
      await raw?.close()
      if error is CancellationError || error is ServiceGroupError { return }
      throw cannotListen(error, port: configuration.port, option: "--port")
    }
  }

  /// Reads the TLS certificate and key again, for new connections; the previous ones stay where that fails. Blocks.
  /// - Returns: the new certificate's fingerprint; nil when it comes from no file.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  package func reloadCertificate() throws(UploadError) -> CertificateFingerprint? {
    try configuration.tls?.reload()
  }

  /// Begins a graceful shutdown: nothing new is accepted, and running uploads get their grace period. Further calls do
  /// nothing.
  package func stop() async {
    let group = state.withLock { state in
      state.isStopping = true
      return state.group
    }
    await group?.triggerGracefulShutdown()
  }

  /// Connections at once on each port: as many as configured, and as the process has descriptors for.
  private var maxConnections: Int {
    let listeners = configuration.rawPort == nil ? 1 : 2
    return min(configuration.maxConnections, DescriptorReserve.connections(listeners: listeners))
  }

  private func bindRaw(_ context: ServerContext) async throws(UploadError) -> RawListener? {
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
      throw cannotListen(error, port: port, option: "--raw-port")
    }
  }

  private func httpService(
    _ context: ServerContext,
    rawPort: Int?,
    _ onListening: @escaping @Sendable (ServerAddress) -> Void
  ) throws -> any Service {
    let routes = BrowsingRoutes(store: store, budget: budget, ledger: ledger)
    let (host, tls) = (configuration.host, configuration.tls)
    return try HTTPService.make(
      responder: routes.router().buildResponder(),
      server: HTTPServerBuilder { UploadChildChannel(responder: $0, context: context, identity: tls) },
      configuration: HummingbirdCore.ServerConfiguration(
        address: .hostname(host, port: configuration.port),
        serverName: "sluice",
        backlog: 1024,
        reuseAddress: true,
        availableConnectionsDelegate: MaximumAvailableConnections(maxConnections, logger: logger)
      ),
      eventLoopGroup: eventLoopGroup,
      logger: logger,
      onListening: { channel in
        let port = channel.localAddress?.port ?? 0
        let name = ReachableHost.host(for: host, addresses: ReachableHost.addresses)
        onListening(ServerAddress(host: name, port: port, rawPort: rawPort, fingerprint: tls?.fingerprint))
      }
    )
  }

  private func cannotListen(_ error: any Error, port: Int, option: String) -> UploadError {
    let host = PlainText.sanitized(configuration.host)
    if let unknown = error as? SocketAddressError.UnknownHost {
      let message = "no address is known for the host \"\(host)\": \(unknown.errorDescription). Check --host."
      return UploadError(.cannotListen, "Cannot listen: " + message, cause: error)
    }
    let place = "port \(port) on \(host)"
    let message =
      switch (error as? IOError)?.errnoCode {
      case EADDRINUSE:
        "\(place) is taken\(PortOwner.describe(port: port).map { " (by \($0))" } ?? ""). "
          + "Choose another with \(option), or 0 for any."
      case EACCES: "\(place) needs more rights. Choose one above 1023 with \(option)."
      case EADDRNOTAVAIL: "this machine has no such address for \(place). Check --host."
      case EAFNOSUPPORT: "this machine does not speak IPv6, for \(place). Use --host 0.0.0.0 or an IPv4 address."
      case EINVAL where host.lowercased().hasPrefix("fe80:") && !host.contains("%"):
        "\(host) is a link-local address. Name its interface: --host \(host)%eth0."
      case let code?: "\(place): \(String(cString: strerror(code)))."
      case nil: "\(place): \(error)."
      }
    return UploadError(.cannotListen, "Cannot listen: " + message, cause: error)
  }
}

/// Several listeners that run, and stop, together. A group of services would stop one after the other, so that the second
/// went on taking uploads for as long as one of the first still ran.
struct Listeners: Service {
  let all: [any Service]

  /// Runs until all have ended; the first that fails ends the others.
  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for listener in all { group.addTask { try await listener.run() } }
    }
  }
}
