import Testing

@testable import UploadProtocol

/// A form as a real client sends it, and its files.
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

extension ClientForm {
  static let browsers: [ClientForm] = [
    ClientForm(
      "browser, raw UTF-8 and a control without a file",
      boundary: "----WebKitFormBoundary7MA4YWxkTrZu0gW",
      #"""
      ------WebKitFormBoundary7MA4YWxkTrZu0gW
      Content-Disposition: form-data; name="_charset_"

      UTF-8
      ------WebKitFormBoundary7MA4YWxkTrZu0gW
      Content-Disposition: form-data; name="photo"; filename="Füße \ %41 %22x%22.jpg"
      Content-Type: image/jpeg

      JPEG
      ------WebKitFormBoundary7MA4YWxkTrZu0gW
      Content-Disposition: form-data; name="none"; filename=""
      Content-Type: application/octet-stream


      ------WebKitFormBoundary7MA4YWxkTrZu0gW--

      """#,
      files: [File(field: "photo", name: #"Füße \ %41 "x".jpg"#, type: "image/jpeg", content: "JPEG")]
    ),
    ClientForm(
      "browser, a Blob",
      boundary: "---------------------------9051914041544843365972754266",
      """
      -----------------------------9051914041544843365972754266
      Content-Disposition: form-data; name="data"; filename="blob"
      Content-Type: application/octet-stream

      -----------------------------905191404154484336597275426
      -----------------------------9051914041544843365972754266--

      """,
      files: [
        File(
          field: "data",
          name: "blob",
          type: "application/octet-stream",
          content: "-----------------------------905191404154484336597275426"
        )
      ]
    ),
    ClientForm(
      "old Internet Explorer, a path",
      boundary: "---------------------------7d01ecf406a6",
      #"""
      -----------------------------7d01ecf406a6
      Content-Disposition: form-data; name="f"; filename="C:\dir\file.txt"
      Content-Type: text/plain

      IE
      -----------------------------7d01ecf406a6--

      """#,
      files: [File(field: "f", name: #"C:\dir\file.txt"#, type: "text/plain", content: "IE")]
    ),
    ClientForm(
      "old Internet Explorer, unescaped quotes",
      boundary: "---------------------------7d01",
      #"""
      -----------------------------7d01
      Content-Disposition: form-data; name="f"; filename="C:\dir\my "best" file.txt"
      Content-Type: text/plain

      IE
      -----------------------------7d01--

      """#,
      files: [File(field: "f", name: #"C:\dir\my "best" file.txt"#, type: "text/plain", content: "IE")]
    ),
  ]
}

extension ClientForm {
  static let commandLine: [ClientForm] = [
    ClientForm(
      "curl -F, percent escapes",
      boundary: "------------------------d74496d66958873e",
      #"""
      --------------------------d74496d66958873e
      Content-Disposition: form-data; name="note"

      hello
      --------------------------d74496d66958873e
      Content-Disposition: form-data; name="file"; filename="a%22b%0D%0A\c.txt"
      Content-Type: text/plain

      alpha
      beta

      --------------------------d74496d66958873e--

      """#,
      files: [File(field: "file", name: "a\"b\r\n\\c.txt", type: "text/plain", content: "alpha\r\nbeta\r\n")]
    ),
    ClientForm(
      "curl --form-escape",
      boundary: "------------------------1f2e",
      #"""
      --------------------------1f2e
      Content-Disposition: form-data; name="a\"b"; filename="c\\d\"e%22;.bin"
      Content-Type: application/octet-stream

      x
      --------------------------1f2e--

      """#,
      files: [File(field: "a\"b", name: #"c\d"e%22;.bin"#, type: "application/octet-stream", content: "x")]
    ),
    ClientForm(
      "Postman",
      boundary: "--------------------------110801",
      """
      ----------------------------110801
      Content-Disposition: form-data; name="f"; filename="p.txt"
      Content-Type: text/plain
      Content-Transfer-Encoding: binary

      P
      ----------------------------110801--

      """,
      files: [File(field: "f", name: "p.txt", type: "text/plain", content: "P")]
    ),
  ]
}
