import HTTPExchange
import NIOCore
import NIOHTTP1
import Testing
import UploadCore

@testable import UploadStorageS3

@Suite struct S3RequestTests {
  private func location(
    _ endpoint: String = "http://engine:8080",
    _ addressing: S3Addressing = .path
  ) throws -> S3Location {
    S3Location(
      S3Configuration(
        endpoint: try S3Endpoint(endpoint),
        bucket: "bucket",
        region: "r",
        addressing: addressing,
        credentials: try S3Credentials(accessKeyID: "AK", secretAccessKey: "SK")
      )
    )
  }

  private func head(_ request: S3Request, _ location: S3Location) throws -> HTTPRequestHead {
    let signer = SigV4(credentials: try S3Credentials(accessKeyID: "AK", secretAccessKey: "SK"), region: "r")
    return request.head(at: location, signer: signer, time: 1_369_353_600)
  }

  @Test(arguments: [
    ("a", "/bucket/a"), ("a b+c%d", "/bucket/a%20b%2Bc%25d"), ("\u{FC}/\u{1F600}", "/bucket/%C3%BC/%F0%9F%98%80"),
    ("a//b/", "/bucket/a//b/"), ("/a", "/bucket//a"),
    ("~-._!'()*;:@&=$,?#[]", "/bucket/~-._%21%27%28%29%2A%3B%3A%40%26%3D%24%2C%3F%23%5B%5D"),
    (".sluice/uploads/x.json", "/bucket/.sluice/uploads/x.json"), ("a\u{308}", "/bucket/a%CC%88"),
    ("\n\u{7F}", "/bucket/%0A%7F"),
  ])
  func `a key's bytes are escaped once, and its slashes kept`(key: String, path: String) throws {
    #expect(try location().path(key) == path)
    #expect(try head(.head(key), location()).uri == path)
  }

  @Test func `a key may have 1,024 bytes that are all escaped`() throws {
    let path = try location().path(String(repeating: "\u{FC}", count: 512))
    #expect(path == "/bucket/" + String(repeating: "%C3%BC", count: 512))
  }

  @Test(arguments: [
    ("https://s3.example", S3Addressing.virtual, "bucket.s3.example", "/a"),
    ("https://s3.example:8443", .virtual, "bucket.s3.example:8443", "/a"),
    ("https://s3.example", .path, "s3.example", "/bucket/a"), ("http://[::1]:8080", .path, "[::1]:8080", "/bucket/a"),
    ("engine", .path, "engine", "/bucket/a"),
  ])
  func `the bucket is in the path or in the host's name`(
    endpoint: String,
    addressing: S3Addressing,
    host: String,
    path: String
  ) throws {
    let head = try head(.head("a"), location(endpoint, addressing))
    #expect(head.uri == path)
    #expect(head.headers["host"] == [host])
  }

  @Test func `requests to the bucket have its path and a query`() throws {
    let list = S3Request.list(prefix: "a b/", delimiter: "/", continuation: "t/+=")
    #expect(
      try head(list, location()).uri
        == "/bucket?continuation-token=t%2F%2B%3D&delimiter=%2F&list-type=2&max-keys=1000&prefix=a%20b%2F"
    )
    #expect(
      try head(.listParts("k", uploadID: "a+b", after: 7), location()).uri
        == "/bucket/k?max-parts=1000&part-number-marker=7&uploadId=a%2Bb"
    )
    #expect(
      try head(.uploadPart("k", uploadID: "i", number: 3, .bytes(ByteBuffer())), location()).uri
        == "/bucket/k?partNumber=3&uploadId=i"
    )
    #expect(try head(.createMultipart("k", S3ObjectHeaders()), location()).uri == "/bucket/k?uploads")
  }

  @Test func `bodies have a length, and are signed unless TLS protects a file`() throws {
    let file = S3Body.file(descriptor: 0, offset: 7, length: 5, sha256: [UInt8](repeating: 0xAB, count: 32))
    let plain = try head(.put("k", file, S3ObjectHeaders(), ifAbsent: false), location())
    #expect(plain.headers["content-length"] == ["5"])
    #expect(plain.headers["x-amz-content-sha256"] == [String(repeating: "ab", count: 32)])
    let encrypted = try head(.put("k", file, S3ObjectHeaders(), ifAbsent: false), location("https://e"))
    #expect(encrypted.headers["x-amz-content-sha256"] == ["UNSIGNED-PAYLOAD"])
    let small = try head(
      .put("k", .bytes(ByteBuffer(string: "Welcome to Amazon S3.")), S3ObjectHeaders(), ifAbsent: false),
      location("https://e")
    )
    #expect(
      small.headers["x-amz-content-sha256"] == ["44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"]
    )
    #expect(try head(.head("k"), location()).headers["content-length"].isEmpty)
    #expect(try head(.createMultipart("k", S3ObjectHeaders()), location()).headers["content-length"] == ["0"])
  }

  @Test func `conditions and ranges are header fields that are signed`() throws {
    let put = try head(.put("k", .bytes(ByteBuffer()), S3ObjectHeaders(), ifAbsent: true), location())
    #expect(put.headers["if-none-match"] == ["*"])
    #expect(put.headers["authorization"].first?.contains("SignedHeaders=host;if-none-match;x-amz") == true)
    let get = try head(.get("k", from: 5, to: 8, ifMatch: "t"), location())
    #expect(get.headers["range"] == ["bytes=5-7"] && get.headers["if-match"] == ["\"t\""])
    #expect(get.headers["authorization"].first?.contains("SignedHeaders=host;if-match;range;x-amz") == true)
    #expect(try head(.get("k", from: 5), location()).headers["range"] == ["bytes=5-"])
    #expect(try head(.get("k", ifMatch: ""), location()).headers["if-match"].isEmpty)
  }

  @Test(arguments: [
    ("plain text", "plain text"), ("", ""), ("100%", "100%25"), (" a  b ", "%20a %20b%20"), ("\u{FC}\n", "%C3%BC%0A"),
    ("a\tb", "a%09b"), (" ", "%20"), ("a  b", "a %20b"),
  ])
  func `metadata may be any text`(text: String, field: String) {
    #expect(S3FieldText.encoded(text) == field)
    #expect(S3FieldText.decoded(field) == text)
    #expect(S3ObjectHeaders(metadata: ["name": text]).fields.first?.value == field)
  }

  @Test func `what others stored as metadata is read unchanged where it is no escape`() {
    #expect(S3FieldText.decoded("100% of it") == "100% of it")
    #expect(S3FieldText.decoded("%FF") == "%FF")
  }

  @Test func `a media type that cannot be sent is left out`() {
    #expect(
      S3ObjectHeaders(contentType: "text/plain; charset=utf-8").fields.first?.value == "text/plain; charset=utf-8"
    )
    for type in ["", "text/\u{FC}", "a\r\nX: b", String(repeating: "a", count: 300)] {
      #expect(S3ObjectHeaders(contentType: type).fields.isEmpty)
    }
  }

  @Test(arguments: [
    ("https://s3.example", true, "s3.example:443"), ("http://127.0.0.1:18080/", false, "127.0.0.1:18080"),
    ("s3.example:9000", true, "s3.example:9000"),
  ])
  func `an end point is a URL without a path`(url: String, isSecure: Bool, address: String) throws {
    let endpoint = try S3Endpoint(url)
    #expect(endpoint.isSecure == isSecure && endpoint.address.text == address)
  }

  @Test(arguments: [
    "", "ftp://s3", "https://s3/bucket", "https://", "http://s3:0", "https://me:secret@s3", "s3://bucket",
  ])
  func `other URLs are rejected, without their passwords in the message`(url: String) {
    do throws(UploadError) {
      _ = try S3Endpoint(url)
      Issue.record("\(url) was accepted")
    } catch {
      #expect(error.code == .badURL && !error.message.contains("secret"))
    }
  }

  @Test func `Amazon's end points have the region in their name`() {
    #expect(S3Endpoint.amazon(region: "eu-west-1").address.text == "s3.eu-west-1.amazonaws.com:443")
    #expect(S3Endpoint.amazon(region: "cn-north-1").address.host == "s3.cn-north-1.amazonaws.com.cn")
  }
}
