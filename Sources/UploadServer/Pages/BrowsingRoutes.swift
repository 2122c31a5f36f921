import HTTPTypes
import Hummingbird
import NIOCore
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// The routes that read, except files: the front page `/`, the listing `/files/`, `/healthz` and `/metrics`.
struct BrowsingRoutes: Sendable {
  let store: any UploadStore
  let budget: MemoryBudget
  let ledger: UploadLedger

  /// The router with all of them, for GET and HEAD. An error becomes a response, see ``ErrorResponseMiddleware``,
  /// unless it occurs while a body is sent.
  func router() -> Router<BrowsingContext> {
    let router = Router(context: BrowsingContext.self, options: [.autoGenerateHeadEndpoints])
    router.add(middleware: ErrorResponseMiddleware())
    router.get("/") { request, context in
      try await list(Page(request.head).front, for: request, over: context.channel)
    }
    router.get("/files") { request, context in try await listing(request, over: context.channel) }
    router.get("/files/**") { request, context in try await file(request, over: context.channel) }
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

  /// The listing as a page or as JSON, as the client prefers.
  private func listing(_ request: Request, over channel: any Channel) async throws -> Response {
    let format = Page(for: request.head)?.listing ?? ListingFormat.json(path: request.uri.path)
    return try await list(format, for: request, over: channel)
  }

  /// A listing of all files in this format; 503 when listings use all of the memory that they may. Waits while uploads
  /// use the memory.
  /// - Throws: ``UploadError`` for a malformed or failed precondition, and when the store cannot be read;
  ///   `CancellationError` when it has been shut down.
  private func list(_ format: ListingFormat, for request: Request, over channel: any Channel) async throws -> Response {
    let preconditions = try Preconditions(request.headers, for: .read, now: CurrentTime.seconds)
    guard preconditions.areMetByPage else { throw Preconditions.failure(.ifMatch) }
    guard let files = try await store.list(), let reservation = await budget.reserve(Listing.chunkSize) else {
      let message =
        "Too many listings or files: listings may use \(ByteSize.text(UInt64(budget.reservable))) of memory together. "
        + "Try again later, or start the server with a larger --memory-budget."
      return Response(ServerResponse(failure: message, status: .serviceUnavailable).shown(on: Page(for: request.head)))
    }
    return Listing(files: files, format: format, reservation: reservation, channel: channel).response()
  }

  /// The listing for a path without a name; an error for all others, since ``DownloadSession`` serves files.
  private func file(_ request: Request, over channel: any Channel) async throws -> Response {
    // The path as it was sent: the router has already decoded an escaped slash.
    let escaped = request.uri.path.utf8.dropFirst("/files/".utf8.count)
    if escaped.isEmpty { return try await listing(request, over: channel) }
    guard let name = PercentEncoding.decodedBytes(escaped).map({ NameBytes($0) }) else {
      throw UploadError(.badRequest, "Malformed name: % must be followed by two hexadecimal digits. Send %25 for a %.")
    }
    throw UploadError(.notFound, "File not found: \"\(name)\". GET /files/ lists all files.")
  }
}

/// The context of a request in the router: what Hummingbird needs, and the connection, for responses that must not be
/// written faster than the client accepts them.
struct BrowsingContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: Source) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// Turns every error that Hummingbird or a route throws before there is a response into an error response, as for a
/// rejected upload: JSON, or a page. An ``UploadError`` has the status of its code, a client error of Hummingbird 404
/// or 400, and every other error 500.
struct ErrorResponseMiddleware: RouterMiddleware {
  typealias Context = BrowsingContext

  func handle(
    _ request: Request,
    context: BrowsingContext,
    next: (Request, BrowsingContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch {
      let failure: UploadError =
        switch (error as? any HTTPResponseError)?.status.code {
        case 404?: UploadError(.notFound, "Page not found. Start at / or /files/.")
        case let code? where code < 500: UploadError(.badRequest, "The request is malformed.", cause: error)
        default: .wrapping(error)
        }
      return Response(ServerResponse(failure: failure).shown(on: Page(for: request.head)))
    }
  }
}
