import HTTPTypes
import UploadCore
import UploadProtocol

/// The headers of a request, with its target and the length of its body parsed once for access control and routing.
struct IncomingRequest {
  let head: HTTPRequest
  /// The parsed target, `/` for a request without one; an error with code `badRequest` where it does not begin with a
  /// slash.
  let target: Result<RequestTarget, UploadError>
  let length: BodyLength

  init(_ head: HTTPRequest) {
    self.head = head
    target = Result { () throws(UploadError) in try RequestTarget(head.path ?? "/") }
    length = BodyLength(of: head)
  }

  /// The size in bytes from which a body usually has not arrived with the headers.
  private static let largeBody: UInt64 = 64 * 1024

  /// Whether most of the body is still to come, so that a rejection spares the client sending it: it waits for
  /// `100 Continue`, or the body is large, or of unknown length. The check that this allows costs a small upload more than
  /// its body.
  var mayWaitForBody: Bool {
    head.headerFields[.expect] != nil || length.bytes.map { $0 >= Self.largeBody } ?? true
  }

  /// The target's path as it was sent, without the query; empty when the target cannot be used.
  var path: String { (try? target.get().path) ?? "" }

  /// The value of the query's first parameter `token`, decoded and perhaps empty; nil when there is none, its encoding
  /// is malformed, or the target cannot be used.
  var token: String? { try? target.get().parameter("token") }
}

/// The length of a request's body as its headers state it. `Transfer-Encoding` takes precedence over `Content-Length`.
enum BodyLength: Sendable, Equatable {
  /// Neither field states a body, or `Content-Length` is 0.
  case none
  /// A `Content-Length`, in bytes, above 0.
  case known(UInt64)
  /// Not stated: the body ends with its last chunk.
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

  /// In bytes: 0 without a body, nil for a chunked one.
  var bytes: UInt64? {
    switch self {
    case .none: 0
    case .known(let bytes): bytes
    case .chunked: nil
    }
  }
}

/// Header fields that HTTPTypes does not name.
extension HTTPField.Name {
  static let forwarded = field("Forwarded")
  static let xForwardedFor = field("X-Forwarded-For")
  static let xForwardedHost = field("X-Forwarded-Host")
  static let xForwardedProto = field("X-Forwarded-Proto")
  static let xForwardedPrefix = field("X-Forwarded-Prefix")
  static let referrerPolicy = field("Referrer-Policy")
  static let allowPrivateNetwork = field("Access-Control-Allow-Private-Network")
  static let requestPrivateNetwork = field("Access-Control-Request-Private-Network")

  /// A field's name. The names above are valid, so that the replacement for an invalid one is never used.
  private static func field(_ name: String) -> HTTPField.Name {
    HTTPField.Name(name) ?? .xContentTypeOptions
  }
}

extension UInt8 {
  /// Whether this is a digit of ASCII.
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  /// Whether this is a letter or a digit of ASCII.
  var isAlphanumeric: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}

extension StringProtocol {
  /// The text without the slashes at its end.
  var withoutFinalSlashes: String {
    var text = self[startIndex...]
    while text.hasSuffix("/") { text = text.dropLast() }
    return String(text)
  }

  /// The text without its spaces and tabs, those in the middle included.
  var withoutBlanks: String { String(filter { $0 != " " && $0 != "\t" }) }
}
