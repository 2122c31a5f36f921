import HTTPTypes
import NIOCore
import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct AnswerTests {
  @Test func `Success has the shape that clients know`() {
    let files = [
      StoredFile(name: "a \"b\".txt", size: 12, type: "text/plain", modified: 0),
      StoredFile(name: "ü", size: .max, type: nil, modified: 0, replaced: true),
    ]
    let answer = Answer.stored(files, status: .created)
    #expect(
      String(buffer: answer.body)
        == #"{"status":201,"msg":"file uploaded","ok":true,"files":[{"name":"a \"b\".txt","size":12,"type":"text/plain"},"#
        + #"{"name":"ü","size":18446744073709551615,"type":null}]}"# + "\n"
    )
    #expect(answer.status == .created)
    #expect(answer.fields[.contentType] == "application/json")
    #expect(answer.fields[.contentLength] == "\(answer.body.readableBytes)")
    #expect(answer.fields[.xContentTypeOptions] == "nosniff")
    #expect(String(buffer: Answer.stored([], status: .ok).body).hasPrefix(#"{"status":200,"#))
  }

  @Test func `Failure has the shape that clients know`() {
    let answer = Answer(refusing: UploadError(.tooLarge, "Too \"large\"\n\u{1B}."))
    #expect(String(buffer: answer.body) == #"{"status":413,"msg":"Too \"large\"\n\u001b.","ok":false}"# + "\n")
    #expect(answer.status.code == 413)
    #expect(answer.fields[.retryAfter] == nil)
  }

  @Test func `Who comes at a bad moment is told when to come again`() {
    #expect(Answer(refusing: UploadError(.tooManyUploads, "")).fields[.retryAfter] == "5")
    #expect(Answer(refusing: UploadError(.shuttingDown, "")).fields[.retryAfter] == "5")
    #expect(Answer(refusing: "", status: .tooManyRequests).fields[.retryAfter] == "5")
  }

  @Test func `Every error code has its status`() {
    let expected: [UploadError.Code: Int] = [
      .badRequest: 400, .malformedForm: 400, .noFile: 400, .incomplete: 400, .contentMismatch: 400, .tooLarge: 413,
      .unsupportedType: 415,
      .unauthorized: 401, .forbidden: 403, .notFound: 404, .methodNotAllowed: 405, .nameTaken: 409,
      .preconditionFailed: 412, .notImplemented: 501, .timedOut: 408, .headersTooLarge: 431,
      .tooManyUploads: 503, .tooManyFromClient: 429, .tooManyGuesses: 429, .shuttingDown: 503,
      .directoryUnavailable: 503, .cancelled: 403, .diskFull: 507,
    ]
    for code in UploadError.Code.allCases {
      #expect(code.status.code == expected[code] ?? 500, "\(code.rawValue)")
    }
    #expect(UploadError.Code.diskFull.status.reasonPhrase == "Insufficient Storage")
  }
}
