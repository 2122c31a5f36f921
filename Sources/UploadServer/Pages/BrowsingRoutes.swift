import HTTPTypes
import Hummingbird
import NIOCore
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// The routes that read: the front page, the listing, downloads, health and metrics.
struct BrowsingRoutes: Sendable {
  let store: any UploadStore
  let budget: MemoryBudget
  let ledger: UploadLedger

  /// The router with all of them.
  func router() -> Router<BrowsingContext> {
    let router = Router(context: BrowsingContext.self, options: [.autoGenerateHeadEndpoints])
    router.add(middleware: ErrorResponseMiddleware())
    router.get("/") { request, context in try await list(page(for: request).front, for: request, over: context.channel)
    }
    router.get("/files") { request, context in try await listing(request, over: context.channel) }
    router.get("/files/**") { request, context in try await download(request, over: context.channel) }
    router.get("/healthz") { _, _ in
      try await store.check()
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
    guard preconditions.areMetByPage else { throw Preconditions.failure(.ifMatch) }
    guard let files = try await store.list(), let reservation = await budget.reserve(Listing.pieceSize) else {
      let share = ByteSize.text(UInt64(budget.reservable))
      let message =
        "Too many listings or files: listings may use \(share) of memory together. Try again later, or start the server "
        + "with a larger --memory-budget."
      return Response(ServerResponse(failure: message, status: .serviceUnavailable).shown(on: Page(for: request.head)))
    }
    return Listing(files: files, format: format, reservation: reservation, channel: channel).response()
  }

  private func download(_ request: Request, over channel: any Channel) async throws -> Response {
    // The path as it was sent: the router has already turned an escaped slash into a plain one.
    let escaped = request.uri.path.dropFirst("/files/".count)
    guard let name = PercentEncoding.decodedBytes(escaped.utf8), !name.isEmpty else {
      if escaped.isEmpty { return try await listing(request, over: channel) }
      throw UploadError(.badRequest, "The name has a % that is not followed by two hexadecimal digits.")
    }
    guard let file = try await store.open(NameBytes(name)) else {
      throw UploadError(.notFound, "There is no file of that name.")
    }
    let stored = try await file.detectType()
    return try Download(file: file, stored: stored, budget: budget, channel: channel).response(to: request)
  }
}

/// The context of a request in the router: what Hummingbird needs, and the connection, for responses that must not be written
/// faster than it accepts them.
struct BrowsingContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: Source) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}
