import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol

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
    let decision = access.decision(
      on: request,
      from: peer,
      client: client,
      isAuthenticated: machine.authenticatedClient == client.key,
      at: session.now
    )
    switch decision {
    case .reject(let error, let retryAfter): self = .reject(error, retryAfter: retryAfter)
    case .preflight: self = .respond(.preflight(request.head))
    case .accept(let hasToken):
      if hasToken { machine.authenticatedClient = client.key }
      do throws(UploadError) {
        self = try machine.isStopping ? .reject(.stopping) : Self.route(request, of: client, from: peer, session.server)
        if machine.notesAccepted, case .upload = self {
          machine.accepted = RepeatableUpload(request, machine.request, in: session.server)
        }
      } catch {
        self = .reject(error)
      }
    }
  }

  private static func route(
    _ request: IncomingRequest,
    of client: ClientAddress,
    from peer: SocketAddress?,
    _ server: ServerContext
  ) throws(UploadError) -> Self {
    if let uploads = server.resumable,
      let request = try IncomingResumable(request, of: client, from: peer, server: server)
    {
      return .resumable { session in ResumableBody(request, uploads: uploads, delegate: session) }
    }
    let rules = server.limits.paths
    return switch try UploadRoute(request, rules) {
    case .hummingbird: DownloadRequest(request, rules).map { .download($0) } ?? .forward
    case .directory(let path):
      .upload(size: 0) { session in
        DirectoryCreation(path, target: request.head.path ?? "/", delegate: session)
      }
    case .file(let path, let type):
      .upload(size: request.length.bytes) { session throws(UploadError) in
        try session.server.limits.types.check(declared: type)
        let digests = try DigestRequest(request.head.headerFields)
        let preconditions = try Preconditions(request.head.headerFields, for: .store, now: CurrentTime.seconds)
        return SingleUpload(
          mode: .stream,
          path: path,
          modified: rules.modified(request.head.headerFields[.ocMtime]),
          group: TreeField.group(in: request.head.headerFields),
          size: request.length.bytes,
          remote: client.text,
          declaredType: type,
          digests: digests,
          condition: preconditions.condition(for: path),
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
          delegate: session
        )
      }
    }
  }
}
