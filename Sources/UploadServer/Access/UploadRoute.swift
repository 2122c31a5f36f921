import HTTPTypes
import UploadCore
import UploadProtocol

/// Where an accepted request goes, decided from its headers alone, before a byte of its body is read.
enum UploadRoute: Sendable {
  /// GET or HEAD without a body, and not of an upload endpoint: Hummingbird's router serves it.
  case hummingbird
  /// The body is one file.
  /// - Parameters:
  ///   - path: nil when the request names none, or none that can be used: then one is generated.
  ///   - declaredType: in lower case, without parameters; nil when the request states none, a malformed one, or
  ///     `application/x-www-form-urlencoded`, which curl states for any body.
  case file(path: FilePath?, declaredType: String?)
  /// The body is a form, whose parts this boundary separates.
  /// - Parameter keepsPaths: whether directories in the names of its files are kept.
  case form(MultipartBoundary, keepsPaths: Bool)
  /// Make a directory (MKCOL).
  case directory(DirectoryPath)

  /// Paths that only POST is for. The request `POST /session` is decided before its route.
  private static let endpoints: Set<String> = ["/stream-upload", "/file-upload", "/session"]
  /// Paths that are only read.
  private static let notFiles: Set<String> = ["/", "/files", "/info", "/healthz", "/metrics"]

  /// Finds the route for a request. None with a body goes to Hummingbird, which would read it to its end without a
  /// limit although no route uses it.
  /// - Throws: ``UploadError`` when the request is to be rejected at once, with code `badRequest`, `malformedForm`,
  ///   `unsupportedType`, `forbidden`, `notFound` or `methodNotAllowed`.
  init(_ request: IncomingRequest, _ rules: PathRules) throws(UploadError) {
    let (head, target) = (request.head, try request.target.get())
    let isEndpoint = Self.endpoints.contains(target.path)
    switch (head.method, target.path) {
    case (.post, "/stream-upload"):
      try Self.checkContent(head)
      self = .file(path: try Self.streamPath(head, target, rules), declaredType: Self.declaredType(head))
    case (.post, "/file-upload"):
      try Self.checkContent(head)
      let boundary = try MultipartBoundary(contentType: head.headerFields[.contentType] ?? "")
      self = .form(boundary, keepsPaths: rules.keepsPaths(target))
    case (.put, _):
      try Self.checkContent(head)
      self = .file(path: try rules.filePath(target), declaredType: Self.declaredType(head))
    case (.mkcol, _) where !isEndpoint:
      let path = try rules.directoryPath(target)
      // RFC 4918 section 9.3: for a body whose meaning is not known.
      guard request.length == .none else {
        throw UploadError(.unsupportedType, "MKCOL must not have a body. Send files with PUT /files/PATH.")
      }
      self = .directory(path)
    case (.get, _) where !isEndpoint, (.head, _) where !isEndpoint:
      guard request.length == .none else {
        throw UploadError(.badRequest, "\(head.method.rawValue) must not have a body. Send files with POST or PUT.")
      }
      self = .hummingbird
    case (_, _) where head.method.rawValue == "PROPFIND":
      throw UploadError(
        .methodNotAllowed,
        "WebDAV clients need PROPFIND, which this server does not have. Send files with PUT /files/PATH."
      )
    case (_, _) where !isEndpoint && request.length != .none:
      let message = "No uploads at this path. Send POST /stream-upload, POST /file-upload or PUT /files/PATH."
      throw UploadError(.notFound, message)
    default: throw UploadError(.methodNotAllowed, "Method not allowed. Allowed: \(Self.methods(at: target, rules)).")
    }
  }

  /// The methods that are allowed for a target, as the `Allow` field lists them, such as `GET, HEAD, PUT`.
  static func methods(at target: RequestTarget, _ rules: PathRules) -> String {
    if endpoints.contains(target.path) { return "POST" }
    var methods = "GET, HEAD"
    if notFiles.contains(target.path) { return methods }
    if (try? rules.filePath(target)) != nil { methods += ", PUT" }
    if let directory = try? rules.directoryPath(target), !directory.isRoot { methods += ", MKCOL" }
    return methods
  }

  /// The path of a streamed file: by its query, otherwise by `Content-Disposition`, of which the directories never count
  /// (RFC 6266 section 4.3).
  private static func streamPath(
    _ head: HTTPRequest,
    _ target: RequestTarget,
    _ rules: PathRules
  ) throws(UploadError) -> FilePath? {
    if let name = try target.nameParameter("name") {
      return try rules.path(name, keepsPath: rules.keepsPaths(target))
    }
    let name = head.headerFields[.contentDisposition].flatMap { ContentDisposition(header: $0).filename }
    return try name.flatMap { name throws(UploadError) in try rules.path(name, keepsPath: false) }
  }

  /// Rejects content that is not the file itself: a range of it, or an encoded one.
  /// - Throws: ``UploadError`` with code `badRequest` or `unsupportedType`.
  static func checkContent(_ request: HTTPRequest) throws(UploadError) {
    if request.headerFields[.contentRange] != nil {
      throw UploadError(.badRequest, "Content-Range is not supported. Send the whole file.")
    }
    if let coding = request.headerFields[.contentEncoding], coding.lowercased() != "identity" {
      throw UploadError(.unsupportedType, "Content-Encoding is not supported. Send the file without encoding.")
    }
  }

  /// The media type that the sender states, without its parameters; nil for none, for a malformed one, and for the one
  /// that curl states for any body.
  private static func declaredType(_ request: HTTPRequest) -> String? {
    declaredType(request.headerFields[.contentType])
  }

  /// The media type in the value of a `Content-Type` field, as ``file(path:declaredType:)`` has it; nil for no field.
  static func declaredType(_ contentType: String?) -> String? {
    let type = contentType.flatMap(MediaTypeNames.essence)
    return type == "application/x-www-form-urlencoded" ? nil : type
  }
}

extension HTTPRequest.Method {
  /// Makes a directory (RFC 4918 section 9.3).
  static let mkcol = HTTPRequest.Method("MKCOL") ?? .put
}
