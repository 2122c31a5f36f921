import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// What a connection does with a request, decided from its headers alone.
enum RequestDisposition {
  /// Makes the body of an upload, which reports to the session.
  /// - Throws: ``UploadError`` when the declared type is not accepted, or a digest or precondition is malformed.
  typealias BodyMaker = (UploadSession) throws(UploadError) -> any IncomingBody

  /// Forward it to Hummingbird, which serves it.
  case forward
  /// Send the file that the request names: see ``DownloadSession``.
  case download(DownloadRequest)
  /// Begin an upload: see ``UploadSession/begin(of:size:_:)``.
  /// - Parameter size: of the file in bytes; nil when it is not known, and for a form.
  case upload(size: UInt64?, BodyMaker)
  /// Begin a request of a resumable upload: see ``UploadSession/beginResumable(of:_:)``.
  case resumable(BodyMaker)
  case respond(ServerResponse)
  /// Respond with the error.
  /// - Parameter retryAfter: seconds after which the client may retry; nil when they are not known.
  case reject(UploadError, retryAfter: Int? = nil)

  /// Where a browser exchanges its token for a ``SessionCookie``.
  private static let sessionPath = "/session"

  /// Decides about a request: by access control, then by its route; a server that stops rejects it. Begins the request
  /// in `machine`, and notes there the client that presented the token. Call it for the action `route`; the caller
  /// carries out the decision and sets the phase.
  init(_ request: IncomingRequest, on machine: inout ConnectionStateMachine, in session: UploadSession) {
    let (access, peer) = (session.server.access, session.context?.remoteAddress)
    let client = access.client(of: request.head, from: peer)
    let host = access.publicAddress(of: request.head, from: peer).authority
    let origin = access.allowedOrigin(of: request.head)
    let rules = session.server.limits.paths
    machine.begin(
      CurrentRequest(
        request,
        client: client,
        host: host,
        allowedOrigin: origin,
        rules,
        keepsUnfinished: session.server.resumable != nil
      )
    )
    let known = machine.authenticatedClient
    let source = RequestSource(
      peer: peer,
      port: session.context?.localAddress?.port,
      client: client,
      authenticated: known?.key == client.key ? known?.role : nil,
      date: CurrentTime.seconds
    )
    switch access.decision(on: request, from: source, at: session.now) {
    case .reject(let error, let retryAfter): self = .reject(error, retryAfter: retryAfter)
    case .preflight: self = .respond(.preflight(request.head))
    case .accept(let role, let hasToken):
      if hasToken, !(source.authenticated?.includes(role) ?? false) {
        machine.authenticatedClient = AuthenticatedClient(key: client.key, role: role)
      }
      machine.request.mayRead = role == .owner
      do throws(UploadError) {
        let token = hasToken ? role : nil
        self = try machine.isStopping ? .reject(.stopping) : Self.route(request, from: source, token, session.server)
        if case .upload = self, let error = session.server.admission.rejection(of: request.head.headerFields) {
          self = .reject(error)
        }
        if machine.notesAccepted, case .upload = self {
          machine.accepted = RepeatableUpload(request, machine.request, in: session.server)
        }
      } catch {
        self = .reject(error)
      }
    }
  }

  /// - Parameter proved: what the request's token allows; nil without one.
  private static func route(
    _ request: IncomingRequest,
    from source: RequestSource,
    _ proved: AccessRole?,
    _ server: ServerContext
  ) throws(UploadError) -> Self {
    let (client, peer) = (source.client, source.peer)
    if request.head.method == .post, request.path == Self.sessionPath {
      guard request.length == .none else {
        throw UploadError(
          .badRequest,
          "POST \(Self.sessionPath) must not have a body. Send the token as a bearer token."
        )
      }
      let baseURL = server.baseURL(of: request.head, from: peer)
      let cookie = proved.map { server.access.sessionCookie(for: $0, to: source, baseURL: baseURL) }
      return .respond(.session(cookie))
    }
    if let uploads = server.resumable,
      let request = try IncomingResumable(request, of: client, from: peer, server: server)
    {
      return .resumable { session in ResumableBody(request, uploads: uploads, delegate: session) }
    }
    let rules = server.limits.paths
    if server.resumable == nil { try IncomingResumable.checkIsWhole(request) }
    return switch try UploadRoute(request, rules) {
    case .hummingbird: DownloadRequest(request, rules).map { .download($0) } ?? .forward
    case .directory(let path):
      .upload(size: 0) { session throws(UploadError) in
        let sender = try SenderField.name(in: request.head.headerFields)
        let path = try rules.directory(of: sender).map { parent throws(UploadError) in try path.below(parent) } ?? path
        return DirectoryCreation(path, target: request.head.path ?? "/", delegate: session)
      }
    case .file(let path, let type):
      .upload(size: request.length.bytes) { session throws(UploadError) in
        try session.server.limits.types.check(declared: type)
        let digests = try DigestRequest(request.head.headerFields)
        let preconditions = try Preconditions(request.head.headerFields, for: .store, now: CurrentTime.seconds)
        let sender = try SenderField.name(in: request.head.headerFields)
        let name = try RequestedName(requested: path, in: rules.directory(of: sender))
        let condition = preconditions.condition(for: name.requested)
        return SingleUpload(
          mode: .stream,
          name: name,
          modified: rules.modified(request.head.headerFields[.ocMtime]),
          group: TreeField.group(in: request.head.headerFields),
          size: request.length.bytes,
          remote: client.text,
          sender: sender,
          declaredType: type,
          digests: digests,
          condition: condition,
          firstCheck: condition ?? (request.mayWaitForBody ? name.requested.map(PublishCondition.place) : nil),
          delegate: session
        )
      }
    case .form(let boundary, let keepsPaths):
      .upload(size: nil) { session throws(UploadError) in
        FormUpload(
          boundary: boundary,
          keepsPaths: keepsPaths,
          group: TreeField.group(in: request.head.headerFields),
          preconditions: try Preconditions(request.head.headerFields, for: .store, now: CurrentTime.seconds),
          length: request.length,
          remote: client.text,
          sender: try SenderField.name(in: request.head.headerFields),
          delegate: session
        )
      }
    }
  }
}
