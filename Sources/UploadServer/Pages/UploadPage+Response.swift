import HTTPTypes
import Hummingbird
import NIOCore
import UploadCore
import UploadProtocol

extension UploadPage {
  /// The response to GET and HEAD of `/`: 200, or 304 where the client has the page already. The form keeps the token in
  /// the query of the request.
  /// - Throws: ``UploadError`` with code `badRequest` for a malformed precondition, or `preconditionFailed`.
  func response(to request: HTTPRequest) throws(UploadError) -> Response {
    let preconditions = try Preconditions(request.headerFields, for: .read, now: CurrentTime.seconds)
    var fields = HTTPFields.protected(as: Page.contentType, policy: policy)
    fields[.eTag] = tag.text
    fields[.cacheControl] = "no-cache"
    switch preconditions.evaluate(Preconditions.Representation(tag: tag, modified: modified)) {
    case .failed(let field): throw Preconditions.failure(field)
    case .notModified: return Response(status: .notModified, headers: fields)
    case .perform: break
    }
    // The names of files of a form keep their directories: browsers state some for the files of a directory alone.
    let chunks = body(action: Page(request).link(to: "file-upload", adding: "paths=keep"))
    let length = chunks.reduce(0) { $0 + $1.readableBytes }
    let body = ResponseBody(contentLength: length) { writer in
      for chunk in chunks { try await writer.write(chunk) }
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: fields, body: body)
  }
}
