import Dashboard
import Glibc
package import UploadClient
import UploadCore
import UploadProtocol
import UploadServer

/// What the dashboard shows and controls: a server, a client, and its upload queue.
package struct DashboardEngine: Sendable {
  /// What it is made from.
  package struct Setup: Sendable {
    package var server: ServerEngine.Configuration
    package var directory: String
    /// Files sent at once.
    package var jobs: Int
    /// Of servers that the user names.
    package var trust: ServerTrust

    package init(server: ServerEngine.Configuration, directory: String, jobs: Int, trust: ServerTrust) {
      self.server = server
      self.directory = directory
      self.jobs = jobs
      self.trust = trust
    }
  }

  let ledger: UploadLedger
  let queue: UploadQueue
  let address: ServerAddress
  let server: ServerEngine
  /// The server as a place to send to.
  private let ownTarget: SendTarget
  private let serving: Task<UploadError?, Never>
  private let setup: Setup

  /// Brings the server up, and returns when it listens.
  /// - Throws: ``UploadError`` when the directory cannot be used, or the port is taken.
  static func start(_ setup: Setup) async throws(UploadError) -> DashboardEngine {
    let ledger = UploadLedger()
    let server = try ServerEngine(
      setup.server,
      directory: setup.directory,
      ledger: ledger,
      logger: ProcessLog.quiet,
      otherDescriptors: ClientEngine.descriptors(jobs: setup.jobs)
    )
    let (address, serving) = try await server.listen()
    return DashboardEngine(
      ledger: ledger,
      queue: UploadQueue(ledger, jobs: setup.jobs),
      address: address,
      server: server,
      ownTarget: try SendTarget(own: address, server),
      serving: serving,
      setup: setup
    )
  }

  /// The facts that do not change while the dashboard runs.
  func facts(_ paths: LocalPath) -> DashboardFacts {
    var facts = DashboardFacts(
      url: address.url,
      directory: setup.directory,
      workingDirectory: paths.workingDirectory,
      home: paths.home
    )
    facts.rawPort = address.rawPort
    facts.requiresToken = server.token != nil
    facts.generatedToken = server.generatedToken?.text
    facts.fingerprint = address.fingerprint?.digits
    if server.token == nil, !LoopbackName.contains(setup.server.host) {
      let host = PlainText.sanitized(setup.server.host)
      facts.warning = "Every client that can reach \(host) can upload and download here."
    }
    facts.queueLimit = UploadQueueState.limit
    return facts
  }

  func sampler() -> DashboardSampler {
    DashboardSampler(server.sampler(ledger), queue: queue)
  }

  /// - Throws: ``UploadError`` with code `badURL`.
  func target(_ destination: SendDestination) throws(UploadError) -> SendTarget {
    switch destination {
    case .ownServer: ownTarget
    case .url(let text): try SendTarget(text, trust: setup.trust)
    }
  }

  /// Ends an upload, wherever it is by now.
  /// - Returns: false when there is none of that name.
  func cancel(_ id: UploadID) -> Bool {
    queue.cancel(id) || ledger.cancel(id)
  }

  /// How long running uploads may continue after ``finish()``, as the user wrote it.
  var graceText: String { setup.server.graceText }

  /// Graceful shutdown: running uploads may finish within the grace; queued ones are cancelled.
  func finish() async {
    queue.close()
    await server.server.stop()
    await Race.wait(atMost: setup.server.grace) { await queue.waitUntilEmpty() }
    // The server sees to the end of incoming ones itself.
    for meter in ledger.active() where meter.direction == .outgoing { meter.cancel() }
    _ = await serving.value
    await server.shutDown()
  }

  /// Stops and ends what runs.
  func abandon() async {
    queue.close()
    ledger.cancelAll()
    await server.server.stop()
    // One may have begun just before the server stopped.
    ledger.cancelAll()
    // Downloads would delay the server's end by its grace; nothing is lost when they are interrupted.
    await Race.wait(atMost: .seconds(2)) {
      _ = await serving.value
      await queue.waitUntilEmpty()
    }
    await server.shutDown()
  }

  /// What went wrong with the server, once it has ended.
  func serverFailure() async -> UploadError? {
    await serving.value
  }
}

/// Snapshots of the ledger's uploads and of the queued ones.
struct DashboardSampler {
  private var sampler: Sampler
  private let queue: UploadQueue

  init(_ sampler: Sampler, queue: UploadQueue) {
    self.sampler = sampler
    self.queue = queue
  }

  mutating func sample() -> Snapshot {
    // The queue first: what leaves it meanwhile is on the ledger by then, and is in both rather than in neither.
    let queued = queue.drainQueued()
    var snapshot = sampler.sample()
    let known = Set(snapshot.uploads.lazy.map(\.id))
    let ended = snapshot.uploads.firstIndex { $0.outcome != nil } ?? snapshot.uploads.endIndex
    snapshot.uploads.insert(contentsOf: queued.waiting.filter { !known.contains($0.id) }, at: ended)
    snapshot.uploads += queued.cancelled
    snapshot.unlisted = queued.rest
    return snapshot
  }
}
