import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// A complete response: what an upload is answered with, or why not.
struct Answer: Sendable {
  var status: HTTPResponse.Status
  var fields: HTTPFields
  var body: ByteBuffer
  /// Of an error response, what went wrong, in words.
  private(set) var problem: String?

  init(status: HTTPResponse.Status, contentType: String, body: String) {
    self.status = status
    self.body = ByteBuffer(string: body)
    fields = [.contentType: contentType, .contentLength: String(self.body.readableBytes)]
    // What strangers uploaded is never guessed into something that runs.
    fields[.xContentTypeOptions] = "nosniff"
    // An address with a token in it is for nobody else. (With no-referrer our own form's Origin would be "null".)
    fields[.referrerPolicy] = "same-origin"
  }

  /// An answer without a body, such as 204.
  init(status: HTTPResponse.Status) {
    (self.status, fields, body) = (status, [:], ByteBuffer())
  }

  init(status: HTTPResponse.Status, json: JSONValue) {
    self.init(status: status, contentType: "application/json", body: json.serialized + "\n")
  }

  /// Success, with what was stored. Clients rely on its JSON, and on that of a failure: README.md, Uploading.
  /// - Parameter path: of the request, for URLs relative to it; nil where there is none, as in a raw upload.
  static func stored(_ files: [StoredFile], status: HTTPResponse.Status, path: String? = nil) -> Answer {
    let entries = files.map { file in
      let url = path.map { [("url", JSONValue.string(file.url(relativeTo: $0)))] } ?? []
      let digest = file.digests.sha256Text.map { [("sha256", JSONValue.string($0))] } ?? []
      return JSONValue.object(
        [("name", .string(file.name)), ("size", .unsigned(file.size)), ("type", .optional(file.type))] + digest + url
      )
    }
    var answer = Answer(
      status: status,
      json: .object([
        ("status", .integer(status.code)),
        ("msg", .string("file uploaded")),
        ("ok", .bool(true)),
        ("files", .array(entries)),
      ])
    )
    answer.describe(files, path: path)
    return answer
  }

  /// Adds the fields that speak of a stored file: of several, they could not say which one they mean.
  mutating func describe(_ files: [StoredFile], path: String?) {
    guard files.count == 1, let file = files.first else { return }
    fields[.reprDigest] = DigestFields.text(file.digests)
    fields[.location] = path.map { file.url(relativeTo: $0) }
  }

  /// Failure, by what went wrong.
  init(refusing error: UploadError) {
    self.init(refusing: error.message, status: error.code.status)
  }

  /// Failure, for a status that no error code has.
  init(refusing message: String, status: HTTPResponse.Status) {
    self.init(
      status: status,
      json: .object([("status", .integer(status.code)), ("msg", .string(message)), ("ok", .bool(false))])
    )
    problem = message
    if status == .serviceUnavailable || status == .tooManyRequests { fields[.retryAfter] = "5" }
  }
}
