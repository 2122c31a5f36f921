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
  private var responses: TusResponses

  package init(_ request: ResumableRequest) {
    self.request = request
    responses = TusResponses(request: request)
  }

  /// The method of a request: the one in `X-HTTP-Method-Override`, if there is one.
  package static func method(_ head: HTTPRequest) -> HTTPRequest.Method {
    head.headerFields[.methodOverride].flatMap { HTTPRequest.Method($0.uppercased()) } ?? head.method
  }

  // MARK: Start

  package mutating func start() -> ResumableAction {
    guard case .initial = state else { return unexpected() }
    state = .ended
    let method = Self.method(request.head)
    if method == .options { return .respond(responses.discovery()) }
    guard request.head.headerFields[.tusResumable] == TusFields.version else {
      let message = "Tus-Resumable is missing, or another version. Write Tus-Resumable: \(TusFields.version)."
      var response = responses.rejection(412, .preconditionFailed, message)
      response.fields[.tusVersion] = TusFields.version
      return .respond(response)
    }
    guard let id = request.id else { return method == .post ? create() : responses.methodNotAllowed("POST, OPTIONS") }
    switch method {
    case .get: return find(id, .head(completes: false), endsOther: false)
    case .head: return find(id, .head(completes: true), endsOther: true)
    case .patch: return append(id)
    case .delete: return find(id, .terminate, endsOther: true)
    default: return responses.methodNotAllowed("HEAD, GET, PATCH, DELETE, OPTIONS")
    }
  }

  private mutating func create() -> ResumableAction {
    let fields = request.head.headerFields
    let creation: TusCreation
    do { creation = try TusCreation(fields) } catch { return .respond(responses.rejection(error)) }
    if creation.concat != nil, !request.limits.canConcatenate {
      let message = "This server cannot make one upload of several (Upload-Concat). Send the file as one upload."
      return .respond(responses.rejection(501, .notImplemented, message))
    }
    if let excess = responses.excess(ofFile: max(creation.length ?? 0, request.bodyLength ?? 0)) {
      return .respond(excess)
    }
    if request.bodyLength != 0 {
      if case .final = creation.concat {
        return .respond(responses.rejection(400, .badRequest, "A final upload must not have a body."))
      }
      guard creation.body.hasType else { return .respond(responses.wrongType()) }
      if let length = creation.length, request.bodyLength ?? 0 > length { return .respond(responses.exceeded()) }
    }
    var new = NewUploadResource(length: creation.length)
    if let metadata = creation.metadata {
      (new.name, new.keepsPath) = (metadata.name, metadata.keepsPath)
      (new.modified, new.declaredType, new.sender) = (metadata.modified, metadata.type, metadata.sender)
    }
    new.properties[TusProperty.metadata] = creation.metadata.flatMap { $0.text.isEmpty ? nil : $0.text }
    new.properties[TusProperty.concat] = fields[.uploadConcat].map {
      $0.utf8.count > TusProperty.maxConcat ? "final" : $0
    }
    responses.resource = UploadResource(offset: 0, length: creation.length, properties: new.properties)
    state = .creating(creation)
    return .create(new)
  }

  private mutating func append(_ id: String) -> ResumableAction {
    let append: TusAppend
    do { append = try TusAppend(request.head.headerFields) } catch { return .respond(responses.rejection(error)) }
    guard append.body.hasType else { return .respond(responses.wrongType()) }
    let end = append.offset.saturatingSum(request.bodyLength ?? 0)
    if let excess = responses.excess(ofFile: max(append.length ?? 0, end)) { return .respond(excess) }
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
    guard let resource else { return .respond(responses.rejection(404, .notFound, "There is no such upload.")) }
    if resource.state == .gone {
      return .respond(responses.rejection(410, .uploadGone, "The upload has failed for good. Send the file again."))
    }
    responses.resource = resource
    switch lookup {
    case .terminate: return .remove(responses.success(204))
    case .head(let completes):
      // A client that reads here that all bytes have arrived sends no further request.
      guard completes, request.bodyLength == 0, !resource.isEnded, resource.offset == resource.length else {
        return .respond(responses.status())
      }
      return begin(.head, AppendPlan())
    case .append(let append): return self.append(append)
    }
  }

  private mutating func append(_ append: TusAppend) -> ResumableAction {
    let resource = responses.resource
    if resource.isConcatenation {
      return .respond(
        responses.rejection(403, .forbidden, "The upload is a final one: its content is that of its parts.")
      )
    }
    let end = request.bodyLength.map { append.offset.saturatingSum($0) }
    // The last request again, of which the response was lost.
    if resource.isEnded, end == resource.offset, append.length == nil || append.length == resource.length {
      return .respond(responses.success(204, offset: resource.offset))
    }
    guard append.offset == resource.offset else { return .respond(responses.mismatch(append.offset)) }
    if let stated = append.length, stated != resource.length ?? stated || stated < append.offset {
      return .respond(responses.rejection(400, .badRequest, ProblemDocument.inconsistentLength.detail))
    }
    if let length = resource.length ?? append.length, let end, end > length {
      // Neither a published file is discarded, nor an upload because the request contradicts itself.
      return resource.isEnded || resource.length == nil
        ? .respond(responses.exceeded()) : .discard(responses.exceeded())
    }
    if resource.isEnded { return .respond(responses.exceeded()) }
    var plan = append.body.plan
    plan.length = resource.length == nil ? append.length : nil
    responses.resource.length = resource.length ?? append.length
    responses.resource.expires = request.extended(resource.expires)
    return begin(.append, plan)
  }

  package mutating func created(location: String, expires: Int64) -> ResumableAction {
    guard case .creating(let creation) = state else { return unexpected() }
    responses.location = location
    responses.resource.expires = expires
    if case .final(let ids) = creation.concat {
      state = .concatenating
      return .concatenate(ids: ids)
    }
    // Of an empty file, the creation is the last request.
    if request.bodyLength == 0, creation.length != 0 || responses.resource.isPartial {
      state = .ended
      return .respond(responses.success(201, offset: 0))
    }
    return begin(.creation, creation.body.plan)
  }

  package mutating func concatenated(length: UInt64) -> ResumableAction {
    guard case .concatenating = state else { return unexpected() }
    if let maxSize = request.limits.maxSize, length > maxSize {
      state = .ended
      return .remove(responses.tooLarge())
    }
    (responses.resource.offset, responses.resource.length) = (length, length)
    var plan = AppendPlan()
    plan.length = length
    return begin(.creation, plan)
  }

  private mutating func begin(_ purpose: Purpose, _ plan: AppendPlan) -> ResumableAction {
    (self.purpose, self.plan) = (purpose, plan)
    body = AppendedBody(start: responses.resource.offset, length: responses.resource.length)
    state = .appending
    return .append(plan)
  }

  // MARK: Body

  package mutating func receive(_ count: Int) -> ResumableAction? {
    guard case .appending = state else { return unexpected() }
    guard let excess = body.receive(count, request.limits) else { return nil }
    state = .ended
    switch excess {
    case .length: return .discard(responses.exceeded())
    case .size: return .discard(responses.tooLarge())
    case .appendSize:
      // Nothing of a body with a checksum counts, since it cannot be compared.
      if plan.checksum != nil || plan.awaitsChecksumTrailer { return .respond(responses.appendTooLarge()) }
      state = .suspending(responses.appendTooLarge())
      return .suspend
    }
  }

  package mutating func bodyEnded(checksumMatches: Bool?) -> ResumableAction {
    guard case .appending = state else { return unexpected() }
    if plan.checksum != nil || plan.awaitsChecksumTrailer, checksumMatches != true {
      state = .ended
      return .respond(responses.checksumRejection(isStated: plan.checksum != nil || checksumMatches != nil))
    }
    if body.end == body.length, !responses.resource.isPartial {
      state = .finalizing
      return .finalize
    }
    state = .suspending(nil)
    return .suspend
  }

  package mutating func suspended(at offset: UInt64) -> ResumableAction {
    guard case .suspending(let rejection) = state else { return unexpected() }
    state = .ended
    return .respond(rejection ?? responses.success(responses.location == nil ? 204 : 201, offset: offset))
  }

  package mutating func finalized() -> ResumableAction {
    guard case .finalizing = state else { return unexpected() }
    state = .ended
    responses.resource.state = .finished
    switch purpose {
    case .creation: return .respond(responses.success(201, offset: body.end))
    case .append: return .respond(responses.success(204, offset: body.end))
    case .head: return .respond(responses.status())
    }
  }

  package func failed(_ error: UploadError, status: Int, isFinal: Bool, offset: UInt64?) -> ResumableResponse {
    var response = responses.failed(error, status: status, isFinal: isFinal)
    // Clients expect an offset in every 409.
    if status == 409 { response.fields[.uploadOffset] = String(offset ?? body.end) }
    return response
  }

  private mutating func unexpected() -> ResumableAction {
    state = .ended
    return .respond(responses.rejection(500, .internalFailure, "The server has confused the steps of this request."))
  }
}
