import HTTPTypes

extension UploadHandler {
  /// What is remembered of the request being answered.
  struct Current {
    var keepAlive = false
    var length = BodyLength.none
    /// Bytes of the body that have come.
    var received: UInt64 = 0
    /// What the response is shown on, for a client that prefers HTML to JSON.
    var page: Page?
    /// The client waits for a word before it sends the body.
    var expectsContinue = false
    /// It has been told.
    var wasContinued = false
    /// The request's method and target as they were sent; nil when they could not be parsed.
    var method: String?
    var target: String?
    var isPut = false
    /// As the request's target has it, with the query.
    var path = "/"
    /// The answer must have no body, whatever it says (RFC 9110 section 9.3.2).
    var isHead = false
    /// The methods that the path takes, for a refusal of another.
    var allow = ""
    /// The origin, not our own, whose pages may read the answer.
    var allowedOrigin: String?
    /// Who sent it; counts as having an upload while ``isCounted``.
    var client = ClientAddress(nil)
    var isCounted = false

    /// Bytes still to come; nil when the length is not known.
    var remaining: UInt64? {
      length.bytes.map { $0 > received ? $0 - received : 0 }
    }
  }
}

extension UploadHandler.Current {
  /// What a request's head says.
  init(_ request: HTTPRequest) {
    keepAlive = !request.closesConnection
    length = UploadRoute.bodyLength(of: request)
    page = Page(for: request)
    expectsContinue = request.headerFields[.expect]?.lowercased() == "100-continue"
    method = request.method.rawValue
    target = request.path
    isPut = request.method == .put
    path = request.path ?? "/"
    isHead = request.method == .head
    allow = UploadRoute.methods(for: request)
  }
}

extension HTTPRequest {
  /// Nothing follows it, in the one spelling that ``RequestRules`` leaves of this.
  var closesConnection: Bool { headerFields[.connection]?.lowercased() == "close" }
}
