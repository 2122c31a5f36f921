import Glibc
import HTTPTypes
import Synchronization
import UploadCore
import UploadProtocol
import UploadStorage

/// What a connection remembers of the request that it is serving, or that it served last.
struct CurrentRequest {
  /// The client that sent it: behind a trusted proxy the one that the proxy reports, otherwise the peer.
  var client: ClientAddress
  /// Whether the request lets the connection serve another one after the response. False as well once malformed input
  /// has arrived with which the connection ends.
  var keepAlive = false
  var length = BodyLength.none
  /// Bytes of the body's content, without chunk framing, that have been delivered to the upload.
  var received: UInt64 = 0
  /// The page that shows the response to a client that prefers HTML to JSON; nil for every other client.
  var page: Page?
  /// The client has sent `Expect: 100-continue`: it may wait for `100 Continue` before it sends the body.
  var expectsContinue = false
  /// `100 Continue` has been sent.
  var wasContinued = false
  /// The method as it was sent; nil when no request was parsed.
  var method: String?
  /// Whether the response that has begun is one of Hummingbird to HEAD, and states no length of the body that GET has.
  var hasNoLength = false
  /// The host that the client asked for, with its port if it named one; see ``AccessGate/publicAddress(of:from:)``. nil
  /// when it is not known.
  var host: String?
  /// The target as it was sent, with the query, and so perhaps with the token; nil when no request was parsed.
  var rawTarget: String?
  /// The parsed target; nil when no request was parsed.
  private var target: RequestTarget?
  private var rules = PathRules()
  /// Whether the server keeps unfinished uploads.
  private var canResume = false
  /// Whether it is one of tus, of which every response states the protocol's version.
  var isTus = false
  /// The schemes by which a client may present a token, for the `WWW-Authenticate` field of a 401.
  private(set) var challenges: [String] = []
  /// Whether its sender may list and download files. False before access control has accepted the request.
  var mayRead = false
  /// The foreign origin whose pages may read the response, of ``AccessGate/allowedOrigin(of:)``; nil for none.
  var allowedOrigin: String?

  /// Stands for a request that could not be parsed or was not complete, for a raw connection, or for none so far. The
  /// connection ends with the response.
  init(client: ClientAddress = ClientAddress(nil)) {
    self.client = client
  }

  /// - Parameter keepsUnfinished: whether the server keeps unfinished uploads.
  init(
    _ request: IncomingRequest,
    client: ClientAddress,
    host: String?,
    allowedOrigin: String?,
    _ rules: PathRules,
    keepsUnfinished: Bool
  ) {
    let head = request.head
    self.client = client
    self.host = host
    self.allowedOrigin = allowedOrigin
    keepAlive = !head.closesConnection
    length = request.length
    page = Page(for: head)
    challenges = PresentedTokens.challenges(for: head.headerFields)
    expectsContinue = head.headerFields[.expect]?.lowercased() == "100-continue"
    method = head.method.rawValue
    rawTarget = head.path
    (target, self.rules, canResume) = (try? request.target.get(), rules, keepsUnfinished)
    if keepsUnfinished, ResumableRoute.allowedMethods(at: request.path) != nil {
      isTus = head.headerFields[.tusResumable] != nil
    }
  }

  /// The header fields that pages of another origin may read, besides those that they always may.
  static let exposedFields =
    "Location, Upload-Offset, Upload-Length, Upload-Complete, Upload-Limit, Upload-Expires, Upload-Metadata, "
    + "Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Repr-Digest, Retry-After, "
    + "X-OC-Mtime"

  /// The methods that are allowed for the path, for the `Allow` field of a 405: also those of unfinished uploads, and
  /// `OPTIONS` of targets, where the server keeps them. Empty when no request was parsed.
  var allowedMethods: String {
    guard let target else { return "" }
    if canResume, let methods = ResumableRoute.allowedMethods(at: target.path) { return methods }
    let methods = UploadRoute.methods(at: target, rules)
    return canResume && ResumableRoute.isTarget(target, rules) ? methods + ", OPTIONS" : methods
  }

  /// Bytes of the body that have not been delivered; 0 without a body, nil when its length is not known.
  var remaining: UInt64? { length.bytes.map { $0 > received ? $0 - received : 0 } }

  /// Adds to the headers of a response what depends on the request: `Connection: close` if it closes, and the fields
  /// that let pages of ``allowedOrigin`` read the response.
  /// - Parameter closes: whether the connection is closed after the response.
  func complete(_ response: inout HTTPResponse, closes: Bool) {
    if closes { response.headerFields[.connection] = "close" }
    if isTus, response.headerFields[.tusResumable] == nil { response.headerFields[.tusResumable] = "1.0.0" }
    // Lets pages of an allowed foreign origin read the response (the Fetch standard's CORS protocol).
    guard let allowedOrigin else { return }
    response.headerFields[.accessControlAllowOrigin] = allowedOrigin
    response.headerFields[.accessControlExposeHeaders] = Self.exposedFields
    response.headerFields[.vary] = "Origin"
  }
}

extension HTTPRequest {
  /// Whether the connection ends with this request. Only for one that ``RequestRules`` has checked: they leave a single
  /// spelling of `Connection`.
  var closesConnection: Bool { headerFields[.connection]?.lowercased() == "close" }
}

extension Preconditions.Representation {
  /// The validators of a version of a stored file: a strong entity tag (RFC 9110 section 8.8.3) and its date.
  init(_ version: FileVersion) {
    self.init(tag: EntityTag(version.text), modified: version.modified)
  }
}

extension Preconditions {
  /// The preconditions of an upload in the form that the store checks; nil when the request sets none. The check throws
  /// ``UploadError`` with code `preconditionFailed`.
  /// - Parameter path: the requested path; nil when none is requested.
  func condition(for path: FilePath?) -> PublishCondition? {
    guard !isEmpty else { return nil }
    return PublishCondition(path: path) { version throws(UploadError) in
      if case .failed(let field) = evaluate(version.map { Representation($0) }) { throw Self.failure(field) }
    }
  }
}

/// The wall clock.
enum CurrentTime {
  /// Whole seconds since 1970 in UTC.
  static var seconds: Int64 { Int64(time(nil)) }

  /// The text of the last second for which it was needed.
  private static let lastDate = Mutex<(seconds: Int64, text: String)>((seconds: .min, text: ""))

  /// The current time as the value of a `Date` field.
  static var httpDate: String {
    let now = seconds
    return lastDate.withLock { last in
      if last.seconds != now { last = (now, HTTPDate.text(now)) }
      return last.text
    }
  }
}

/// The time of log lines and of reports about rejected requests.
package enum LogTime {
  /// The current time in UTC, in whole seconds: `1994-11-06T08:49:37Z` (RFC 3339).
  package static var now: String { HTTPDate.internetText(CurrentTime.seconds) }
}
