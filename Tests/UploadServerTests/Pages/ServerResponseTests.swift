import HTTPTypes
import NIOCore
import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct ServerResponseTests {
  @Test func `the response to a stored upload has the JSON fields that clients rely on`() {
    let files = [
      StoredFile(name: "a \"b\".txt", size: 12, type: "text/plain", modified: 0),
      StoredFile(name: "ü", size: .max, type: nil, modified: 0, replaced: true),
    ]
    let response = ServerResponse.stored(files, status: .created)
    #expect(
      String(buffer: response.body)
        == #"{"status":201,"msg":"file uploaded","ok":true,"files":[{"name":"a \"b\".txt","size":12,"type":"text/plain"},"#
        + #"{"name":"ü","size":18446744073709551615,"type":null}]}"# + "\n"
    )
    #expect(response.status == .created)
    #expect(response.fields[.contentType] == "application/json")
    #expect(response.fields[.contentLength] == "\(response.body.readableBytes)")
    #expect(response.fields[.xContentTypeOptions] == "nosniff")
    #expect(String(buffer: ServerResponse.stored([], status: .ok).body).hasPrefix(#"{"status":200,"#))
  }

  @Test func `an error response has the JSON fields that clients rely on`() {
    let response = ServerResponse(failure: UploadError(.tooLarge, "Too \"large\"\n\u{1B}."))
    #expect(String(buffer: response.body) == #"{"status":413,"msg":"Too \"large\"\n\u001b.","ok":false}"# + "\n")
    #expect(response.status.code == 413)
    #expect(response.fields[.retryAfter] == nil)
  }

  @Test func `error responses with 429 and 503 have a Retry-After field of 5 s`() {
    #expect(ServerResponse(failure: UploadError(.tooManyUploads, "")).fields[.retryAfter] == "5")
    #expect(ServerResponse(failure: UploadError(.shuttingDown, "")).fields[.retryAfter] == "5")
    #expect(ServerResponse(failure: "", status: .tooManyRequests).fields[.retryAfter] == "5")
  }

  @Test func `every error code has its HTTP status, by default 500`() {
    let expected: [UploadError.Code: Int] = [
      .badRequest: 400, .malformedForm: 400, .noFile: 400, .incomplete: 400, .contentMismatch: 400, .tooLarge: 413,
      .unsupportedType: 415,
      .unauthorized: 401, .forbidden: 403, .notFound: 404, .methodNotAllowed: 405, .nameTaken: 409,
      .preconditionFailed: 412, .notImplemented: 501, .timedOut: 408, .headersTooLarge: 431, .addressTooLong: 414,
      .tooManyUploads: 503, .tooManyFromClient: 429, .tooManyGuesses: 429, .shuttingDown: 503,
      .directoryUnavailable: 503, .storeUnavailable: 503, .cancelled: 403, .diskFull: 507, .offsetMismatch: 409,
      .uploadGone: 410,
      .tooManyUnfinished: 429,
    ]
    for code in UploadError.Code.allCases {
      #expect(code.status.code == expected[code] ?? 500, "\(code.rawValue)")
    }
    #expect(UploadError.Code.diskFull.status.reasonPhrase == "Insufficient Storage")
  }
}
