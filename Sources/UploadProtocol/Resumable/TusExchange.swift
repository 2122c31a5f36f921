package import HTTPTypes
package import UploadCore

/// A request of a resumable upload by tus 1.0.0 with its extensions: at `/uploads`, and to the resources below it.
package struct TusExchange: ResumableExchange {
  /// What to do with a resource that is looked up.
  private enum Lookup {
    /// - Parameter completes: whether an upload of which all bytes have arrived is published.
    case head(completes: Bool)
    case append(TusAppend)
    case terminate
  }

  /// The success that a body leads to.
  private enum Purpose {
    case creation, append, head
  }

  private enum State {
    case initial
    case creating(TusCreation)
    case finding(Lookup)
    case concatenating
    case appending
    /// With the rejection to send then; nil for success.
    case suspending(ResumableResponse?)
    case finalizing
    case ended
  }

  private let request: ResumableRequest
  private var state = State.initial
  private var purpose = Purpose.append
  private var body = AppendedBody()
  private var plan = AppendPlan()
  /// The resource as the request found it or created it.
  private var resource = UploadResource(offset: 0)
  /// The URL of the resource that this request has created; nil where it exists already.
  private var location: String?

  package init(_ request: ResumableRequest) {
    self.request = request
  }

  /// The method of a request: the one in `X-HTTP-Method-Override`, if there is one.
  package static func method(_ head: HTTPRequest) -> HTTPRequest.Method {
    head.headerFields[.methodOverride].flatMap { HTTPRequest.Method($0) } ?? head.method
  }

  // MARK: Start

  package mutating func start() -> ResumableAction {
    guard case .initial = state else { return unexpected() }
    state = .ended
    let method = Self.method(request.head)
    if method == .options { return .respond(discovery()) }
    guard request.head.headerFields[.tusResumable] == TusFields.version else {
      let message = "Tus-Resumable is missing, or another version. Write Tus-Resumable: \(TusFields.version)."
      var response = rejection(412, .preconditionFailed, message)
      response.fields[.tusVersion] = TusFields.version
      return .respond(response)
    }
    guard let id = request.id else { return method == .post ? create() : methodNotAllowed("POST, OPTIONS") }
    switch method {
    case .get: return find(id, .head(completes: false), endsOther: false)
    case .head: return find(id, .head(completes: true), endsOther: true)
    case .patch: return append(id)
    case .delete: return find(id, .terminate, endsOther: true)
    default: return methodNotAllowed("HEAD, GET, PATCH, DELETE, OPTIONS")
    }
  }

  private func methodNotAllowed(_ methods: String) -> ResumableAction {
    var response = rejection(405, .methodNotAllowed, "Method not allowed. Allowed: \(methods).")
    response.fields[.allow] = methods
    return .respond(response)
  }

  private func discovery() -> ResumableResponse {
    var response = success(200)
    response.fields[.tusVersion] = TusFields.version
    response.fields[.tusExtension] = TusFields.extensions
    response.fields[.tusMaxSize] = request.limits.maxSize.map { String($0) }
    response.fields[.tusChecksumAlgorithm] = BodyChecksum.Algorithm.allCases.map(\.rawValue).joined(separator: ",")
    return response
  }

  private mutating func create() -> ResumableAction {
    let fields = request.head.headerFields
    let creation: TusCreation
    do { creation = try TusCreation(fields) } catch { return .respond(rejection(error)) }
    if let excess = excess(ofFile: max(creation.length ?? 0, request.bodyLength ?? 0)) { return .respond(excess) }
    if request.bodyLength != 0 {
      if case .final = creation.concat {
        return .respond(rejection(400, .badRequest, "A final upload must not have a body."))
      }
      guard creation.body.hasType else { return .respond(wrongType()) }
      if let length = creation.length, request.bodyLength ?? 0 > length { return .respond(exceeded()) }
    }
    var new = NewUploadResource(length: creation.length)
    (new.name, new.declaredType) = (creation.metadata?.name, creation.metadata?.type)
    new.properties[TusProperty.metadata] = creation.metadata.flatMap { $0.text.isEmpty ? nil : $0.text }
    new.properties[TusProperty.concat] = fields[.uploadConcat].map {
      $0.utf8.count > TusProperty.maxConcat ? "final" : $0
    }
    resource = UploadResource(offset: 0, length: creation.length, properties: new.properties)
    state = .creating(creation)
    return .create(new)
  }

  private mutating func append(_ id: String) -> ResumableAction {
    let append: TusAppend
    do { append = try TusAppend(request.head.headerFields) } catch { return .respond(rejection(error)) }
    guard append.body.hasType else { return .respond(wrongType()) }
    let end = append.offset.saturatingSum(request.bodyLength ?? 0)
    if let excess = excess(ofFile: max(append.length ?? 0, end)) { return .respond(excess) }
    return find(id, .append(append), endsOther: true)
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
    self.resource = resource
    switch lookup {
    case .terminate: return .remove(success(204))
    case .head(let completes):
      // A client that reads here that all bytes have arrived sends no further request.
      guard completes, !isFinished, resource.offset == resource.length else { return .respond(status()) }
      return begin(.head, AppendPlan())
    case .append(let append): return self.append(append)
    }
  }

  /// Whether the last request has been performed, so that no body may follow.
  private var isFinished: Bool {
    resource.state == .finished || (resource.isPartial && resource.offset == resource.length)
  }

  private mutating func append(_ append: TusAppend) -> ResumableAction {
    if resource.isConcatenation {
      return .respond(rejection(403, .forbidden, "The upload is a final one: its content is that of its parts."))
    }
    let end = request.bodyLength.map { append.offset.saturatingSum($0) }
    // The last request again, of which the response was lost.
    if isFinished, end == resource.offset, append.length == nil || append.length == resource.length {
      return .respond(success(204, offset: resource.offset))
    }
    guard append.offset == resource.offset else { return .respond(mismatch(append.offset)) }
    if let stated = append.length, stated != resource.length ?? stated || stated < append.offset {
      return .respond(rejection(400, .badRequest, ProblemDocument.inconsistentLength.detail))
    }
    if let length = resource.length ?? append.length, let end, end > length {
      // Neither a published file is discarded, nor an upload because the request contradicts itself.
      return isFinished || resource.length == nil ? .respond(exceeded()) : .discard(exceeded())
    }
    if isFinished { return .respond(exceeded()) }
    var plan = append.body.plan
    plan.length = resource.length == nil ? append.length : nil
    resource.length = resource.length ?? append.length
    resource.expires = request.extended(resource.expires)
    return begin(.append, plan)
  }

  package mutating func created(location: String, expires: Int64) -> ResumableAction {
    guard case .creating(let creation) = state else { return unexpected() }
    self.location = location
    resource.expires = expires
    if case .final(let ids) = creation.concat {
      state = .concatenating
      return .concatenate(ids: ids)
    }
    // Of an empty file, the creation is the last request.
    if request.bodyLength == 0, creation.length != 0 || resource.isPartial {
      state = .ended
      return .respond(success(201, offset: 0))
    }
    return begin(.creation, creation.body.plan)
  }

  package mutating func concatenated(length: UInt64) -> ResumableAction {
    guard case .concatenating = state else { return unexpected() }
    if let maxSize = request.limits.maxSize, length > maxSize {
      state = .ended
      return .remove(tooLarge())
    }
    (resource.offset, resource.length) = (length, length)
    var plan = AppendPlan()
    plan.length = length
    return begin(.creation, plan)
  }

  private mutating func begin(_ purpose: Purpose, _ plan: AppendPlan) -> ResumableAction {
    (self.purpose, self.plan) = (purpose, plan)
    body = AppendedBody(start: resource.offset, length: resource.length)
    state = .appending
    return .append(plan)
  }

  // MARK: Body

  package mutating func receive(_ count: Int) -> ResumableAction? {
    guard case .appending = state else { return unexpected() }
    guard let excess = body.receive(count, request.limits) else { return nil }
    state = .ended
    switch excess {
    case .length: return .discard(exceeded())
    case .size: return .discard(tooLarge())
    case .appendSize:
      // Nothing of a body with a checksum counts, since it cannot be compared.
      if plan.checksum != nil || plan.awaitsChecksumTrailer { return .respond(appendTooLarge()) }
      state = .suspending(appendTooLarge())
      return .suspend
    }
  }

  package mutating func bodyEnded(checksumMatches: Bool?) -> ResumableAction {
    guard case .appending = state else { return unexpected() }
    if plan.checksum != nil || plan.awaitsChecksumTrailer, checksumMatches != true {
      state = .ended
      return .respond(checksumRejection(isStated: plan.checksum != nil || checksumMatches != nil))
    }
    if body.end == body.length, !resource.isPartial {
      state = .finalizing
      return .finalize
    }
    state = .suspending(nil)
    return .suspend
  }

  private func checksumRejection(isStated: Bool) -> ResumableResponse {
    guard isStated else {
      return rejection(400, .badRequest, "Trailer announces Upload-Checksum, but the trailer section has none.")
    }
    let message = "Checksum mismatch: the body has another checksum than Upload-Checksum says. Send it again."
    return rejection(460, .contentMismatch, message)
  }

  package mutating func suspended(at offset: UInt64) -> ResumableAction {
    guard case .suspending(let rejection) = state else { return unexpected() }
    state = .ended
    guard var rejection else { return .respond(success(location == nil ? 204 : 201, offset: offset)) }
    rejection.fields[.location] = location
    return .respond(rejection)
  }

  package mutating func finalized() -> ResumableAction {
    guard case .finalizing = state else { return unexpected() }
    state = .ended
    switch purpose {
    case .creation: return .respond(success(201, offset: body.end))
    case .append: return .respond(success(204, offset: body.end))
    case .head: return .respond(status())
    }
  }

  package func progress(at offset: UInt64) -> ResumableResponse? { nil }

  // MARK: Responses

  package func failed(_ error: UploadError, status: Int, isFinal: Bool, offset: UInt64?) -> ResumableResponse {
    var response = rejection(status, error.code, error.message, cause: error.cause)
    if error.code == .tooLarge { response.fields[.tusMaxSize] = request.limits.maxSize.map { String($0) } }
    return response
  }

  /// The response to HEAD and GET.
  private func status() -> ResumableResponse {
    var response = success(200, offset: resource.offset)
    response.fields[.uploadLength] = resource.length.map { String($0) }
    if resource.length == nil { response.fields[.uploadDeferLength] = "1" }
    response.fields[.uploadMetadata] = resource.properties[TusProperty.metadata]
    response.fields[.uploadConcat] = resource.properties[TusProperty.concat]
    response.fields[.cacheControl] = "no-store"
    return response
  }

  private func success(_ status: Int, offset: UInt64? = nil) -> ResumableResponse {
    var fields: HTTPFields = [.tusResumable: TusFields.version]
    if let offset {
      fields[.uploadOffset] = String(offset)
      if resource.expires > 0 { fields[.uploadExpires] = HTTPDate.text(resource.expires) }
    }
    fields[.location] = location
    return ResumableResponse(status: status, fields: fields)
  }

  private func rejection(
    _ status: Int,
    _ code: UploadError.Code,
    _ message: String,
    cause: (any Error)? = nil
  ) -> ResumableResponse {
    let error = UploadError(code, message, cause: cause)
    return ResumableResponse(status: status, fields: [.tusResumable: TusFields.version], error: error)
  }

  /// The response to invalid headers.
  private func rejection(_ error: UploadError) -> ResumableResponse {
    failed(error, status: error.code == .tooLarge ? 413 : 400, isFinal: true, offset: nil)
  }

  private func wrongType() -> ResumableResponse {
    rejection(415, .unsupportedType, "A body must have Content-Type: \(ResumableFields.tusType).")
  }

  private func mismatch(_ offset: UInt64) -> ResumableResponse {
    let problem = ProblemDocument.mismatchingOffset(expected: resource.offset, provided: offset)
    var response = rejection(409, .offsetMismatch, problem.detail)
    response.fields[.uploadOffset] = String(resource.offset)
    return response
  }

  private func exceeded() -> ResumableResponse {
    rejection(413, .tooLarge, "The body has more bytes than the length of the upload allows.")
  }

  /// The response to a request that is over a permanent limit; nil for none.
  /// - Parameter size: of the file in bytes, at least.
  private func excess(ofFile size: UInt64) -> ResumableResponse? {
    if size > request.limits.maxSize ?? .max { return tooLarge() }
    guard let limit = request.limits.maxAppendSize, request.bodyLength ?? 0 > limit else { return nil }
    return appendTooLarge()
  }

  private func tooLarge() -> ResumableResponse {
    let limit = ByteSize.text(request.limits.maxSize ?? .max)
    let error = UploadError(.tooLarge, "The file is larger than the limit of \(limit).")
    return failed(error, status: 413, isFinal: true, offset: nil)
  }

  private func appendTooLarge() -> ResumableResponse {
    let limit = ByteSize.text(request.limits.maxAppendSize ?? 0)
    return rejection(413, .tooLarge, "The body is larger than the limit of \(limit) for one request.")
  }

  private mutating func unexpected() -> ResumableAction {
    assertionFailure("This event is impossible now.")
    state = .ended
    return .respond(rejection(500, .internalFailure, "The server has confused the steps of this request."))
  }
}
