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
  private var state = State.initial
  private var body = AppendedBody()
  /// The URL of the resource that this request has created; nil where it exists already.
  private var location: String?
  /// When the resource expires, in seconds since 1970.
  private var expires: Int64 = 0

  package init(_ request: ResumableRequest) {
    self.request = request
    version = InteropVersion(request.head.headerFields)
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
    if request.head.method == .options { return .respond(discovery()) }
    guard let id = request.id else { return create() }
    switch request.head.method {
    case .get: return find(id, .head, endsOther: false)
    case .head:
      let fields = request.head.headerFields
      if ResumableFields.bytes(.uploadOffset, in: fields) != nil || version.isComplete(fields) != nil {
        return .respond(rejection(400, .badRequest, "HEAD must not have Upload-Offset or Upload-Complete."))
      }
      return find(id, .head, endsOther: true)
    case .patch: return append(id)
    case .delete: return find(id, .cancel, endsOther: true)
    default:
      var response = rejection(405, .methodNotAllowed, "Method not allowed. Allowed: \(Self.methods).")
      response.fields[.allow] = Self.methods
      return .respond(response)
    }
  }

  private static let methods = "HEAD, GET, PATCH, DELETE, OPTIONS"

  private func discovery() -> ResumableResponse {
    var limits = UploadLimitField()
    (limits.maxSize, limits.maxAppendSize) = (request.limits.maxSize, request.limits.maxAppendSize)
    return ResumableResponse(status: 200, fields: [.uploadLimit: limits.text(version)])
  }

  private mutating func create() -> ResumableAction {
    let fields = request.head.headerFields
    guard let isComplete = version.isComplete(fields) else {
      return .respond(rejection(400, .badRequest, "Upload-Complete is missing or invalid. Write ?0 or ?1."))
    }
    let stated = ResumableFields.bytes(.uploadLength, in: fields)
    if let excess = excess(ofFile: max(stated ?? 0, request.bodyLength ?? 0)) { return .respond(excess) }
    if let offset = ResumableFields.bytes(.uploadOffset, in: fields), offset > 0 {
      let message = "The request creates an upload, which has no bytes yet, but continues at \(offset)."
      return .respond(rejection(400, .badRequest, message))
    }
    let length = stated ?? (isComplete ? request.bodyLength : nil)
    if let length, let bodyLength = request.bodyLength, isComplete ? bodyLength != length : bodyLength > length {
      return .respond(inconsistentLength())
    }
    body.length = length
    state = .creating(isComplete: isComplete)
    return .create(NewUploadResource(length: length))
  }

  private mutating func append(_ id: String) -> ResumableAction {
    let fields = request.head.headerFields
    if version.requiresPartialUploadType, !ResumableFields.hasType(ResumableFields.partialUploadType, fields) {
      let message = "PATCH must have Content-Type: \(ResumableFields.partialUploadType)."
      return .respond(rejection(415, .unsupportedType, message))
    }
    guard let offset = ResumableFields.bytes(.uploadOffset, in: fields) else {
      return .respond(rejection(400, .badRequest, "Upload-Offset is missing or invalid. Write a number of bytes."))
    }
    guard let isComplete = version.isComplete(fields) ?? (version.requiresComplete ? nil : true) else {
      return .respond(rejection(400, .badRequest, "Upload-Complete is missing or invalid. Write ?0 or ?1."))
    }
    let stated = ResumableFields.bytes(.uploadLength, in: fields) ?? 0
    if let excess = excess(ofFile: max(stated, offset.saturatingSum(request.bodyLength ?? 0))) {
      return .respond(excess)
    }
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
    guard let resource else { return .respond(rejection(404, .notFound, "There is no such upload.")) }
    if resource.state == .gone {
      return .respond(rejection(410, .uploadGone, "The upload has failed for good. Send the file again."))
    }
    expires = resource.expires
    switch lookup {
    case .cancel: return .remove(ResumableResponse(status: 204))
    case .head:
      var fields = fields(offset: resource.offset, isComplete: resource.state == .finished)
      fields[.uploadLength] = resource.length.map { String($0) }
      fields[.uploadLimit] = limitText
      fields[.cacheControl] = "no-store"
      return .respond(ResumableResponse(status: 204, fields: fields))
    case .append(let offset, let isComplete):
      if resource.state == .finished { return repeated(resource, offset, isComplete) }
      return append(to: resource, at: offset, isComplete: isComplete)
    }
  }

  private mutating func append(to resource: UploadResource, at offset: UInt64, isComplete: Bool) -> ResumableAction {
    guard offset == resource.offset else { return .respond(mismatch(resource, offset)) }
    let end = request.bodyLength.map { offset.saturatingSum($0) }
    let stated = ResumableFields.bytes(.uploadLength, in: request.head.headerFields)
    if let stated, let length = resource.length, stated != length { return .respond(inconsistentLength()) }
    let length = resource.length ?? stated ?? (isComplete ? end : nil)
    if let length {
      // A length that the request itself states, and contradicts, does not invalidate the upload.
      if let end, end > length { return resource.length == nil ? .respond(inconsistentLength()) : exceeded() }
      if length < offset { return .respond(inconsistentLength()) }
      if isComplete, let end, end < length { return .respond(inconsistentLength()) }
    }
    body = AppendedBody(start: offset, length: length)
    expires = request.extended(resource.expires)
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
      return .respondStored(fields(offset: resource.offset, isComplete: true))
    }
    return .respond(offset == resource.offset ? inconsistentLength() : mismatch(resource, offset))
  }

  package mutating func created(location: String, expires: Int64) -> ResumableAction {
    guard case .creating(let isComplete) = state else { return unexpected() }
    (self.location, self.expires) = (location, expires)
    if request.bodyLength == 0, !isComplete {
      state = .ended
      return .respond(accepted(at: 0))
    }
    state = .appending(isComplete: isComplete)
    var plan = AppendPlan()
    if request.bodyLength != 0 {
      plan.interim = interim([.location: location, .uploadLimit: limitText])
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
      return .discard(tooLarge())
    case .appendSize:
      state = .suspending(appendTooLarge())
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
    state = .suspending(isComplete ? inconsistentLength() : nil)
    return .suspend
  }

  package mutating func suspended(at offset: UInt64) -> ResumableAction {
    guard case .suspending(let rejection) = state else { return unexpected() }
    state = .ended
    guard var rejection else { return .respond(accepted(at: offset)) }
    rejection.fields[.uploadOffset] = String(offset)
    rejection.fields[.location] = location
    return .respond(rejection)
  }

  package mutating func finalized() -> ResumableAction {
    guard case .finalizing = state else { return unexpected() }
    state = .ended
    return .respondStored(fields(offset: body.end, isComplete: true))
  }

  package func progress(at offset: UInt64) -> ResumableResponse? {
    interim([.uploadOffset: String(offset)])
  }

  // MARK: Responses

  package func failed(_ error: UploadError, status: Int, isFinal: Bool, offset: UInt64?) -> ResumableResponse {
    var fields = fields(offset: isFinal ? nil : offset, isComplete: isFinal)
    if error.code == .tooLarge { fields[.uploadLimit] = limitText }
    return ResumableResponse(status: status, fields: fields, error: error)
  }

  private func fields(offset: UInt64?, isComplete: Bool) -> HTTPFields {
    var fields: HTTPFields = [:]
    fields[.uploadOffset] = offset.map { String($0) }
    version.setComplete(isComplete, in: &fields)
    return fields
  }

  /// The value of `Upload-Limit`; without a lifetime where no resource exists.
  private var limitText: String {
    let age = UInt64(clamping: expires.subtractingReportingOverflow(request.now).partialValue)
    let (maxSize, maxAppendSize) = (request.limits.maxSize, request.limits.maxAppendSize)
    return UploadLimitField(maxSize: maxSize, maxAppendSize: maxAppendSize, maxAge: expires > 0 ? age : nil)
      .text(version)
  }

  /// An interim response; nil for a client that cannot read any.
  private func interim(_ fields: HTTPFields) -> ResumableResponse? {
    guard version.readsInterimStatus, let stated = version.stated else { return nil }
    var response = ResumableResponse(status: 104, fields: fields)
    response.fields[.uploadDraftInteropVersion] = String(stated)
    return response
  }

  /// The response to a request that does not end the upload.
  private func accepted(at offset: UInt64) -> ResumableResponse {
    var response = ResumableResponse(
      status: location == nil ? 204 : 201,
      fields: fields(offset: offset, isComplete: false)
    )
    response.fields[.location] = location
    response.fields[.uploadLimit] = limitText
    return response
  }

  /// A violation of the protocol: the client may continue the upload, if it exists.
  private func rejection(_ status: Int, _ code: UploadError.Code, _ message: String) -> ResumableResponse {
    ResumableResponse(status: status, fields: fields(offset: nil, isComplete: false), error: UploadError(code, message))
  }

  private func inconsistentLength() -> ResumableResponse {
    var response = rejection(400, .badRequest, ProblemDocument.inconsistentLength.detail)
    response.problem = .inconsistentLength
    return response
  }

  private func mismatch(_ resource: UploadResource, _ offset: UInt64) -> ResumableResponse {
    let problem = ProblemDocument.mismatchingOffset(expected: resource.offset, provided: offset)
    var response = rejection(409, .offsetMismatch, problem.detail)
    response.fields[.uploadOffset] = String(resource.offset)
    response.problem = problem
    return response
  }

  /// The request has more bytes than the upload: which of them are right is unknown.
  private mutating func exceeded() -> ResumableAction {
    state = .ended
    return .discard(inconsistentLength())
  }

  /// The response to a request that is over a permanent limit; nil for none.
  /// - Parameter size: of the file in bytes, at least.
  private func excess(ofFile size: UInt64) -> ResumableResponse? {
    if size > min(request.limits.maxSize ?? .max, ResumableFields.largestInteger) { return tooLarge() }
    guard let limit = request.limits.maxAppendSize, request.bodyLength ?? 0 > limit else { return nil }
    return appendTooLarge()
  }

  private func tooLarge() -> ResumableResponse {
    let limit = min(request.limits.maxSize ?? .max, ResumableFields.largestInteger)
    let message = "The file is larger than the limit of \(ByteSize.text(limit))."
    return failed(UploadError(.tooLarge, message), status: 413, isFinal: true, offset: nil)
  }

  private func appendTooLarge() -> ResumableResponse {
    let limit = ByteSize.text(request.limits.maxAppendSize ?? 0)
    let message = "The body is larger than the limit of \(limit) for one request. Send the file in several requests."
    return failed(UploadError(.tooLarge, message), status: 413, isFinal: false, offset: nil)
  }

  private mutating func unexpected() -> ResumableAction {
    assertionFailure("This event is impossible now.")
    state = .ended
    return .respond(rejection(500, .internalFailure, "The server has confused the steps of this request."))
  }
}
