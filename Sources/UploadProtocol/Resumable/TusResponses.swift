import HTTPTypes
import UploadCore

/// The responses of tus to one request.
struct TusResponses: Sendable {
  let request: ResumableRequest
  /// The resource as the request has found it or created it.
  var resource = UploadResource(offset: 0)
  /// The URL of the resource that the request has created; nil where it exists already.
  var location: String?

  func methodNotAllowed(_ methods: String) -> ResumableAction {
    var response = rejection(405, .methodNotAllowed, "Method not allowed. Allowed: \(methods).")
    response.fields[.allow] = methods
    return .respond(response)
  }

  /// The response to OPTIONS.
  func discovery() -> ResumableResponse {
    var response = success(200)
    response.fields[.tusVersion] = TusFields.version
    let further = request.limits.canConcatenate ? ",\(TusFields.concatenation)" : ""
    response.fields[.tusExtension] = TusFields.extensions + further
    response.fields[.tusMaxSize] = request.limits.maxSize.map { String($0) }
    response.fields[.tusChecksumAlgorithm] = BodyChecksum.Algorithm.allCases.map(\.rawValue).joined(separator: ",")
    return response
  }

  /// The response to a body whose checksum does not match.
  /// - Parameter isStated: whether the request states a checksum, as it announces.
  func checksumRejection(isStated: Bool) -> ResumableResponse {
    guard isStated else {
      let message = "Trailer announces Upload-Checksum, but the trailer section has none."
      return resumable(rejection(400, .badRequest, message))
    }
    let message = "Checksum mismatch: the body has another checksum than Upload-Checksum says. Send it again."
    return resumable(rejection(460, .contentMismatch, message))
  }

  /// The response to a failure outside the protocol: ``ResumableExchange/failed(_:status:isFinal:offset:)``.
  func failed(_ error: UploadError, status: Int, isFinal: Bool) -> ResumableResponse {
    var response = rejection(status, error.code, error.message, cause: error.cause)
    if error.code == .tooLarge { response.fields[.tusMaxSize] = request.limits.maxSize.map { String($0) } }
    return isFinal ? response : resumable(response)
  }

  /// A rejection with the URL of the resource, if the request has created it: the client may continue it.
  private func resumable(_ response: ResumableResponse) -> ResumableResponse {
    var response = response
    response.fields[.location] = location
    return response
  }

  /// The response to HEAD and GET.
  func status() -> ResumableResponse {
    var response = success(200, offset: resource.offset)
    response.fields[.uploadLength] = resource.length.map { String($0) }
    if resource.length == nil { response.fields[.uploadDeferLength] = "1" }
    response.fields[.uploadMetadata] = resource.properties[TusProperty.metadata]
    response.fields[.uploadConcat] = resource.properties[TusProperty.concat]
    response.fields[.cacheControl] = "no-store"
    return response
  }

  /// - Parameter offset: of the resource; nil where none exists.
  func success(_ status: Int, offset: UInt64? = nil) -> ResumableResponse {
    var fields: HTTPFields = [.tusResumable: TusFields.version]
    if let offset {
      fields[.uploadOffset] = String(offset)
      // A published file does not expire.
      if resource.expires > 0, resource.state != .finished || resource.isPartial {
        fields[.uploadExpires] = HTTPDate.text(resource.expires)
      }
    }
    fields[.location] = location
    return ResumableResponse(status: status, fields: fields)
  }

  func rejection(
    _ status: Int,
    _ code: UploadError.Code,
    _ message: String,
    cause: (any Error)? = nil
  ) -> ResumableResponse {
    let error = UploadError(code, message, cause: cause)
    return ResumableResponse(status: status, fields: [.tusResumable: TusFields.version], error: error)
  }

  /// The response to invalid headers.
  func rejection(_ error: UploadError) -> ResumableResponse {
    failed(error, status: error.code == .tooLarge ? 413 : 400, isFinal: true)
  }

  func wrongType() -> ResumableResponse {
    rejection(415, .unsupportedType, "A body must have Content-Type: \(ResumableFields.tusType).")
  }

  func mismatch(_ offset: UInt64) -> ResumableResponse {
    let problem = ProblemDocument.mismatchingOffset(expected: resource.offset, provided: offset)
    var response = rejection(409, .offsetMismatch, problem.detail)
    response.fields[.uploadOffset] = String(resource.offset)
    return response
  }

  func exceeded() -> ResumableResponse {
    rejection(413, .tooLarge, "The body has more bytes than the length of the upload allows.")
  }

  /// The response to a request that is over a permanent limit; nil for none.
  /// - Parameter size: of the file in bytes, at least.
  func excess(ofFile size: UInt64) -> ResumableResponse? {
    if size > largestSize { return tooLarge() }
    guard let limit = request.limits.maxAppendSize, request.bodyLength ?? 0 > limit else { return nil }
    return appendTooLarge()
  }

  /// In bytes: no file has more than `Int64.max`.
  private var largestSize: UInt64 { min(request.limits.maxSize ?? .max, UInt64(Int64.max)) }

  func tooLarge() -> ResumableResponse {
    let error = UploadError(.tooLarge, "The file is larger than the limit of \(ByteSize.text(largestSize)).")
    return failed(error, status: 413, isFinal: true)
  }

  func appendTooLarge() -> ResumableResponse {
    let limit = ByteSize.text(request.limits.maxAppendSize ?? 0)
    return resumable(rejection(413, .tooLarge, "The body is larger than the limit of \(limit) for one request."))
  }
}
