/// The problem types of resumable uploads, as a body of type `application/problem+json` (RFC 9457).
package enum ProblemDocument: Sendable, Equatable {
  /// The request's offset is not the resource's: status 409.
  case mismatchingOffset(expected: UInt64, provided: UInt64)
  /// The request contradicts the known length, or exceeds it: status 400.
  case inconsistentLength

  /// The media type of ``json``.
  package static let contentType = "application/problem+json"

  /// The URL that identifies the type.
  package var type: String {
    let registry = "https://iana.org/assignments/http-problem-types"
    return switch self {
    case .mismatchingOffset: "\(registry)#mismatching-upload-offset"
    case .inconsistentLength: "\(registry)#inconsistent-upload-length"
    }
  }

  /// The HTTP status of a response with it.
  package var status: Int {
    switch self {
    case .mismatchingOffset: 409
    case .inconsistentLength: 400
    }
  }

  /// What is wrong and what to do, for people.
  package var detail: String {
    switch self {
    case .mismatchingOffset(let expected, let provided):
      "The upload has \(expected) bytes, and the request continues at \(provided). Continue at \(expected)."
    case .inconsistentLength:
      "The request contradicts the length of the upload. State one length in all requests, and send as many bytes."
    }
  }

  /// The body. No text in it comes from the request, so that nothing has to be escaped.
  package var json: String {
    switch self {
    case .mismatchingOffset(let expected, let provided):
      object(
        title: "Mismatching upload offset",
        more: ",\"expected-offset\":\(expected),\"provided-offset\":\(provided)"
      )
    case .inconsistentLength: object(title: "Inconsistent upload length", more: "")
    }
  }

  private func object(title: String, more: String) -> String {
    "{\"type\":\"\(type)\",\"title\":\"\(title)\",\"status\":\(status),\"detail\":\"\(detail)\"\(more)}\n"
  }
}
