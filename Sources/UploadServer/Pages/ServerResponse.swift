import HTTPTypes
import NIOCore
import NIOHTTPTypes
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// A complete response that the server itself makes: for stored uploads, for failures and for small pages.
struct ServerResponse: Sendable {
  var status: HTTPResponse.Status
  var fields: HTTPFields
  var body: ByteBuffer
  /// Of an error response, what went wrong, in words.
  private(set) var problem: String?

  init(status: HTTPResponse.Status, contentType: String, body: String) {
    self.status = status
    self.body = ByteBuffer(string: body)
    fields = [.contentType: contentType, .contentLength: String(self.body.readableBytes)]
    // What strangers uploaded is never guessed into something that runs.
    fields[.xContentTypeOptions] = "nosniff"
    // A URL with a token must not be sent to other sites. (With no-referrer our own form's Origin would be "null".)
    fields[.referrerPolicy] = "same-origin"
  }

  /// A response without a body, such as 204.
  init(status: HTTPResponse.Status) {
    (self.status, fields, body) = (status, [:], ByteBuffer())
  }

  init(status: HTTPResponse.Status, json: JSONValue) {
    self.init(status: status, contentType: "application/json", body: json.serialized + "\n")
  }

  /// Success, with what was stored. Clients rely on its JSON, and on that of a failure: example/docs/http.md.
  /// - Parameter path: of the request, for URLs relative to it; nil where there is none, as in a raw upload.
  static func stored(_ files: [StoredFile], status: HTTPResponse.Status, path: String? = nil) -> ServerResponse {
    let entries = files.map { file in
      let url = path.map { [("url", JSONValue.string(file.url(relativeTo: $0)))] } ?? []
      let digest = file.digests.sha256Text.map { [("sha256", JSONValue.string($0))] } ?? []
      return JSONValue.object(
        [("name", .string(file.name)), ("size", .unsigned(file.size)), ("type", .optional(file.type))] + digest + url
      )
    }
    var response = ServerResponse(
      status: status,
      json: .object([
        ("status", .integer(status.code)),
        ("msg", .string("file uploaded")),
        ("ok", .bool(true)),
        ("files", .array(entries)),
      ])
    )
    response.describe(files, path: path)
    return response
  }

  /// Success, as JSON or on a page, with 200 instead of 201 where a PUT replaced a file.
  static func stored(_ files: [StoredFile], for request: CurrentRequest) -> ServerResponse {
    let status: HTTPResponse.Status = request.isPut && files.contains { $0.replaced } ? .ok : .created
    guard let page = request.page else { return stored(files, status: status, path: request.path) }
    var response = ServerResponse.page(page.stored(files), status: status)
    response.describe(files, path: request.path)
    return response
  }

  /// The head with which it is sent in response to a request.
  /// - Parameter closes: whether the connection ends with it.
  func head(for request: CurrentRequest, closes: Bool) -> HTTPResponse {
    var head = HTTPResponse(status: status, headerFields: fields)
    head.headerFields[.date] = HTTPDate.text(CurrentTime.seconds)
    head.headerFields[.server] = "sluice"
    if status == .methodNotAllowed { head.headerFields[.allow] = request.allowedMethods }
    if status == .unauthorized { head.headerFields[values: .wwwAuthenticate] = AccessGate.challenges }
    request.complete(&head, closes: closes)
    return head
  }

  /// Writes it in response to a request, and flushes.
  /// - Parameters:
  ///   - closes: whether the connection ends with it.
  ///   - sent: completed when the socket has accepted the end of the response.
  func write(
    for request: CurrentRequest,
    closes: Bool,
    to context: ChannelHandlerContext,
    sent: EventLoopPromise<Void>
  ) {
    context.write(NIOAny(HTTPResponsePart.head(head(for: request, closes: closes))), promise: nil)
    if !request.isHead { context.write(NIOAny(HTTPResponsePart.body(body)), promise: nil) }
    context.writeAndFlush(NIOAny(HTTPResponsePart.end(nil)), promise: sent)
  }

  /// Adds the fields that speak of a stored file: of several, they could not say which one they mean.
  mutating func describe(_ files: [StoredFile], path: String?) {
    guard files.count == 1, let file = files.first else { return }
    fields[.reprDigest] = DigestFields.text(file.digests)
    fields[.location] = path.map { file.url(relativeTo: $0) }
  }

  /// Failure, by what went wrong.
  /// - Parameter retryAfter: seconds after which the client may try again, where they are known.
  init(failure error: UploadError, retryAfter: Int? = nil) {
    self.init(failure: error.message, status: error.code.status)
    if let retryAfter { fields[.retryAfter] = String(retryAfter) }
  }

  /// Failure, for a status that no error code has.
  init(failure message: String, status: HTTPResponse.Status) {
    self.init(
      status: status,
      json: .object([("status", .integer(status.code)), ("msg", .string(message)), ("ok", .bool(false))])
    )
    problem = message
    if status == .serviceUnavailable || status == .tooManyRequests { fields[.retryAfter] = "5" }
  }
}

extension AccessGate {
  /// What a client is told that it may show (RFC 6750, RFC 7617); browsers ask their user for the second.
  static let challenges = ["Bearer realm=\"sluice\"", "Basic realm=\"sluice\", charset=\"UTF-8\""]
}

extension ServerResponse {
  /// Tells a browser that a page of another origin may go on (the fetch standard's CORS protocol).
  static func preflight(_ request: HTTPRequest) -> ServerResponse {
    var response = ServerResponse(status: .noContent)
    response.fields[.accessControlAllowMethods] = "GET, HEAD, POST, PUT"
    // Which fields a page sets is no secret and no danger: those that count are looked at with the request itself.
    response.fields[.accessControlAllowHeaders] =
      request.headerFields[.accessControlRequestHeaders] ?? "Authorization, Content-Type, Content-Disposition"
    response.fields[.accessControlMaxAge] = "600"
    if request.headerFields[.requestPrivateNetwork] != nil { response.fields[.allowPrivateNetwork] = "true" }
    return response
  }
}

extension UploadError.Code {
  /// The HTTP status that tells a client of this failure.
  var status: HTTPResponse.Status {
    switch self {
    case .badRequest, .malformedForm, .noFile, .incomplete, .contentMismatch: .badRequest
    case .unauthorized: .unauthorized
    case .notFound: .notFound
    case .methodNotAllowed: .methodNotAllowed
    case .timedOut: .requestTimeout
    case .nameTaken: .conflict
    case .preconditionFailed: .preconditionFailed
    case .tooLarge: .contentTooLarge
    case .unsupportedType: .unsupportedMediaType
    case .notImplemented: .notImplemented
    // The server's user cancelled it: a 5xx would have clients try again by themselves (RFC 9110 section 15.5.4).
    case .forbidden, .cancelled: .forbidden
    case .tooManyFromClient, .tooManyGuesses: .tooManyRequests
    case .headersTooLarge: .requestHeaderFieldsTooLarge
    case .tooManyUploads, .shuttingDown, .directoryUnavailable: .serviceUnavailable
    case .diskFull: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
    case .clientGone, .storageFailed, .badDirectory, .connectionRefused, .unreachable, .connectionLost,
      .refusedByServer, .badAnswer, .untrustedServer, .badURL, .unreadableFile, .fileChanged, .outOfMemory,
      .cannotListen, .badCertificate, .badValue, .internalFailure:
      .internalServerError
    }
  }
}

extension HTTPResponse.Status {
  /// Whether a response to a page or a download says that the request was rejected. What asks for a file that does not
  /// exist, or for a range or a version that it does not have, is not rejected.
  var isRejection: Bool {
    code >= 400 && ![HTTPResponse.Status.notFound, .preconditionFailed, .rangeNotSatisfiable].contains(self)
  }
}
