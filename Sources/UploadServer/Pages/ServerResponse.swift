import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// A complete response with its body in memory: to an upload or a preflight request, for an error, a health check or
/// metrics. Downloads and listings are streamed instead.
struct ServerResponse: Sendable {
  var status: HTTPResponse.Status
  var fields: HTTPFields
  var body: ByteBuffer
  /// The message of an error response; nil for success.
  private(set) var problem: String?
  /// Whether it rejects a part of a resumable upload because of its offset: see
  /// ``LingeringCloseStateMachine/Limits/stale``.
  var hasStaleOffset = false

  /// A response with a body and its length, and the header fields that protect browsers from what clients upload.
  /// - Parameter problem: the message of an error; nil for success.
  init(status: HTTPResponse.Status, contentType: String, body: String, problem: String? = nil) {
    (self.status, self.problem) = (status, problem)
    self.body = ByteBuffer(string: body)
    fields = .protected(as: contentType)
    fields[.contentLength] = String(self.body.readableBytes)
  }

  /// A response without a body and without header fields, such as 204.
  init(status: HTTPResponse.Status) {
    (self.status, fields, body) = (status, [:], ByteBuffer())
  }

  /// A response as JSON. Clients rely on its fields: example/docs/http.md.
  private init(status: HTTPResponse.Status, message: String, ok: Bool, more: [(String, JSONValue)] = []) {
    let first: [(String, JSONValue)] = [
      ("status", .integer(status.code)), ("msg", .string(message)), ("ok", .bool(ok)),
    ]
    let json = JSONValue.object(first + more).serialized + "\n"
    self.init(status: status, contentType: "application/json", body: json)
  }

  /// Success as JSON, with the stored files; of a single file also `Location`, and `Repr-Digest` if a digest is known.
  /// - Parameter path: of the request, for URLs relative to it; nil where there is none, as in a raw upload: then the
  ///   response has neither URLs nor `Location`.
  static func stored(_ files: [StoredFile], status: HTTPResponse.Status, path: String? = nil) -> ServerResponse {
    let entries = files.map { file in
      let url = path.map { [("url", JSONValue.string(file.url(relativeTo: $0)))] } ?? []
      let digest = file.digests.sha256Text.map { [("sha256", JSONValue.string($0))] } ?? []
      return JSONValue.object(
        [("name", .string(file.name)), ("size", .unsigned(file.size)), ("type", .optional(file.type))] + digest + url
      )
    }
    let more = [("files", JSONValue.array(entries))]
    var response = ServerResponse(status: status, message: "file uploaded", ok: true, more: more)
    // Fields that describe one file: of several, they could not say which one they mean.
    if files.count == 1, let file = files.first {
      response.fields[.reprDigest] = DigestFields.text(file.digests)
      response.fields[.location] = path.map { file.url(relativeTo: $0) }
    }
    return response
  }

  /// A directory was made: success as JSON, with its URL.
  /// - Parameter target: of the request, which the URL is relative to.
  static func created(_ directory: DirectoryPath, target: String) -> ServerResponse {
    let url = Page(path: target).link(to: "files/" + directory.bytes.urlPath + "/")
    let more = [("url", JSONValue.string(url))]
    var response = ServerResponse(status: .created, message: "directory created", ok: true, more: more)
    response.fields[.location] = url
    return response
  }

  /// Success, on a page or as JSON as the client prefers. The status is 201, or 200 where a PUT replaced a file.
  /// - Parameters:
  ///   - method: of the request that began the upload; nil for that of `request`.
  ///   - fields: further header fields.
  static func stored(
    _ files: [StoredFile],
    for request: CurrentRequest,
    method: String? = nil,
    adding fields: HTTPFields = [:]
  ) -> ServerResponse {
    let isPut = (method ?? request.method) == "PUT"
    let status: HTTPResponse.Status = isPut && files.contains { $0.replaced } ? .ok : .created
    var response = stored(files, status: status, path: request.rawTarget ?? "/")
    for field in fields { response.fields[field.name] = field.value }
    if let page = request.page { response.show(page.stored(files, linksFiles: request.mayRead)) }
    return response
  }

  /// The status and headers with which it is sent in response to a request: its own, `Date` and `Server`, `Allow` with
  /// 405, `WWW-Authenticate` with 401, and what ``CurrentRequest/complete(_:closes:)`` adds.
  /// - Parameter closes: whether the connection is closed after it.
  func head(for request: CurrentRequest, closes: Bool) -> HTTPResponse {
    var head = HTTPResponse(status: status, headerFields: fields)
    head.headerFields[.date] = CurrentTime.httpDate
    head.headerFields[.server] = "sluice"
    if status == .methodNotAllowed { head.headerFields[.allow] = request.allowedMethods }
    if status == .unauthorized { head.headerFields[values: .wwwAuthenticate] = request.challenges }
    request.complete(&head, closes: closes)
    return head
  }

  /// Writes it in response to a request, to HEAD without the body, and flushes. Call it on the event loop.
  /// - Parameters:
  ///   - closes: whether to announce that the connection is closed after it; the caller closes.
  ///   - sent: succeeds when the socket has accepted the end of the response, and fails when it cannot.
  func write(
    for request: CurrentRequest,
    closes: Bool,
    to context: ChannelHandlerContext,
    sent: EventLoopPromise<Void>
  ) {
    context.write(NIOAny(HTTPResponsePart.head(head(for: request, closes: closes))), promise: nil)
    // A response to HEAD has no body (RFC 9110 section 9.3.2).
    if request.method != "HEAD" { context.write(NIOAny(HTTPResponsePart.body(body)), promise: nil) }
    context.writeAndFlush(NIOAny(HTTPResponsePart.end(nil)), promise: sent)
  }

  /// Appends it to `bytes` as the encoder would write it, in response to a request that is not HEAD.
  /// - Parameter closes: whether the connection is closed after it.
  func write(for request: CurrentRequest, closes: Bool, into bytes: inout ByteBuffer) {
    let head = head(for: request, closes: closes)
    bytes.writeString("HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n")
    for field in head.headerFields { bytes.writeString("\(field.name.rawName): \(field.value)\r\n") }
    bytes.writeString("\r\n")
    bytes.writeImmutableBuffer(body)
  }

  /// Replaces the body by a page.
  private mutating func show(_ page: String) {
    body = ByteBuffer(string: page)
    for field in HTTPFields.protected(as: Page.contentType, policy: PageStyle.policy) {
      fields[field.name] = field.value
    }
    fields[.contentLength] = String(body.readableBytes)
  }

  /// An error response as JSON, with the error's message and the status of its code.
  /// - Parameter retryAfter: seconds until the client may retry; nil for 5 s with status 429 and 503, and for no
  ///   `Retry-After` with others.
  init(failure error: UploadError, retryAfter: Int? = nil) {
    self.init(failure: error.message, status: error.code.status)
    if let retryAfter { fields[.retryAfter] = String(retryAfter) }
  }

  /// An error response as JSON, for a failure that is no ``UploadError``. With 429 and 503 it has `Retry-After: 5`.
  init(failure message: String, status: HTTPResponse.Status) {
    self.init(status: status, message: message, ok: false)
    problem = message
    if status == .serviceUnavailable || status == .tooManyRequests { fields[.retryAfter] = "5" }
  }
}

extension ServerResponse {
  /// The response to a CORS preflight request (the Fetch standard), with status 204: a page of another origin may send
  /// its request. Only for the decision ``AccessGate/Decision/preflight``; ``head(for:closes:)`` adds the origin.
  static func preflight(_ request: HTTPRequest) -> ServerResponse {
    var response = ServerResponse(status: .noContent)
    response.fields[.accessControlAllowMethods] = "GET, HEAD, POST, PUT, PATCH, DELETE, MKCOL"
    // Any field is allowed: those that matter are checked when the request itself arrives.
    response.fields[.accessControlAllowHeaders] =
      request.headerFields[.accessControlRequestHeaders] ?? "Authorization, Content-Type, Content-Disposition"
    response.fields[.accessControlMaxAge] = "600"
    if request.headerFields[.requestPrivateNetwork] != nil { response.fields[.allowPrivateNetwork] = "true" }
    return response
  }

  /// The response to a browser that has sent its token once, with status 204.
  /// - Parameter cookie: the value of `Set-Cookie`; nil where the request has proved nothing.
  static func session(_ cookie: String?) -> ServerResponse {
    var response = ServerResponse(status: .noContent)
    response.fields[.cacheControl] = "no-store"
    response.fields[.setCookie] = cookie
    return response
  }

  /// An error response with a page as its body, and its other header fields unchanged; every other response as it is.
  /// - Parameter page: nil for a client that prefers JSON: then the response is unchanged.
  func shown(on page: Page?) -> ServerResponse {
    guard let page, let problem else { return self }
    var response = self
    response.show(page.error(problem, status: status))
    return response
  }
}

extension HTTPFields {
  /// The header fields of a body that keep browsers from more than showing it.
  /// - Parameters:
  ///   - contentType: of the body.
  ///   - policy: the value of `Content-Security-Policy`; nil for what is no page.
  static func protected(as contentType: String, policy: String? = nil) -> HTTPFields {
    var fields: HTTPFields = [.contentType: contentType]
    // Browsers must not guess another type, since content that a client uploaded could then run as a script.
    fields[.xContentTypeOptions] = "nosniff"
    // A URL with a token must not be sent to any site, nor get into the log of a proxy with another request.
    fields[.referrerPolicy] = "no-referrer"
    fields[.contentSecurityPolicy] = policy
    return fields
  }
}

extension UploadError.Code {
  /// The HTTP status that reports this error to a client; 500 also for errors that no request causes.
  var status: HTTPResponse.Status {
    switch self {
    case .badRequest, .malformedForm, .noFile, .incomplete, .contentMismatch: .badRequest
    case .unauthorized: .unauthorized
    case .notFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .timedOut: .requestTimeout
    case .nameTaken, .offsetMismatch: .conflict
    case .uploadGone: .gone
    case .preconditionFailed: .preconditionFailed
    case .tooLarge: .contentTooLarge
    case .unsupportedType: .unsupportedMediaType
    case .notImplemented: .notImplemented
    // The server's user cancelled the upload: after a 5xx, clients would retry by themselves (RFC 9110 section 15.5.4).
    case .forbidden, .cancelled: .forbidden
    case .tooManyFromClient, .tooManyGuesses, .tooManyUnfinished: .tooManyRequests
    case .addressTooLong: .uriTooLong
    case .headersTooLarge: .requestHeaderFieldsTooLarge
    case .tooManyUploads, .shuttingDown, .directoryUnavailable, .storeUnavailable: .serviceUnavailable
    case .diskFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
    case .clientGone, .storageFailed, .badDirectory, .connectionRefused, .unreachable, .connectionLost,
      .refusedByServer, .badAnswer, .untrustedServer, .badURL, .unreadableFile, .fileChanged, .outOfMemory,
      .cannotListen, .badCertificate, .badValue, .internalFailure:
      .internalServerError
    }
  }
}

extension HTTPResponse.Status {
  /// Whether Hummingbird's response with this status rejects the request, so that it is reported: from 400 on, except
  /// 404, 412 and 416, since a request for a file, version or range that does not exist is no rejected one.
  var isRejection: Bool {
    code >= 400 && ![HTTPResponse.Status.notFound, .preconditionFailed, .rangeNotSatisfiable].contains(self)
  }
}
