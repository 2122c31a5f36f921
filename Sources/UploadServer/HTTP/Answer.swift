import HTTPTypes
import NIOCore
import UploadCore
import UploadReport
import UploadStorage

/// A complete response: what an upload is answered with, or why not.
struct Answer: Sendable {
  var status: HTTPResponse.Status
  var fields: HTTPFields
  var body: ByteBuffer

  init(status: HTTPResponse.Status, contentType: String, body: String) {
    self.status = status
    self.body = ByteBuffer(string: body)
    fields = [.contentType: contentType, .contentLength: String(self.body.readableBytes)]
    // What strangers uploaded is never guessed into something that runs.
    fields[.xContentTypeOptions] = "nosniff"
  }

  init(status: HTTPResponse.Status, json: JSONValue) {
    self.init(status: status, contentType: "application/json", body: json.serialized + "\n")
  }

  /// The demo's shape of success, with what was stored.
  static func stored(_ files: [StoredFile], status: HTTPResponse.Status) -> Answer {
    Answer(status: status, json: Self.storedJSON(files, status: status.code))
  }

  /// The demo's shape of success as JSON.
  static func storedJSON(_ files: [StoredFile], status: Int) -> JSONValue {
    .object([
      ("status", .integer(status)),
      ("msg", .string("file uploaded")),
      ("ok", .bool(true)),
      (
        "files",
        .array(
          files.map {
            .object([("name", .string($0.name)), ("size", .unsigned($0.size)), ("type", .optional($0.type))])
          }
        )
      ),
    ])
  }

  /// The demo's shape of failure.
  init(refusing error: UploadError) {
    let status = error.code.status
    self.init(status: status, json: Self.refusalJSON(error))
    if status == .serviceUnavailable || status == .tooManyRequests { fields[.retryAfter] = "5" }
  }

  /// The demo's shape of failure as JSON.
  static func refusalJSON(_ error: UploadError) -> JSONValue {
    .object([
      ("status", .integer(error.code.status.code)),
      ("msg", .string(error.message)),
      ("ok", .bool(false)),
    ])
  }
}
