import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol

/// What a connection does with a request, decided from its head alone.
enum RequestDisposition {
  /// Makes the body of an upload, which reports to the session.
  typealias BodyMaker = (UploadSession) throws(UploadError) -> any IncomingBody

  /// Hummingbird serves it.
  case forward
  /// It is an upload.
  /// - Parameter size: of the file in bytes, where it is known.
  case upload(size: UInt64?, BodyMaker)
  case respond(ServerResponse)
  /// - Parameter retryAfter: seconds after which the client may try again, where they are known.
  case reject(UploadError, retryAfter: Int? = nil)

  /// Asks access control, then looks for the route. Notes in `machine` what it learns about the request and its client.
  init(_ request: IncomingRequest, on machine: inout ConnectionStateMachine, in session: UploadSession) {
    let (access, peer) = (session.server.access, session.context?.remoteAddress)
    let client = access.client(of: request.head, from: peer)
    let host = access.publicAddress(of: request.head, from: peer).authority
    let origin = access.allowedOrigin(of: request.head)
    machine.begin(CurrentRequest(request, client: client, host: host, allowedOrigin: origin))
    let decision = access.decision(
      on: request,
      from: peer,
      client: client,
      isAuthenticated: machine.authenticatedClient == client.key,
      at: session.now
    )
    switch decision {
    case .accept(let hasToken): if hasToken { machine.authenticate() }
    case .reject(let error, let retryAfter):
      self = .reject(error, retryAfter: retryAfter)
      return
    case .preflight:
      self = .respond(.preflight(request.head))
      return
    }
    self = machine.isStopping ? .reject(.stopping) : Self.route(request, of: client)
    if case .forward = self { machine.forwardRequest() }
  }

  private static func route(_ request: IncomingRequest, of client: ClientAddress) -> RequestDisposition {
    let factory = IncomingBodyFactory(request: request, client: client)
    switch UploadRoute(request) {
    case .hummingbird: return .forward
    case .rejection(let error): return .reject(error)
    case .file(let name, let type):
      return .upload(size: request.length.bytes) { session throws(UploadError) in
        try factory.file(name: name, declaredType: type, in: session)
      }
    case .form(let boundary):
      return .upload(size: nil) { session throws(UploadError) in try factory.form(boundary, in: session) }
    }
  }
}
