import HTTPTypes

extension AccessGate {
  /// What a client is told that it may show (RFC 6750, RFC 7617); browsers ask their user for the second.
  static let challenges = ["Bearer realm=\"sluice\"", "Basic realm=\"sluice\", charset=\"UTF-8\""]
}

extension Answer {
  /// Tells a browser that a page of another origin may go on (the fetch standard's CORS protocol).
  static func preflight(_ request: HTTPRequest) -> Answer {
    var answer = Answer(status: .noContent)
    answer.fields[.accessControlAllowMethods] = "GET, HEAD, POST, PUT"
    // Which fields a page sets is no secret and no danger: those that count are looked at with the request itself.
    answer.fields[.accessControlAllowHeaders] =
      request.headerFields[.accessControlRequestHeaders] ?? "Authorization, Content-Type, Content-Disposition"
    answer.fields[.accessControlMaxAge] = "600"
    if request.headerFields[.requestPrivateNetwork] != nil { answer.fields[.allowPrivateNetwork] = "true" }
    return answer
  }
}
