import Testing

@testable import UploadProtocol

/// A form as a real client emits it, and the files that are in it.
struct ClientForm: Sendable, CustomTestStringConvertible {
  struct File: Sendable, Equatable {
    var field: String?
    var name: String?
    var type: String?
    var length: UInt64?
    var content: String
  }

  let client: String
  let contentType: String
  let body: [UInt8]
  let files: [File]

  var testDescription: String { client }

  init(_ client: String, boundary: String, _ lines: String, files: [File]) {
    self.client = client
    contentType = "multipart/form-data; boundary=\(boundary)"
    body = crlf(lines)
    self.files = files
  }

  static let all: [ClientForm] = commandLine + browsers + libraries
}
