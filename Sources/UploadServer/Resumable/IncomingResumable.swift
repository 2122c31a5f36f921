import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// A request of a resumable upload, with what the server knows of it before the body arrives.
struct IncomingResumable: Sendable {
  let route: ResumableRoute
  /// The headers, with the method that the client means.
  let head: HTTPRequest
  let length: BodyLength
  /// Whether interim responses may be sent: never with HTTP/1.0, which has none (RFC 9110 section 15.2). After
  /// ``RequestRules`` such a request looks like any other that ends its connection. Nor through a proxy: nginx 1.22 takes
  /// an interim response with an unknown status for the final one.
  let mayGetInterim: Bool
  let client: ClientAddress
  /// The path of the request, with its query without tokens.
  let target: String
  /// The URL of the server's root as clients are told, without a final slash; empty where it is not known.
  let baseURL: String
  /// Identifies the token that the server requires; nil where it requires none.
  let tokenHash: String?

  /// - Returns: nil for a request that has nothing to do with resumable uploads.
  /// - Throws: ``UploadError`` when it is to be rejected at once: see ``ResumableRoute/init(_:method:)``.
  init?(
    _ request: IncomingRequest,
    of client: ClientAddress,
    from peer: SocketAddress?,
    server: ServerContext
  ) throws(UploadError) {
    let method = ResumableRoute.method(of: request)
    guard let route = try ResumableRoute(request, method: method, server.limits.paths) else { return nil }
    self.route = route
    var head = request.head
    head.method = method
    self.head = head
    length = request.length
    let proxies: [HTTPField.Name] = [.via, .forwarded, .xForwardedFor]
    mayGetInterim = !request.head.closesConnection && !proxies.contains { request.head.headerFields.contains($0) }
    self.client = client
    let query = try request.target.get().query.map { query in
      let parameters = query.split(separator: "&").filter { !$0.lowercased().hasPrefix("token=") }
      return parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")
    }
    target = server.access.redactor.path(request.path) + (query.map(server.access.redactor.text) ?? "")
    baseURL = server.baseURL(of: request.head, from: peer)
    tokenHash = server.access.tokenHash
  }

  /// Checks that a request to a server without resumable uploads is not one of several that send a file: stored by itself it
  /// would be taken for the whole file.
  /// - Throws: ``UploadError`` with code `notImplemented`.
  static func checkIsWhole(_ request: IncomingRequest) throws(UploadError) {
    let fields = request.head.headerFields
    guard fields[.tusResumable] != nil || fields[.uploadOffset] != nil || DraftExchange.isFirstOfSeveral(request.head)
    else { return }
    throw UploadError(
      .notImplemented,
      "This server stores files elsewhere, and cannot continue uploads later. Send the file in one request."
    )
  }

  /// The URL of a resource.
  func location(of id: UnfinishedID) -> String { "\(baseURL)\(ResumableRoute.root)/\(id)" }

  /// Whether the request may know of an upload: the one of another token does not exist for it.
  func mayAccess(_ record: UnfinishedRecord) -> Bool {
    guard let tokenHash, let owner = record.owner else { return true }
    return tokenHash == owner
  }

  /// The protocol by which the request is understood.
  /// - Parameter known: finds the protocol of a resource that the server knows.
  func uploadProtocol(_ known: (UnfinishedID) -> ResumableProtocol?) -> ResumableProtocol {
    switch route {
    case .creation, .discovery: .draft
    case .collection: .tus
    case .resource(let id):
      UnfinishedID(id).flatMap(known) ?? (head.headerFields[.tusResumable] == nil ? .draft : .tus)
    }
  }

  /// The protocol's state machine for this request.
  /// - Parameter canConcatenate: whether the store can make one upload of several.
  func exchange(
    _ uploadProtocol: ResumableProtocol,
    _ limits: UploadLimits,
    canConcatenate: Bool
  ) -> any ResumableExchange {
    var id: String?
    if case .resource(let text) = route { id = text }
    let request = ResumableRequest(
      head: head,
      bodyLength: length.bytes,
      id: id,
      limits: ResumableLimits(
        maxSize: limits.maxSize?.bytes,
        maxAppendSize: limits.maxAppendSize?.bytes,
        maxAge: limits.lifetime,
        canConcatenate: canConcatenate
      ),
      now: CurrentTime.seconds
    )
    return switch uploadProtocol {
    case .draft: DraftExchange(request)
    case .tus: TusExchange(request)
    }
  }

  /// The record of the upload that the request creates.
  /// - Parameter resource: what the protocol makes of the request.
  /// - Throws: ``UploadError`` when its type is not accepted, or its digests, preconditions or properties are invalid.
  func record(
    of resource: NewUploadResource,
    _ uploadProtocol: ResumableProtocol,
    _ limits: UploadLimits
  ) throws(UploadError) -> UnfinishedRecord {
    let rules = limits.paths
    var path = try resource.name.flatMap { name throws(UploadError) in
      try rules.path(name, keepsPath: resource.keepsPath)
    }
    var type = resource.declaredType.flatMap(MediaTypeNames.essence)
    if case .creation(let stated, let declared) = route { (path, type) = (path ?? stated, type ?? declared) }
    try limits.types.check(declared: type)
    let sender = try sender(resource)
    let directory = rules.directory(of: sender)
    if let directory { path = try path?.below(directory) }
    let now = CurrentTime.seconds
    var record = UnfinishedRecord(
      protocolName: uploadProtocol.rawValue,
      target: target,
      path: path,
      declaredType: type,
      length: resource.length,
      created: now,
      expires: limits.expiry(after: now),
      client: client.key,
      remote: client.text
    )
    record.modified = rules.modified(resource.modified ?? head.headerFields[.ocMtime])
    record.owner = tokenHash
    record.properties = resource.properties
    (record.sender, record.senderDirectory) = (sender, directory)
    record.isConcatenating = UploadResource(offset: 0, properties: resource.properties).isConcatenation
    record.note(head)
    guard record.propertiesSize <= UnfinishedRecord.maxProperties else {
      let message = "The header fields that describe the upload are over 16 KiB. Send shorter ones."
      throw UploadError(.headersTooLarge, message)
    }
    record.expected = try record.digests(of: head).expected
    _ = try record.preconditions()
    var check = try ContentCheck(head.headerFields)
    // Otherwise it is compared when the content has arrived.
    if length == .none { try check.end(nil) }
    return record
  }

  /// The sender's name: by the header field, otherwise as the protocol states it; nil for none.
  private func sender(_ resource: NewUploadResource) throws(UploadError) -> SenderName? {
    if let name = try SenderField.name(in: head.headerFields) { return name }
    guard let stated = resource.sender else { return nil }
    return try SenderName(stated)
  }
}
