import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// Makes the body of a request that is an upload, from its head.
struct IncomingBodyFactory {
  let request: IncomingRequest
  let client: ClientAddress

  /// A body that is one file.
  /// - Throws: ``UploadError`` when the declared type is not accepted, or a digest or precondition is malformed.
  func file(
    name: FileName?,
    declaredType: String?,
    in session: UploadSession
  ) throws(UploadError) -> any IncomingBody {
    let server = session.server
    try server.limits.types.check(declared: declaredType)
    let digests = try DigestRequest(request.head.headerFields)
    let condition = try Preconditions.ofUpload(request.head).condition(for: name)
    let name = RequestedName(name)
    let meter = UploadMeter(
      direction: .incoming,
      mode: .stream,
      name: name.fileName(type: declaredType).description,
      size: request.length.bytes,
      remote: client.text,
      declaredType: declaredType
    )
    return SingleUpload(
      meter,
      name: name,
      digests: digests,
      condition: condition,
      context: server,
      eventLoop: session.eventLoop,
      delegate: session
    )
  }

  /// A body that is a form.
  /// - Throws: ``UploadError`` when a precondition is malformed.
  func form(_ boundary: MultipartBoundary, in session: UploadSession) throws(UploadError) -> any IncomingBody {
    FormUpload(
      boundary: boundary,
      preconditions: try Preconditions.ofUpload(request.head),
      length: request.length,
      remote: client.text,
      context: session.server,
      eventLoop: session.eventLoop,
      delegate: session
    )
  }
}
