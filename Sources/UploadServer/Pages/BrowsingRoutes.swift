import HTTPTypes
import Hummingbird
import NIOCore
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// The routes that read, except files: the upload page `/`, `/info`, the listings `/files/` and `/files/DIR/`, archives
/// of directories, `/healthz` and `/metrics`.
struct BrowsingRoutes: Sendable {
  let store: any UploadStore
  let budget: MemoryBudget
  let ledger: UploadLedger
  /// Whether directories are listed and opened.
  var rules = PathRules()
  /// What `/` and `/info` say about the server.
  var profile = ServerProfile()
  /// Says who may list and download.
  var access = AccessGate()

  /// The router with all of them, for GET and HEAD. An error becomes a response, see ``ErrorResponseMiddleware``,
  /// unless it occurs while a body is sent.
  func router() -> Router<BrowsingContext> {
    let router = Router(context: BrowsingContext.self)
    router.add(middleware: ErrorResponseMiddleware())
    let uploadPage = UploadPage(profile, modified: CurrentTime.seconds)
    router.getAndHead("/") { request, _ in try uploadPage.response(to: request.head) }
    router.getAndHead("/info") { request, context in try await info(request, over: context.channel) }
    router.getAndHead("/files") { request, context in try await browse(request, over: context.channel) }
    router.getAndHead("/files/**") { request, context in try await browse(request, over: context.channel) }
    router.getAndHead("/healthz") { _, _ in
      try await checkStorage()
      return Response(ServerResponse(status: .ok, contentType: "text/plain", body: "ok\n"))
    }
    router.getAndHead("/metrics") { _, _ in
      let metrics = Metrics(ledger: ledger, slabs: budget.use, store: store.counters)
      return Response(ServerResponse(status: .ok, contentType: Metrics.contentType, body: metrics.text))
    }
    return router
  }

  /// Checks that uploads can be stored now.
  /// - Throws: what ``UploadStore/check()`` throws; ``UploadError`` with code `directoryUnavailable` while every upload
  ///   would be rejected for lack of space.
  private func checkStorage() async throws {
    try await store.check()
    guard try await store.availableSpace() == 0 else { return }
    let reason = "no space is left on the server beyond what is kept free (--min-free) or promised to running uploads"
    throw UploadError(.directoryUnavailable, "Nothing can be stored: \(reason). Free some space.")
  }

  /// A directory as a listing or an archive, or, without a slash at the end of its path, a redirect to the path with one;
  /// an error for all other paths, since ``DownloadSession`` serves files.
  private func browse(_ request: Request, over channel: any Channel) async throws -> Response {
    let path = try BrowsedPath(request.uri.path)
    if let path, path.isDirectory, rules.hasDirectories || path.path.isEmpty {
      return try await browse(BrowsedDirectory(path.path), request, over: channel)
    }
    try await store.check()
    if let path, !path.isDirectory, rules.hasDirectories, await isDirectory(path.path) {
      return redirect(request, to: path.path)
    }
    let name = path?.path.description ?? String(request.uri.path.dropFirst("/files/".count).prefix(100))
    throw UploadError(.notFound, "File not found: \"\(PlainText.sanitized(name))\". GET /files/ lists all files.")
  }

  /// Whether there is such a directory, also where no memory is left to list it.
  private func isDirectory(_ path: NameBytes) async -> Bool {
    do {
      _ = try await store.list(path)
      return true
    } catch {
      return false
    }
  }

  private func redirect(_ request: Request, to path: NameBytes) -> Response {
    let name = PercentEncoding.encode(path.lastComponent.bytes)
    let query = request.uri.query.map { "?" + $0 } ?? ""
    var response = ServerResponse(status: .permanentRedirect)
    response.fields = [.location: "./\(name)/\(query)", .contentLength: "0", .cacheControl: "no-cache"]
    return Response(response)
  }

  /// A directory as an archive, a page or JSON, as the request says and the client prefers.
  private func browse(
    _ directory: BrowsedDirectory,
    _ request: Request,
    over channel: any Channel
  ) async throws -> Response {
    switch try IncomingRequest(request.head).target.get().parameter("format") {
    case "tar": return try await archive(directory, request, over: channel)
    case nil, "": return try await list(directory, request, over: channel)
    case let format?:
      let shown = PlainText.sanitized(String(format.prefix(100)))
      throw UploadError(.badRequest, "Unknown format \"\(shown)\". Send format=tar, or none for a listing.")
    }
  }

  /// A listing of a directory, as a page or JSON as the client prefers; 503 when listings use all of the memory that they
  /// may. Waits while uploads use the memory.
  /// - Throws: ``UploadError`` for a malformed or failed precondition, for an unknown order of a page, and when the store
  ///   cannot be read; `CancellationError` when it has been shut down.
  private func list(
    _ directory: BrowsedDirectory,
    _ request: Request,
    over channel: any Channel
  ) async throws -> Response {
    try checkPreconditions(of: request)
    let page = Page(for: request.head)
    let order = try ListingOrder(IncomingRequest(request.head).target.get())
    guard let files = try await store.list(directory.path),
      let reservation = await budget.reserve(Listing.chunkSize)
    else { return tooManyListings(request) }
    let sorted = try await shown(files, in: page == nil ? nil : order)
    var response = Listing(
      files: sorted.files,
      format: page?.listing(of: directory, in: sorted.order) ?? .json(directory, path: request.uri.path),
      hasDirectories: rules.hasDirectories,
      reservation: reservation,
      channel: channel
    ).response()
    let storage = StorageField(
      keepsDirectories: rules.keepsDirectories,
      keepsTimes: rules.keepsTimes,
      numbersDuplicates: store.onDuplicate == .rename
    )
    response.headers[.sluiceStorage] = storage.text
    return response
  }

  /// A listing in the order that its reader has chosen, as far as it can be sorted.
  /// - Parameter order: nil for the order of the store.
  private func shown(
    _ files: any FileListing,
    in order: ListingOrder?
  ) async throws -> (files: any FileListing, order: ShownOrder) {
    guard files.count <= SortedListing.limit else { return (files, .fixed(count: files.count)) }
    guard let order else { return (files, .newestFirst) }
    guard let sorted = try await SortedListing.sorting(files, by: order, in: budget) else {
      return (files, .fixed(count: files.count))
    }
    return (sorted, .chosen(order))
  }

  /// A directory with all that is in it as a tar archive; 503 as for a listing.
  /// - Throws: as ``list(_:_:over:)``.
  private func archive(
    _ directory: BrowsedDirectory,
    _ request: Request,
    over channel: any Channel
  ) async throws -> Response {
    try checkPreconditions(of: request)
    guard let files = try await store.list(directory.path),
      let reservation = await budget.reserve(ArchiveDownload.chunkSize)
    else { return tooManyListings(request) }
    return ArchiveDownload(
      directory: directory.path,
      files: files,
      store: store,
      hasDirectories: rules.hasDirectories,
      reservation: reservation,
      channel: channel,
      ledger: ledger,
      meter: DownloadMeter(
        name: ArchiveDownload.name(of: directory.path),
        remote: access.client(of: request.head, from: channel.remoteAddress).text,
        size: nil
      )
    ).response()
  }

  /// What the upload page needs to know, as JSON.
  /// - Throws: what ``UploadStore/availableSpace()`` throws.
  private func info(_ request: Request, over channel: any Channel) async throws -> Response {
    let state = ServerProfile.State(
      available: try await store.availableSpace(),
      isDropBox: access.isDropBox,
      canList: access.mayRead(request.head, from: channel.remoteAddress)
    )
    let body = profile.json(state).serialized + "\n"
    var response = ServerResponse(status: .ok, contentType: "application/json", body: body)
    response.fields[.cacheControl] = "no-store"
    return Response(response)
  }

  private func checkPreconditions(of request: Request) throws(UploadError) {
    let preconditions = try Preconditions(request.headers, for: .read, now: CurrentTime.seconds)
    guard preconditions.areMetByPage else { throw Preconditions.failure(.ifMatch) }
  }

  private func tooManyListings(_ request: Request) -> Response {
    let message =
      "Too many listings or files: listings may use \(ByteSize.text(UInt64(budget.reservable))) of memory together. "
      + "Try again later, or start the server with a larger --memory-budget."
    return Response(ServerResponse(failure: message, status: .serviceUnavailable).shown(on: Page(for: request.head)))
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

extension Router<BrowsingContext> {
  /// Adds a route for GET, and for HEAD with the header fields of GET. The router's own option would state the length 0
  /// for a body that is made while it is sent (RFC 9110 section 8.6).
  fileprivate func getAndHead(
    _ path: RouterPath,
    _ handler: @escaping @Sendable (Request, BrowsingContext) async throws -> Response
  ) {
    get(path, use: handler)
    head(path) { request, context in
      let response = try await handler(request, context)
      let body = ResponseBody { writer in try await writer.finish(nil) }
      return Response(status: response.status, headers: response.headers, body: body)
    }
  }
}
