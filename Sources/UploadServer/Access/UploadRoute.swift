import HTTPTypes
import UploadCore
import UploadProtocol

/// Where a request goes, decided from its head alone, before a byte of its body is read.
enum UploadRoute: Sendable {
  /// No body, and not an upload: Hummingbird's router serves it.
  case hummingbird
  /// The body is one file.
  case file(name: FileName?, declaredType: String?)
  /// The body is a form.
  case form(MultipartBoundary)
  /// It is rejected at once.
  case rejection(UploadError)

  /// Finds the route for a request.
  ///
  /// Every request that has a body ends here one way or another: Hummingbird would read a body that no route asked for
  /// without bound.
  init(_ request: IncomingRequest) {
    do throws(UploadError) {
      self = try Self.find(request.head, target: request.target.get(), length: request.length)
    } catch {
      self = .rejection(error)
    }
  }

  private static func find(
    _ request: HTTPRequest,
    target: RequestTarget,
    length: BodyLength
  ) throws(UploadError) -> UploadRoute {
    switch (request.method, target.path) {
    case (.post, "/stream-upload"):
      try checkContent(request)
      let name = try target.nameParameter("name") ?? disposition(request)
      return .file(name: name.flatMap { FileName($0) }, declaredType: declaredType(request))
    case (.post, "/file-upload"):
      try checkContent(request)
      return .form(try MultipartBoundary(contentType: request.headerFields[.contentType] ?? ""))
    case (.put, _):
      try checkContent(request)
      return .file(name: try nameForPut(target), declaredType: declaredType(request))
    default:
      return try withoutUpload(request, target, length)
    }
  }

  /// What is not an upload must have no body, and be something the router knows.
  private static func withoutUpload(
    _ request: HTTPRequest,
    _ target: RequestTarget,
    _ length: BodyLength
  ) throws(UploadError) -> UploadRoute {
    if request.method == .get || request.method == .head, !endpoints.contains(target.path) {
      guard length == .none else {
        throw UploadError(.badRequest, "\(request.method.rawValue) takes no body. Send files with POST or PUT.")
      }
      return .hummingbird
    }
    guard endpoints.contains(target.path) || length == .none else {
      throw UploadError(
        .notFound,
        "Nothing takes an upload there. Send POST /stream-upload, POST /file-upload or PUT /NAME."
      )
    }
    throw UploadError(.methodNotAllowed, "That method is not for this path, which takes \(methods(at: target.path)).")
  }

  /// The methods that a request's path takes, as the `Allow` field lists them.
  static func methods(for request: IncomingRequest) -> String {
    methods(at: request.path)
  }

  private static func methods(at path: String) -> String {
    if endpoints.contains(path) { return "POST" }
    return notFiles.contains(path) || path == "/" ? "GET, HEAD" : "GET, HEAD, PUT"
  }

  private static let endpoints: Set<String> = ["/stream-upload", "/file-upload"]
  /// What is looked at under a name that a file could have.
  private static let notFiles: Set<String> = ["/healthz", "/metrics"]

  private static func checkContent(_ request: HTTPRequest) throws(UploadError) {
    if request.headerFields[.contentRange] != nil {
      throw UploadError(.badRequest, "A part of a file cannot be stored (Content-Range). Send the whole file.")
    }
    if let coding = request.headerFields[.contentEncoding], coding.lowercased() != "identity" {
      throw UploadError(.unsupportedType, "Content-Encoding is not taken. Send the file as it is.")
    }
  }

  private static func nameForPut(_ target: RequestTarget) throws(UploadError) -> FileName {
    guard !endpoints.contains(target.path), !notFiles.contains(target.path) else {
      throw UploadError(.methodNotAllowed, "\(target.path) is not a file. Send PUT /NAME.")
    }
    guard let component = try target.lastPathComponent(),
      let name = FileName(component, isFlattened: target.hasDirectories)
    else {
      throw UploadError(.badRequest, "The path names no file. Send PUT /NAME.")
    }
    return name
  }

  private static func disposition(_ request: HTTPRequest) -> NameBytes? {
    request.headerFields[.contentDisposition].flatMap { ContentDisposition(header: $0).filename }
  }

  /// The media type the sender states, without its parameters; one that is malformed, or that curl states for any body,
  /// counts as none.
  private static func declaredType(_ request: HTTPRequest) -> String? {
    let type = request.headerFields[.contentType].flatMap(MediaTypeNames.essence)
    return type == "application/x-www-form-urlencoded" ? nil : type
  }
}
