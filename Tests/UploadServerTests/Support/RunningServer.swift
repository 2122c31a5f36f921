import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// A real server on a loopback port, with everything it needs, and its directory.
final class RunningServer: Sendable {
  let address: ServerAddress
  let place: TemporaryDirectory
  let budget: MemoryBudget
  let ledger: UploadLedger
  private let server: UploadServer
  private let end: Task<Void, any Error>

  private init(address: ServerAddress, parts: Parts, server: UploadServer, end: Task<Void, any Error>) {
    (self.address, self.server, self.end) = (address, server, end)
    (place, budget, ledger) = (parts.place, parts.budget, parts.ledger)
  }

  var port: Int { address.port }

  /// Sets whether new uploads begin.
  func accept(_ accepts: Bool) { server.accept(accepts) }

  /// Begins to stop.
  func stop() async {
    await server.stop()
  }

  /// Waits for the end of ``UploadServer/run(onListening:)``.
  func waitForEnd() async throws {
    try await end.value
  }

  /// The parts that a server is made of.
  struct Parts: Sendable {
    let place: TemporaryDirectory
    let budget: MemoryBudget
    let ledger = UploadLedger()
    let workers = WorkerPool(threads: 4)
    let store: any UploadStore

    /// - Parameter store: nil for one in the directory.
    init(_ place: TemporaryDirectory, store: (any UploadStore)? = nil) throws {
      self.place = place
      budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
      if let store {
        self.store = store
      } else {
        self.store = DiskStore(directory: try UploadDirectory(path: place.path), budget: budget, workers: workers)
      }
    }

    func server(_ configuration: ServerConfiguration) -> UploadServer {
      UploadServer(
        configuration: configuration,
        store: store,
        budget: budget,
        ledger: ledger,
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      )
    }

    func shutDown() async throws {
      await workers.shutDown()
    }
  }

  /// A configuration for tests: any free port, and long times, since tests that run in parallel may be slow.
  static var configuration: ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.limits.grace = .seconds(600)
    configuration.limits.idleTimeout = .seconds(600)
    return configuration
  }

  /// Runs a server while `body` does, stops it and waits for its end.
  /// - Parameter store: nil for one in a directory of its own.
  static func with(
    _ configuration: ServerConfiguration = RunningServer.configuration,
    store: (any UploadStore)? = nil,
    _ body: (RunningServer) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { place in
      let parts = try Parts(place, store: store)
      let running = try await start(configuration, parts)
      do {
        try await body(running)
      } catch {
        await running.stop()
        try? await running.waitForEnd()
        try? await parts.shutDown()
        throw error
      }
      await running.stop()
      try await running.waitForEnd()
      #expect(parts.budget.use.used == 0)
      #expect(parts.ledger.activeCount(.incoming) == 0)
      try await parts.shutDown()
    }
  }

  /// Starts a server and waits until it listens.
  static func start(_ configuration: ServerConfiguration, _ parts: Parts) async throws -> RunningServer {
    let server = parts.server(configuration)
    let (addresses, continuation) = AsyncStream.makeStream(of: ServerAddress.self)
    let end = Task {
      defer { continuation.finish() }
      try await server.run { continuation.yield($0) }
    }
    guard let address = await addresses.first(where: { _ in true }) else {
      try await end.value
      throw TimeoutError("the server ended before it listened")
    }
    return RunningServer(address: address, parts: parts, server: server, end: end)
  }
}
