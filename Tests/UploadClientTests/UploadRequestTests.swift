import NIOHTTP1
import Testing
import UploadCore

@testable import UploadClient

@Suite struct UploadRequestTests {
  private var configuration = UploadClientConfiguration()

  private func request(
    mode: UploadMode = .stream,
    name: String = "a.txt",
    size: UInt64? = 5,
    url: String = "http://host:8080/"
  ) throws -> UploadRequest {
    try UploadRequest(target: SendTarget(url), mode: mode, name: name, size: size, configuration: configuration)
  }

  @Test func `the request for a stream has exactly the usual headers`() throws {
    let head = try request().head
    #expect(head.method == .POST)
    #expect(head.uri == "/stream-upload?name=a.txt")
    #expect(
      Array(head.headers).map { "\($0.name): \($0.value)" } == [
        "Host: host:8080", "User-Agent: sluice", "Accept: application/json", "Content-Type: text/plain",
        "Content-Disposition: attachment; filename*=UTF-8''a.txt", "Content-Length: 5",
      ]
    )
  }

  @Test func `only a POST without a form names its file in a header`() throws {
    #expect(
      try request(name: "ü b.txt").head.headers["content-disposition"] == [
        "attachment; filename*=UTF-8''%C3%BC%20b.txt"
      ]
    )
    #expect(try request(mode: .multipart).head.headers["content-disposition"].isEmpty)
    var put = self
    put.configuration.method = "PUT"
    #expect(try put.request().head.headers["content-disposition"].isEmpty)
  }

  @Test func `the media type is that of the options, else of the name, else application/octet-stream`() throws {
    #expect(try request(name: "a.png").contentType == "image/png")
    #expect(try request(name: "a").contentType == "application/octet-stream")
    var other = self
    other.configuration.contentType = "x/y"
    #expect(try other.request(name: "a.png").contentType == "x/y")
    other.configuration.headers = [try HeaderField("content-TYPE: v/w")]
    #expect(try other.request(name: "a.png").head.headers["content-type"] == ["v/w"])
  }

  @Test func `the length of a form includes its framing`() throws {
    let request = try request(mode: .multipart, name: "q\"\r\n.txt", size: 1000)
    #expect(request.head.uri == "/file-upload")
    let prefix = String(decoding: request.prefix, as: UTF8.self)
    let suffix = String(decoding: request.suffix, as: UTF8.self)
    #expect(prefix.contains("name=\"file\"; filename=\"q%22%0D%0A.txt\"\r\nContent-Type: text/plain\r\n\r\n"))
    #expect(suffix.hasSuffix("--\r\n"))
    let length = try #require(request.head.headers.first(name: "content-length").flatMap { Int($0) })
    #expect(length == 1000 + request.prefix.count + request.suffix.count)
    let type = try #require(request.head.headers.first(name: "content-type"))
    let boundary = try #require(type.split(separator: "boundary=").last)
    #expect(prefix.hasPrefix("--\(boundary)\r\n"))
    #expect(suffix == "\r\n--\(boundary)--\r\n")
  }

  @Test func `text fields precede the file in a form, and count in its length`() throws {
    var other = self
    other.configuration.formField = "up\"load"
    other.configuration.formValues = [
      try FormValue(parsing: "path=/inbox/ä=1"), try FormValue(parsing: "a\"b="), try FormValue(parsing: "path=2"),
    ]
    for mode in [UploadMode.multipart, .buffered] {
      let request = try other.request(mode: mode, size: 1000)
      let type = try #require(request.head.headers.first(name: "content-type"))
      let boundary = try #require(type.split(separator: "boundary=").last)
      #expect(
        String(decoding: request.prefix, as: UTF8.self) == """
          --\(boundary)\r
          Content-Disposition: form-data; name="path"\r
          \r
          /inbox/ä=1\r
          --\(boundary)\r
          Content-Disposition: form-data; name="a%22b"\r
          \r
          \r
          --\(boundary)\r
          Content-Disposition: form-data; name="path"\r
          \r
          2\r
          --\(boundary)\r
          Content-Disposition: form-data; name="up%22load"; filename="a.txt"\r
          Content-Type: text/plain\r
          \r

          """
      )
      let length = try #require(request.head.headers.first(name: "content-length").flatMap { Int($0) })
      #expect(length == 1000 + request.prefix.count + request.suffix.count)
    }
  }

  @Test(arguments: ["path", "=x", "a\nb=x", "a=x\r\ny", "a=\u{0}", "\u{0}=a", "a=b\r"])
  func `a form field with a line end or a NUL, or without a name or an equals sign, is rejected`(text: String) throws {
    let error = try #require(throws: UploadError.self) { try FormValue(parsing: text) }
    #expect(error.code == .badValue)
    var configuration = UploadClientConfiguration()
    for name in ["", "a\nb", "a\u{0}"] {
      configuration.formField = name
      #expect(throws: UploadError.self) { try configuration.validate() }
    }
  }

  @Test func `a name that is not UTF-8 is sent byte for byte`() throws {
    let name = NameBytes([0x63, 0x61, 0x66, 0xE9, 0x22]).losslessText
    let form = try request(mode: .multipart, name: name)
    let part = Array(#"filename="caf"#.utf8) + [0xE9] + Array(#"%22""#.utf8)
    #expect(form.prefix.firstRange(of: part) != nil)
    #expect(try request(name: name).head.headers["content-disposition"] == ["attachment; filename*=UTF-8''caf%E9%22"])
  }

  @Test func `a Content-Type among the headers becomes that of the file in a form`() throws {
    var other = self
    other.configuration.headers = [try HeaderField("Content-Type: v/w")]
    let request = try other.request(mode: .buffered)
    #expect(request.head.headers.first(name: "content-type")?.hasPrefix("multipart/form-data; boundary=") == true)
    #expect(request.head.headers["content-type"].count == 1)
    #expect(String(decoding: request.prefix, as: UTF8.self).contains("Content-Type: v/w\r\n"))
  }

  @Test func `a body of unknown length is chunked and asks for 100 Continue`() throws {
    for mode in [UploadMode.stream, .multipart] {
      let headers = try request(mode: mode, size: nil).head.headers
      #expect(headers["transfer-encoding"] == ["chunked"])
      #expect(!headers.contains(name: "content-length"))
      #expect(headers["expect"] == ["100-continue"])
    }
  }

  @Test func `bodies of more than 1 MiB ask for 100 Continue`() throws {
    #expect(try !request(size: 1 << 20).expectsContinue)
    var large = try request(size: 1 << 20 + 1)
    #expect(large.expectsContinue)
    large.head.headers.remove(name: "expect")
    #expect(!large.expectsContinue)
    #expect(!large.head.headers.contains(name: "expect"))
  }

  @Test func `headers of the user replace those of sluice with the same name`() throws {
    var other = self
    other.configuration.headers = [
      try HeaderField("user-agent: me"), try HeaderField("HOST: front"), try HeaderField("X-A: 1"),
      try HeaderField("x-a: 2"),
    ]
    let headers = try other.request().head.headers
    #expect(headers["user-agent"] == ["me"])
    #expect(headers["host"] == ["front"])
    #expect(headers["x-a"] == ["1", "2"])
    #expect(headers["accept"] == ["application/json"])
  }

  @Test(arguments: [
    ("http://h/", false), ("http://h/?token=x", true), ("http://h/?a=b&token=x", true),
    ("http://h/in/?mytoken=x", false),
    ("http://h/token=x", false),
  ])
  func `only a field called token in the query of the URL counts as an access token`(url: String, isSent: Bool) throws {
    #expect(try request(url: url).hasToken == isSent)
    #expect(try request(name: "token=x", url: url).hasToken == isSent)
  }

  @Test func `a token of the target and an Authorization field of the user count as access tokens`() throws {
    let target = try SendTarget("http://h/", token: "x")
    #expect(
      try UploadRequest(target: target, mode: .stream, name: "a", size: 1, configuration: configuration).hasToken
    )
    var other = self
    other.configuration.headers = [try HeaderField("authorization: Basic eDp5")]
    #expect(try other.request().hasToken)
  }

  @Test func `the mode raw is rejected`() throws {
    let error = try #require(throws: UploadError.self) { try request(mode: .raw) }
    #expect(error.code == .badValue)
  }
}
