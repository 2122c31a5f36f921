import HTTPTypes
import UploadCore
import UploadProtocol

/// The head of a request, with its target and body length parsed once for access control and routing.
struct IncomingRequest {
  let head: HTTPRequest
  /// Why the target cannot be used, if it cannot.
  let target: Result<RequestTarget, UploadError>
  let length: BodyLength

  init(_ head: HTTPRequest) {
    self.head = head
    target = Result { () throws(UploadError) in try RequestTarget(head.path ?? "/") }
    length = BodyLength(of: head)
  }

  /// The target's path; empty when the target cannot be used.
  var path: String { (try? target.get().path) ?? "" }

  /// The token in the query, as the client sent it.
  var token: String? {
    (try? target.get()).flatMap { try? $0.parameter("token") }
  }
}

/// How long a request's body says it is.
enum BodyLength: Sendable, Equatable {
  /// There is none.
  case none
  /// A `Content-Length`, in bytes, above 0.
  case known(UInt64)
  /// Chunks, until the last one.
  case chunked

  init(of request: HTTPRequest) {
    if request.headerFields[.transferEncoding] != nil {
      self = .chunked
    } else if let text = request.headerFields[.contentLength], let bytes = UInt64(text), bytes > 0 {
      self = .known(bytes)
    } else {
      self = .none
    }
  }

  /// The length in bytes where it is known beforehand.
  var bytes: UInt64? {
    switch self {
    case .none: 0
    case .known(let bytes): bytes
    case .chunked: nil
    }
  }
}

/// Fields that HTTPTypes does not name.
extension HTTPField.Name {
  static let xForwardedFor = field("X-Forwarded-For")
  static let xForwardedHost = field("X-Forwarded-Host")
  static let xForwardedProto = field("X-Forwarded-Proto")
  static let referrerPolicy = field("Referrer-Policy")
  static let allowPrivateNetwork = field("Access-Control-Allow-Private-Network")
  static let requestPrivateNetwork = field("Access-Control-Request-Private-Network")

  /// The names above are well-formed; another one would be this harmless name.
  private static func field(_ name: String) -> HTTPField.Name {
    HTTPField.Name(name) ?? .xContentTypeOptions
  }
}
