import HTTPTypes
import UploadCore
import UploadProtocol

/// Where an accepted request goes, decided from its headers alone, before a byte of its body is read.
enum UploadRoute: Sendable {
  /// GET or HEAD without a body, and not of an upload endpoint: Hummingbird's router serves it.
  case hummingbird
  /// The body is one file.
  /// - Parameters:
  ///   - name: nil when the request names none, or none that can be used: then one is generated.
  ///   - declaredType: in lower case, without parameters; nil when the request states none, a malformed one, or
  ///     `application/x-www-form-urlencoded`, which curl states for any body.
  case file(name: FileName?, declaredType: String?)
  /// The body is a form, whose parts this boundary separates.
  case form(MultipartBoundary)

  private static let endpoints: Set<String> = ["/stream-upload", "/file-upload"]
  /// Paths that are read, and could be mistaken for names of files.
  private static let notFiles: Set<String> = ["/healthz", "/metrics"]

  /// Finds the route for a request. None with a body goes to Hummingbird, which would read it to its end without a
  /// limit although no route uses it.
  /// - Throws: ``UploadError`` when the request is to be rejected at once, with code `badRequest`, `malformedForm`,
  ///   `unsupportedType`, `notFound` or `methodNotAllowed`.
  init(_ request: IncomingRequest) throws(UploadError) {
    let (head, target) = (request.head, try request.target.get())
    let isEndpoint = Self.endpoints.contains(target.path)
    switch (head.method, target.path) {
    case (.post, "/stream-upload"):
      try Self.checkContent(head)
      let disposition = head.headerFields[.contentDisposition].flatMap { ContentDisposition(header: $0).filename }
      let name = try target.nameParameter("name") ?? disposition
      self = .file(name: name.flatMap { FileName($0) }, declaredType: Self.declaredType(head))
    case (.post, "/file-upload"):
      try Self.checkContent(head)
      self = .form(try MultipartBoundary(contentType: head.headerFields[.contentType] ?? ""))
    case (.put, _):
      try Self.checkContent(head)
      self = .file(name: try Self.nameForPut(target), declaredType: Self.declaredType(head))
    case (.get, _) where !isEndpoint, (.head, _) where !isEndpoint:
      guard request.length == .none else {
        throw UploadError(.badRequest, "\(head.method.rawValue) must not have a body. Send files with POST or PUT.")
      }
      self = .hummingbird
    case (_, _) where !isEndpoint && request.length != .none:
      let message = "No uploads at this path. Send POST /stream-upload, POST /file-upload or PUT /NAME."
      throw UploadError(.notFound, message)
    default: throw UploadError(.methodNotAllowed, "Method not allowed. Allowed: \(Self.methods(for: request)).")
    }
  }

  /// The methods that are allowed for a request's path, as the `Allow` field lists them, such as `GET, HEAD, PUT`.
  static func methods(for request: IncomingRequest) -> String {
    if endpoints.contains(request.path) { return "POST" }
    return notFiles.contains(request.path) || request.path == "/" ? "GET, HEAD" : "GET, HEAD, PUT"
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

  /// The file name that a PUT request states in its path.
  /// - Throws: ``UploadError`` with code `methodNotAllowed` for a path that is no file, or `badRequest`.
  static func nameForPut(_ target: RequestTarget) throws(UploadError) -> FileName {
    guard !endpoints.contains(target.path), !notFiles.contains(target.path) else {
      throw UploadError(.methodNotAllowed, "\(target.path) is not a file. Send PUT /NAME with another name.")
    }
    guard let component = try target.lastPathComponent(),
      let name = FileName(component, isFlattened: target.hasDirectories)
    else { throw UploadError(.badRequest, "No file name in the path. Send PUT /NAME.") }
    return name
  }

  /// The media type that the sender states, without its parameters; nil for none, for a malformed one, and for the one
  /// that curl states for any body.
  private static func declaredType(_ request: HTTPRequest) -> String? {
    let type = request.headerFields[.contentType].flatMap(MediaTypeNames.essence)
    return type == "application/x-www-form-urlencoded" ? nil : type
  }
}
