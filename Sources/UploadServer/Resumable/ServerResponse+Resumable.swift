import HTTPTypes
import UploadCore
import UploadProtocol

extension ServerResponse {
  /// A response of a resumable protocol: without a body, with the problem that it states, or with the usual JSON of an
  /// error.
  init(_ response: ResumableResponse) {
    let status = HTTPResponse.Status(resumable: response.status)
    if let problem = response.problem {
      let type = ProblemDocument.contentType
      self.init(status: status, contentType: type, body: problem.json, problem: problem.detail)
    } else if let error = response.error {
      self.init(failure: error.message, status: status)
    } else {
      self.init(status: status)
      // Otherwise the encoder would write a chunked body, also in response to HEAD.
      if response.status != 204 { fields[.contentLength] = "0" }
    }
    for field in response.fields { fields[field.name] = field.value }
    hasStaleOffset = response.error?.code == .offsetMismatch
  }
}

extension HTTPResponse {
  /// An interim response of a resumable protocol.
  init(interim response: ResumableResponse) {
    self.init(status: HTTPResponse.Status(resumable: response.status), headerFields: response.fields)
  }
}

extension HTTPResponse.Status {
  /// The status with its reason phrase, which HTTPTypes does not know for all.
  /// - Parameter code: 100 to 999; others become 500.
  fileprivate init(resumable code: Int) {
    switch code {
    case 104: self.init(code: 104, reasonPhrase: "Upload Resumption Supported")
    case 460: self.init(code: 460, reasonPhrase: "Checksum Mismatch")
    case 507: self.init(code: 507, reasonPhrase: "Insufficient Storage")
    case 100...999: self.init(integerLiteral: code)
    default: self = .internalServerError
    }
  }
}
