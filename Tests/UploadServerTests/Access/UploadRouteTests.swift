import HTTPTypes
import Testing
import UploadCore
import UploadProtocol

@testable import UploadServer

@Suite struct UploadRouteTests {
  private func route(
    _ method: HTTPRequest.Method,
    _ path: String?,
    _ fields: HTTPFields = [:],
    length: BodyLength = .known(10)
  ) -> Result<UploadRoute, UploadError> {
    var request = HTTPRequest(method: method, scheme: "http", authority: "a", path: path)
    request.headerFields = fields
    switch length {
    case .none: break
    case .known(let bytes): request.headerFields[.contentLength] = String(bytes)
    case .chunked: request.headerFields[.transferEncoding] = "chunked"
    }
    return Result { () throws(UploadError) in try UploadRoute(IncomingRequest(request)) }
  }

  private func name(_ route: Result<UploadRoute, UploadError>) -> String? {
    if case .success(.file(let name, _)) = route { name?.description ?? "(made up)" } else { nil }
  }

  private func type(_ route: Result<UploadRoute, UploadError>) -> String? {
    if case .success(.file(_, let type)) = route { type } else { nil }
  }

  private func rejection(_ route: Result<UploadRoute, UploadError>) -> UploadError.Code? {
    if case .failure(let error) = route { error.code } else { nil }
  }

  @Test(arguments: [
    ("/stream-upload?name=a.txt", "a.txt"), ("/stream-upload", "(made up)"), ("/stream-upload?", "(made up)"),
    ("/stream-upload?name=", "(made up)"), ("/stream-upload?name=..", "(made up)"), ("/stream-upload?x=1&name=b", "b"),
    ("/stream-upload?name=a+b%20c%2Bd", "a b c+d"), ("/stream-upload?name=..%2F..%2Fetc%2Fpasswd", "passwd"),
    ("/stream-upload?name=C%3A%5Cx%5Cy.txt", #"C:\x\y.txt"#), ("/stream-upload?name=first&name=second", "first"),
    ("/stream-upload?name=%00%1B%5Ba", "[a"), ("/stream-upload?name=.sluice-1.part", "_.sluice-1.part"),
    ("/stream-upload?name=%FF", #"\xFF"#), ("/stream-upload?Name=a", "(made up)"), ("/stream-upload?name=%3F", "?"),
  ])
  func `a streamed file gets the first name in the query, made safe, or no name if that cannot be used`(
    path: String,
    expected: String
  ) {
    #expect(name(route(.post, path)) == expected)
  }

  @Test func `without a name in the query a streamed file gets the name in Content-Disposition`() {
    let fields: HTTPFields = [.contentDisposition: "attachment; filename=\"x/y.txt\""]
    #expect(name(route(.post, "/stream-upload", fields)) == "y.txt")
    #expect(name(route(.post, "/stream-upload?name=q", fields)) == "q")
    let extended: HTTPFields = [.contentDisposition: "attachment; filename=\"a\"; filename*=UTF-8''%C3%BC.txt"]
    #expect(name(route(.post, "/stream-upload", extended)) == "ü.txt")
    #expect(name(route(.post, "/stream-upload", [.contentDisposition: "inline"])) == "(made up)")
    #expect(name(route(.post, "/stream-upload", [.contentDisposition: ";;;\""])) == "(made up)")
  }

  @Test(arguments: [
    ("/a.txt", "a.txt"), ("/a%20b", "a b"), ("/a+b", "a+b"), ("/x/y/z", "z"), ("/files/a", "a"), ("/a?name=b", "a"),
    ("//a", "a"), ("/..%2Fa", "a"), ("/x%5Cy", #"x\y"#), ("/%2e%2e%2fa", "a"), ("/stream-upload/a", "a"),
    ("/%C3%BC", "ü"),
    ("/stream-upload%2Fa", "a"), ("/healthz/", nil), ("/", nil), ("/a/", nil), ("/..", nil), ("/.", nil), ("/%2e", nil),
    ("/%2F", nil), ("/%00", nil), ("/a/..", nil),
  ])
  func `a PUT names its file by the last component of its path, and gets 400 without one`(
    path: String,
    expected: String?
  ) {
    let route = route(.put, path)
    #expect(name(route) == expected)
    #expect(rejection(route) == (expected == nil ? .badRequest : nil))
  }

  @Test(arguments: ["/stream-upload?name=%", "/stream-upload?name=%G0", "/stream-upload?name=a%2"])
  func `a malformed escape in a name parameter is rejected`(path: String) {
    #expect(rejection(route(.post, path)) == .badRequest)
  }

  @Test(arguments: ["/%", "/a%2", "/%zz"])
  func `a malformed escape in the path of a PUT is rejected`(path: String) {
    #expect(rejection(route(.put, path)) == .badRequest)
  }

  @Test(arguments: ["*", "", "http://host/a", "host:80", "stream-upload"])
  func `a target that is not a path is rejected`(path: String) {
    #expect(rejection(route(.post, path)) == .badRequest)
    #expect(rejection(route(.get, path, length: .none)) == .badRequest)
  }

  @Test func `a request without a path is routed as one for the root`() {
    #expect(name(route(.put, nil)) == nil)
    if case .success(.hummingbird) = route(.get, nil, length: .none) {} else { Issue.record("not Hummingbird's") }
  }

  @Test func `a form needs the content type multipart/form-data with a boundary`() {
    let fields: HTTPFields = [.contentType: "multipart/form-data; boundary=xyz"]
    guard case .success(.form(let boundary)) = route(.post, "/file-upload", fields) else {
      Issue.record("no form")
      return
    }
    #expect(boundary.bytes == Array("xyz".utf8))
    #expect(rejection(route(.post, "/file-upload", [.contentType: "text/plain"])) == .unsupportedType)
    #expect(rejection(route(.post, "/file-upload")) == .unsupportedType)
    #expect(rejection(route(.post, "/file-upload", [.contentType: "multipart/form-data"])) == .malformedForm)
    #expect(
      rejection(route(.post, "/file-upload", [.contentType: "multipart/form-data; boundary="])) == .malformedForm
    )
  }

  @Test(arguments: [HTTPRequest.Method.get, .head])
  func `GET and HEAD go to Hummingbird, but are rejected with a body or to an upload endpoint`(
    method: HTTPRequest.Method
  ) {
    for path in ["/", "/files/", "/files/a", "/healthz", "/metrics", "/nothing", "/%", "/stream-upload/"] {
      let forwarded = route(method, path, length: .none)
      if case .success(.hummingbird) = forwarded {} else { Issue.record("\(path) is not Hummingbird's") }
      #expect(rejection(route(method, path, length: .known(1))) == .badRequest)
      #expect(rejection(route(method, path, length: .chunked)) == .badRequest)
    }
    #expect(rejection(route(method, "/stream-upload", length: .none)) == .methodNotAllowed)
    #expect(rejection(route(method, "/file-upload?x", length: .none)) == .methodNotAllowed)
  }

  @Test(arguments: [HTTPRequest.Method.post, .delete, .patch, .options, .trace, .connect])
  func `outside the upload endpoints a method except GET, HEAD and PUT gets 405 without a body and 404 with one`(
    method: HTTPRequest.Method
  ) {
    #expect(rejection(route(method, "/", length: .none)) == .methodNotAllowed)
    #expect(rejection(route(method, "/files/a", length: .none)) == .methodNotAllowed)
    #expect(rejection(route(method, "/files/a", length: .known(1))) == .notFound)
    #expect(rejection(route(method, "/files/a", length: .chunked)) == .notFound)
    if method != .post {
      #expect(rejection(route(method, "/stream-upload", length: .known(1))) == .methodNotAllowed)
    }
  }

  @Test(arguments: ["/stream-upload", "/file-upload", "/healthz", "/metrics", "/stream-upload?name=a"])
  func `PUT cannot store a file under the name of an endpoint`(path: String) {
    #expect(rejection(route(.put, path)) == .methodNotAllowed)
  }

  @Test(arguments: [
    ("/stream-upload", "POST"), ("/file-upload?x=1", "POST"), ("/", "GET, HEAD"), ("/healthz", "GET, HEAD"),
    ("/metrics?x", "GET, HEAD"), ("/a", "GET, HEAD, PUT"), ("/files/a", "GET, HEAD, PUT"), ("", "GET, HEAD, PUT"),
  ])
  func `the allowed methods of each kind of path`(path: String, methods: String) {
    let request = HTTPRequest(method: .delete, scheme: nil, authority: nil, path: path)
    #expect(UploadRoute.methods(for: IncomingRequest(request)) == methods)
  }

  @Test(arguments: [(HTTPRequest.Method.post, "/stream-upload"), (.post, "/file-upload"), (.put, "/a")])
  func `Content-Range, and content encodings except identity, are rejected`(method: HTTPRequest.Method, path: String) {
    #expect(rejection(route(method, path, [.contentRange: "bytes 0-1/2"])) == .badRequest)
    for coding in ["gzip", "br", "deflate", "identity, gzip"] {
      #expect(rejection(route(method, path, [.contentEncoding: coding])) == .unsupportedType)
    }
    let fields: HTTPFields = [.contentEncoding: "Identity", .contentType: "multipart/form-data; boundary=a"]
    #expect(rejection(route(method, path, fields)) == nil)
  }

  @Test(arguments: [
    ("text/plain", "text/plain"), ("Text/HTML; charset=utf-8", "text/html"), (" image/png ;x", "image/png"),
    ("application/x-www-form-urlencoded", nil), ("nonsense", nil), ("", nil), (";", nil),
    ("a/\u{202E}b", nil), ("text/plain,text/html", nil),
  ])
  func `a declared type loses its parameters; a malformed one and application/x-www-form-urlencoded count as none`(
    field: String,
    expected: String?
  ) {
    #expect(type(route(.put, "/a", [.contentType: field])) == expected)
    #expect(type(route(.post, "/stream-upload", [.contentType: field])) == expected)
  }

  @Test(arguments: [
    (["transfer-encoding": "chunked"], BodyLength.chunked), (["content-length": "5"], .known(5)),
    (["content-length": "0"], .none), ([:], .none), (["content-length": "18446744073709551615"], .known(.max)),
    (["transfer-encoding": "chunked", "content-length": "5"], .chunked),
  ])
  func `the length of a body comes from Transfer-Encoding, otherwise from Content-Length`(
    fields: [String: String],
    expected: BodyLength
  ) throws {
    var request = HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/")
    for (name, value) in fields { request.headerFields[try #require(HTTPField.Name(name))] = value }
    #expect(BodyLength(of: request) == expected)
    #expect(BodyLength.known(7).bytes == 7 && BodyLength.none.bytes == 0 && BodyLength.chunked.bytes == nil)
  }
}
