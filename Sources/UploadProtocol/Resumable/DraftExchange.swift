package import HTTPTypes
package import UploadCore

/// A request of a resumable upload by the IETF draft (draft-ietf-httpbis-resumable-upload): discovery and creation at
/// the target of an upload, and the requests to the resource.
package struct DraftExchange: ResumableExchange {
  /// What to do with a resource that is looked up.
  private enum Lookup {
    case head
    case append(offset: UInt64, isComplete: Bool)
    case cancel
  }

  private enum State {
    case initial
    case creating(isComplete: Bool)
    case finding(Lookup)
    case appending(isComplete: Bool)
    /// With the rejection to send then; nil for success.
    case suspending(ResumableResponse?)
    case finalizing
    case ended
  }

  private let request: ResumableRequest
  /// The rules that the request follows.
  package let version: InteropVersion
  private var responses: DraftResponses
  private var state = State.initial
  private var body = AppendedBody()

  package init(_ request: ResumableRequest) {
    self.request = request
    version = InteropVersion(request.head.headerFields)
    responses = DraftResponses(request: request, version: version)
  }

  /// Whether an upload request to a target creates a resumable upload that further requests continue: its body is not the
  /// whole content.
  package static func isFirstOfSeveral(_ head: HTTPRequest) -> Bool {
    isDraftCreation(head) && InteropVersion(head.headerFields).isComplete(head.headerFields) == false
  }

  /// Whether an upload request to a target creates a resumable upload: it states whether it ends the upload.
  package static func isDraftCreation(_ head: HTTPRequest) -> Bool {
    (head.method == .post || head.method == .put)
      && InteropVersion(head.headerFields).isComplete(head.headerFields) != nil
  }

  // MARK: Start

  package mutating func start() -> ResumableAction {
    guard case .initial = state else { return unexpected() }
    state = .ended
    if request.head.method == .options { return .respond(responses.discovery()) }
    guard let id = request.id else { return create() }
    switch request.head.method {
    case .get: return find(id, .head, endsOther: false)
    case .head:
      let fields = request.head.headerFields
      if ResumableFields.bytes(.uploadOffset, in: fields) != nil || version.isComplete(fields) != nil {
        return .respond(responses.rejection(400, .badRequest, "HEAD must not have Upload-Offset or Upload-Complete."))
      }
      return find(id, .head, endsOther: true)
    case .patch: return append(id)
    case .delete: return find(id, .cancel, endsOther: true)
    default:
      var response = responses.rejection(405, .methodNotAllowed, "Method not allowed. Allowed: \(Self.methods).")
      response.fields[.allow] = Self.methods
      return .respond(response)
    }
  }

  private static let methods = "HEAD, GET, PATCH, DELETE, OPTIONS"

  private mutating func create() -> ResumableAction {
    let fields = request.head.headerFields
    guard let isComplete = version.isComplete(fields) else {
      return .respond(responses.rejection(400, .badRequest, "Upload-Complete is missing or invalid. Write ?0 or ?1."))
    }
    let stated = ResumableFields.bytes(.uploadLength, in: fields)
    if let excess = responses.excess(ofFile: max(stated ?? 0, request.bodyLength ?? 0)) { return .respond(excess) }
    if let offset = ResumableFields.bytes(.uploadOffset, in: fields), offset > 0 {
      let message = "The request creates an upload, which has no bytes yet, but continues at \(offset)."
      return .respond(responses.rejection(400, .badRequest, message))
    }
    let length = stated ?? (isComplete ? request.bodyLength : nil)
    if let length, let bodyLength = request.bodyLength, isComplete ? bodyLength != length : bodyLength > length {
      return .respond(responses.inconsistentLength())
    }
    body.length = length
    state = .creating(isComplete: isComplete)
    return .create(NewUploadResource(length: length))
  }

  private mutating func append(_ id: String) -> ResumableAction {
    let fields = request.head.headerFields
    if version.requiresPartialUploadType, !ResumableFields.hasType(ResumableFields.partialUploadType, fields) {
      let message = "PATCH must have Content-Type: \(ResumableFields.partialUploadType)."
      return .respond(responses.rejection(415, .unsupportedType, message))
    }
    guard let offset = ResumableFields.bytes(.uploadOffset, in: fields) else {
      return .respond(
        responses.rejection(400, .badRequest, "Upload-Offset is missing or invalid. Write a number of bytes.")
      )
    }
    guard let isComplete = version.isComplete(fields) ?? (version.requiresComplete ? nil : true) else {
      return .respond(responses.rejection(400, .badRequest, "Upload-Complete is missing or invalid. Write ?0 or ?1."))
    }
    if let excess = responses.appendExcess { return .respond(excess) }
    return find(id, .append(offset: offset, isComplete: isComplete), endsOther: true)
  }

  private mutating func find(_ id: String, _ lookup: Lookup, endsOther: Bool) -> ResumableAction {
    state = .finding(lookup)
    return .find(id: id, endsOther: endsOther)
  }

  // MARK: Resource

  package mutating func found(_ resource: UploadResource?) -> ResumableAction {
    guard case .finding(let lookup) = state else { return unexpected() }
    state = .ended
    guard let resource else { return .respond(responses.rejection(404, .notFound, "There is no such upload.")) }
    if resource.state == .gone {
      return .respond(responses.rejection(410, .uploadGone, "The upload has failed for good. Send the file again."))
    }
    responses.expires = resource.expires
    switch lookup {
    case .cancel: return .remove(ResumableResponse(status: 204))
    case .head: return .respond(responses.status(of: resource))
    case .append(let offset, let isComplete):
      if resource.state == .finished { return repeated(resource, offset, isComplete) }
      return append(to: resource, at: offset, isComplete: isComplete)
    }
  }

  private mutating func append(to resource: UploadResource, at offset: UInt64, isComplete: Bool) -> ResumableAction {
    let size = ResumableFields.bytes(.uploadLength, in: request.head.headerFields) ?? 0
    if responses.isTooLarge(max(size, offset.saturatingSum(request.bodyLength ?? 0))) {
      // Only the response to a request that continues the upload says that it is over.
      return offset == resource.offset ? .discard(responses.tooLarge()) : .respond(responses.tooLarge(isFinal: false))
    }
    guard offset == resource.offset else { return .respond(responses.mismatch(resource, offset)) }
    let end = request.bodyLength.map { offset.saturatingSum($0) }
    let stated = ResumableFields.bytes(.uploadLength, in: request.head.headerFields)
    if let stated, let length = resource.length, stated != length { return .respond(responses.inconsistentLength()) }
    let length = resource.length ?? stated ?? (isComplete ? end : nil)
    if let length {
      // A length that the request itself states, and contradicts, does not invalidate the upload.
      if let end, end > length { return resource.length == nil ? .respond(responses.inconsistentLength()) : exceeded() }
      if length < offset { return .respond(responses.inconsistentLength()) }
      if isComplete, let end, end < length { return .respond(responses.inconsistentLength()) }
    }
    body = AppendedBody(start: offset, length: length)
    responses.expires = request.extended(resource.expires)
    state = .appending(isComplete: isComplete)
    var plan = AppendPlan()
    plan.length = resource.length == nil ? length : nil
    return .append(plan)
  }

  /// The response to a further PATCH when the upload is finished: to the last one, of which the response was lost, the
  /// same response again.
  private func repeated(_ resource: UploadResource, _ offset: UInt64, _ isComplete: Bool) -> ResumableAction {
    let end = request.bodyLength.map { offset.saturatingSum($0) }
    let stated = ResumableFields.bytes(.uploadLength, in: request.head.headerFields)
    if isComplete, end == resource.offset, stated == nil || stated == resource.offset {
      return .respondStored(responses.fields(offset: resource.offset, isComplete: true))
    }
    return .respond(offset == resource.offset ? responses.inconsistentLength() : responses.mismatch(resource, offset))
  }

  package mutating func created(location: String, expires: Int64) -> ResumableAction {
    guard case .creating(let isComplete) = state else { return unexpected() }
    (responses.location, responses.expires) = (location, expires)
    if request.bodyLength == 0, !isComplete {
      state = .ended
      return .respond(responses.accepted(at: 0))
    }
    state = .appending(isComplete: isComplete)
    var plan = AppendPlan()
    if request.bodyLength != 0 {
      plan.interim = responses.interim([.location: location, .uploadLimit: responses.limitText])
    }
    return .append(plan)
  }

  package mutating func concatenated(length: UInt64) -> ResumableAction { unexpected() }

  // MARK: Body

  package mutating func receive(_ count: Int) -> ResumableAction? {
    guard case .appending = state else { return unexpected() }
    guard let excess = body.receive(count, request.limits) else { return nil }
    switch excess {
    case .length: return exceeded()
    case .size:
      state = .ended
      return .discard(responses.tooLarge())
    case .appendSize:
      state = .suspending(responses.appendTooLarge())
      return .suspend
    }
  }

  package mutating func bodyEnded(checksumMatches: Bool?) -> ResumableAction {
    guard case .appending(let isComplete) = state else { return unexpected() }
    if isComplete, body.end == body.length ?? body.end {
      state = .finalizing
      return .finalize
    }
    // Fewer bytes than the length do not complete the upload, but remain stored.
    state = .suspending(isComplete ? responses.inconsistentLength() : nil)
    return .suspend
  }

  package mutating func suspended(at offset: UInt64) -> ResumableAction {
    guard case .suspending(let rejection) = state else { return unexpected() }
    state = .ended
    guard var rejection else { return .respond(responses.accepted(at: offset)) }
    rejection.fields[.uploadOffset] = String(offset)
    rejection.fields[.location] = responses.location
    return .respond(rejection)
  }

  package mutating func finalized() -> ResumableAction {
    guard case .finalizing = state else { return unexpected() }
    state = .ended
    return .respondStored(responses.fields(offset: body.end, isComplete: true))
  }

  package func failed(_ error: UploadError, status: Int, isFinal: Bool, offset: UInt64?) -> ResumableResponse {
    // Clients expect an offset in every 409.
    let offset = status == 409 ? offset ?? body.end : offset
    return responses.failed(error, status: status, isFinal: isFinal, offset: offset)
  }

  /// The request has more bytes than the upload: which of them are right is unknown.
  private mutating func exceeded() -> ResumableAction {
    state = .ended
    return .discard(responses.inconsistentLength())
  }

  private mutating func unexpected() -> ResumableAction {
    state = .ended
    return .respond(responses.rejection(500, .internalFailure, "The server has confused the steps of this request."))
  }
}
