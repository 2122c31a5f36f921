import HTTPTypes
import UploadCore

/// The responses of the IETF draft to one request.
struct DraftResponses: Sendable {
  let request: ResumableRequest
  let version: InteropVersion
  /// The URL of the resource that the request has created; nil where it exists already.
  var location: String?
  /// When the resource expires, in seconds since 1970; 0 where none exists.
  var expires: Int64 = 0

  /// The response to OPTIONS.
  func discovery() -> ResumableResponse {
    var limits = UploadLimitField()
    (limits.maxSize, limits.maxAppendSize) = (request.limits.maxSize, request.limits.maxAppendSize)
    return ResumableResponse(status: 200, fields: [.uploadLimit: limits.text(version)])
  }

  /// The response to a failure outside the protocol: ``ResumableExchange/failed(_:status:isFinal:offset:)``.
  func failed(_ error: UploadError, status: Int, isFinal: Bool, offset: UInt64?) -> ResumableResponse {
    var fields = fields(offset: isFinal && status != 409 ? nil : offset, isComplete: isFinal)
    if error.code == .tooLarge { fields[.uploadLimit] = limitText }
    // A client that could not read an interim response learns here where to continue.
    if !isFinal { fields[.location] = location }
    return ResumableResponse(status: status, fields: fields, error: error)
  }

  /// The response to HEAD and GET.
  func status(of resource: UploadResource) -> ResumableResponse {
    var fields = fields(offset: resource.offset, isComplete: resource.state == .finished)
    fields[.uploadLength] = resource.length.map { String($0) }
    fields[.uploadLimit] = limitText
    fields[.cacheControl] = "no-store"
    return ResumableResponse(status: 204, fields: fields)
  }

  /// Where the resource stands, for every response.
  /// - Parameter isComplete: whether the response is the final one of the target.
  func fields(offset: UInt64?, isComplete: Bool) -> HTTPFields {
    var fields: HTTPFields = [:]
    fields[.uploadOffset] = offset.map { String($0) }
    version.setComplete(isComplete, in: &fields)
    return fields
  }

  /// The value of `Upload-Limit`; without a lifetime where no resource exists.
  var limitText: String {
    // Expiry is rounded up.
    let left = min(expires.subtractingReportingOverflow(request.now).partialValue, request.limits.maxAge)
    let age = UInt64(clamping: left)
    let (maxSize, maxAppendSize) = (request.limits.maxSize, request.limits.maxAppendSize)
    return UploadLimitField(maxSize: maxSize, maxAppendSize: maxAppendSize, maxAge: expires > 0 ? age : nil)
      .text(version)
  }

  /// An interim response; nil for a client that cannot read any.
  func interim(_ fields: HTTPFields) -> ResumableResponse? {
    guard version.readsInterimStatus, let stated = version.stated else { return nil }
    var response = ResumableResponse(status: 104, fields: fields)
    response.fields[.uploadDraftInteropVersion] = String(stated)
    return response
  }

  /// The response to a request that does not end the upload.
  func accepted(at offset: UInt64) -> ResumableResponse {
    var response = ResumableResponse(
      status: location == nil ? 204 : 201,
      fields: fields(offset: offset, isComplete: false)
    )
    response.fields[.location] = location
    response.fields[.uploadLimit] = limitText
    return response
  }

  /// A violation of the protocol: the client may continue the upload, if it exists.
  func rejection(_ status: Int, _ code: UploadError.Code, _ message: String) -> ResumableResponse {
    ResumableResponse(status: status, fields: fields(offset: nil, isComplete: false), error: UploadError(code, message))
  }

  func inconsistentLength() -> ResumableResponse {
    var response = rejection(400, .badRequest, ProblemDocument.inconsistentLength.detail)
    response.problem = .inconsistentLength
    return response
  }

  func mismatch(_ resource: UploadResource, _ offset: UInt64) -> ResumableResponse {
    let problem = ProblemDocument.mismatchingOffset(expected: resource.offset, provided: offset)
    var response = rejection(409, .offsetMismatch, problem.detail)
    response.fields[.uploadOffset] = String(resource.offset)
    response.problem = problem
    return response
  }

  /// The response to a request that is over a permanent limit; nil for none.
  /// - Parameter size: of the file in bytes, at least.
  func excess(ofFile size: UInt64) -> ResumableResponse? {
    isTooLarge(size) ? tooLarge() : appendExcess
  }

  /// Whether a file of this size, in bytes, is over a permanent limit.
  func isTooLarge(_ size: UInt64) -> Bool { size > largestSize }

  /// The response to a request whose body is over the limit for one; nil for none.
  var appendExcess: ResumableResponse? {
    guard let limit = request.limits.maxAppendSize, request.bodyLength ?? 0 > limit else { return nil }
    return appendTooLarge()
  }

  /// In bytes: the fields can state no larger one.
  private var largestSize: UInt64 { min(request.limits.maxSize ?? .max, ResumableFields.largestInteger) }

  /// - Parameter isFinal: whether the upload is over.
  func tooLarge(isFinal: Bool = true) -> ResumableResponse {
    let message = "The file is larger than the limit of \(ByteSize.text(largestSize))."
    return failed(UploadError(.tooLarge, message), status: 413, isFinal: isFinal, offset: nil)
  }

  func appendTooLarge() -> ResumableResponse {
    let limit = ByteSize.text(request.limits.maxAppendSize ?? 0)
    let message = "The body is larger than the limit of \(limit) for one request. Send the file in several requests."
    return failed(UploadError(.tooLarge, message), status: 413, isFinal: false, offset: nil)
  }
}
