import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// Where a request of a resumable upload goes, decided from its headers alone. Only for servers whose store keeps
/// unfinished uploads.
enum ResumableRoute: Sendable, Equatable {
  /// An upload at one of the usual targets that may be continued (the IETF draft).
  /// - Parameters:
  ///   - path: nil when the request names none, or none that can be used.
  ///   - declaredType: as in ``UploadRoute/file(path:declaredType:)``.
  case creation(path: FilePath?, declaredType: String?)
  /// `OPTIONS` of one of the usual targets: which limits an upload has (the IETF draft).
  case discovery
  /// `/uploads`, where uploads of tus are created, and described with `OPTIONS`.
  case collection
  /// `/uploads/ID`.
  /// - Parameter id: as it was sent, perhaps malformed.
  case resource(id: String)

  /// The path at which uploads of tus are created; unfinished uploads lie below it.
  static let root = "/uploads"

  /// Finds the route of a request.
  /// - Parameter method: its method, perhaps overridden: see ``method(of:)``.
  /// - Returns: nil for all other requests, which ``UploadRoute`` decides about.
  /// - Throws: ``UploadError`` when the request is to be rejected at once, with code `badRequest`, `unsupportedType` or
  ///   `methodNotAllowed`.
  init?(_ request: IncomingRequest, method: HTTPRequest.Method, _ rules: PathRules) throws(UploadError) {
    let (head, target) = (request.head, try request.target.get())
    if let place = Self.place(target.path), !place.isFile(method, rules) {
      guard Self.methods(at: place).contains(method) else {
        throw UploadError(
          .methodNotAllowed,
          "Method not allowed. Allowed: \(Self.allowedMethods(at: target.path) ?? "")."
        )
      }
      if method == .get || method == .head, request.length != .none {
        throw UploadError(.badRequest, "\(method.rawValue) must not have a body.")
      }
      if method == .patch || method == .post { try UploadRoute.checkContent(head) }
      self = place
      return
    }
    if method == .options {
      guard Self.isTarget(target, rules) else { return nil }
      self = .discovery
      return
    }
    guard method == .put || method == .post, DraftExchange.isDraftCreation(head),
      case .file(let path, let type) = try UploadRoute(request, rules)
    else { return nil }
    self = .creation(path: path, declaredType: type)
  }

  /// The method of a request: for `POST` at ``root`` or below it the one of `X-HTTP-Method-Override`, if it has any.
  static func method(of request: IncomingRequest) -> HTTPRequest.Method {
    let method = request.head.method
    guard method == .post, place(request.path) != nil, let name = request.head.headerFields[.methodOverride] else {
      return method
    }
    return HTTPRequest.Method(name.uppercased()) ?? method
  }

  /// The methods that are allowed at a path, as the `Allow` field lists them; nil where the path is none of resumable
  /// uploads alone.
  static func allowedMethods(at path: String) -> String? {
    place(path).map { methods(at: $0).map(\.rawValue).joined(separator: ", ") }
  }

  /// Whether uploads to a target can be resumed, so that `OPTIONS` is allowed there.
  static func isTarget(_ target: RequestTarget, _ rules: PathRules) -> Bool {
    if target.path == "/stream-upload" { return true }
    return (try? rules.filePath(target)) != nil
  }

  /// `/uploads` and what lies below it; nil for all other paths.
  private static func place(_ path: String) -> ResumableRoute? {
    if path == root || path == root + "/" { return .collection }
    guard path.hasPrefix(root + "/") else { return nil }
    return .resource(id: String(path.dropFirst(root.count + 1)))
  }

  /// Whether a request here is about a file or directory and not about an upload, so that ``UploadRoute`` decides:
  /// it names `/files/` instead. Where directories are dropped, a PUT below the root stores a file, unless its name is
  /// one that an upload there can have.
  private func isFile(_ method: HTTPRequest.Method, _ rules: PathRules) -> Bool {
    guard method == .put || method == .mkcol else { return false }
    guard !rules.keepsDirectories else { return true }
    if case .resource(let id) = self { return UnfinishedID(id) == nil } else { return false }
  }

  private static func methods(at place: ResumableRoute) -> [HTTPRequest.Method] {
    switch place {
    case .collection: [.options, .post]
    case .resource: [.get, .head, .patch, .delete, .options]
    case .creation, .discovery: []
    }
  }
}
