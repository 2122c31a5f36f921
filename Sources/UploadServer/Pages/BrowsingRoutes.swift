import HTTPTypes
import Hummingbird
import NIOCore
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// What can be looked at: the front page, the listing, downloads, health and metrics.
struct BrowsingRoutes: Sendable {
  let reader: UploadDirectoryReader
  let budget: MemoryBudget
  let ledger: UploadLedger
  /// Threads for reading the disk; not the ones that write uploads.
  let workers: WorkerPool
  private let snapshots: ListingSnapshots

  init(reader: UploadDirectoryReader, budget: MemoryBudget, ledger: UploadLedger, workers: WorkerPool) {
    self.reader = reader
    self.budget = budget
    self.ledger = ledger
    self.workers = workers
    snapshots = ListingSnapshots(reader: reader, budget: budget, workers: workers)
  }

  /// The router with all of it.
  func router() -> Router<BrowsingContext> {
    let router = Router(context: BrowsingContext.self, options: [.autoGenerateHeadEndpoints])
    router.add(middleware: ErrorResponseMiddleware())
    router.get("/") { request, context in try await list(page(for: request).front, for: request, over: context.channel)
    }
    router.get("/files") { request, context in try await listing(request, over: context.channel) }
    router.get("/files/**") { request, context in try await download(request, over: context.channel) }
    router.get("/healthz") { _, _ in
      _ = try await inDirectory { _ in }
      return Response(ServerResponse(status: .ok, contentType: "text/plain", body: "ok\n"))
    }
    router.get("/metrics") { _, _ in
      let metrics = Metrics(ledger: ledger, slabs: budget.use)
      return Response(ServerResponse(status: .ok, contentType: Metrics.contentType, body: metrics.text))
    }
    return router
  }

  private func page(for request: Request) -> Page {
    Page(PageLinks(request.head))
  }

  /// Reads the directory that the path leads to now.
  /// - Throws: also ``UploadError`` with code `directoryUnavailable`.
  private func inDirectory<Result: Sendable>(
    _ body: @escaping @Sendable (UploadDirectoryReader) throws -> Result
  ) async throws -> Result {
    try await workers.runIfActive { [reader] in
      try reader.check()
      return try body(reader)
    }
  }

  private func listing(_ request: Request, over channel: any Channel) async throws -> Response {
    let format =
      AcceptField.prefersHTML(request.headers)
      ? page(for: request).listing : ListingFormat.json(path: request.uri.path)
    return try await list(format, for: request, over: channel)
  }

  private func list(
    _ format: ListingFormat,
    for request: Request,
    over channel: any Channel
  ) async throws -> Response {
    let preconditions = try Preconditions(request.headers, for: .read, now: CurrentTime.seconds)
    guard preconditions.holdForPage else { throw Preconditions.failure(.ifMatch) }
    try await inDirectory { _ in }
    do {
      let snapshot = try await snapshots.current()
      guard let reservation = await budget.reserve(Listing.pieceSize) else { throw ListingSnapshots.BudgetExceeded() }
      return Listing(
        snapshot: snapshot,
        format: format,
        reservation: reservation,
        reader: reader,
        workers: workers,
        channel: channel
      ).response()
    } catch is ListingSnapshots.BudgetExceeded {
      let share = ByteSize.text(UInt64(budget.reservable))
      let message =
        "Too many listings or files: listings may use \(share) of memory together. Try again later, or start the server "
        + "with a larger --memory-budget."
      return Response(ServerResponse(failure: message, status: .serviceUnavailable).shown(on: Page(for: request.head)))
    }
  }

  private func download(_ request: Request, over channel: any Channel) async throws -> Response {
    // The path as it was sent: the router has already turned an escaped slash into a plain one.
    let escaped = request.uri.path.dropFirst("/files/".count)
    guard let name = PercentEncoding.decodedBytes(escaped.utf8), !name.isEmpty else {
      if escaped.isEmpty { return try await listing(request, over: channel) }
      throw UploadError(.badRequest, "The name has a % that is not followed by two hexadecimal digits.")
    }
    let opened = try await inDirectory { $0.open(NameBytes(name)).map { (file: $0, described: $0.typed) } }
    guard let opened else { throw UploadError(.notFound, "There is no file of that name.") }
    return try Download(
      file: opened.file,
      stored: opened.described,
      workers: workers,
      budget: budget,
      channel: channel
    ).response(to: request)
  }
}

/// What goes with a request through the router: what Hummingbird needs, and the connection, for responses that must not
/// be written faster than it takes them.
struct BrowsingContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: Source) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}
