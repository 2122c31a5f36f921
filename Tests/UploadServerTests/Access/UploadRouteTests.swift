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
    length: BodyLength = .known(10),
    isFlat: Bool = false
  ) -> Result<UploadRoute, UploadError> {
    var request = HTTPRequest(method: method, scheme: "http", authority: "a", path: path)
    request.headerFields = fields
    switch length {
    case .none: break
    case .known(let bytes): request.headerFields[.contentLength] = String(bytes)
    case .chunked: request.headerFields[.transferEncoding] = "chunked"
    }
    var rules = PathRules()
    rules.keepsDirectories = !isFlat
    return Result { () throws(UploadError) in try UploadRoute(IncomingRequest(request), rules) }
  }

  private func name(_ route: Result<UploadRoute, UploadError>) -> String? {
    if case .success(.file(let path, _)) = route { path?.description ?? "(made up)" } else { nil }
  }

  private func wasAltered(_ route: Result<UploadRoute, UploadError>) -> Bool? {
    if case .success(.file(let path, _)) = route { path?.wasAltered } else { nil }
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

  @Test(
    arguments: [
      ("/stream-upload?name=a/b/c.txt&paths=keep", "a/b/c.txt"), ("/stream-upload?paths=keep&name=a%2Fb", "a/b"),
      ("/stream-upload?name=/etc/x&paths=keep", "etc/x"), ("/stream-upload?name=a//b/./c&paths=keep", "a/b/c"),
      ("/stream-upload?name=a/b&paths=drop", "b"), ("/stream-upload?name=a/b", "b"),
      ("/stream-upload?name=..&paths=keep", "(made up)"), ("/stream-upload?name=../x&paths=keep", nil),
      ("/stream-upload?name=a/../../b&paths=keep", nil), ("/stream-upload?name=a/&paths=keep", nil),
    ] as [(String, String?)]
  )
  func `with paths=keep a name in the query keeps its directories, and one that leads out is rejected`(
    path: String,
    expected: String?
  ) {
    let route = route(.post, path)
    #expect(name(route) == expected)
    #expect(rejection(route) == (expected == nil ? .badRequest : nil))
  }

  @Test(arguments: [
    ("/a.txt", "a.txt"), ("/a%20b", "a b"), ("/a+b", "a+b"), ("/x/y/z", "x/y/z"), ("/files/a", "a"),
    ("/files/x/y/z", "x/y/z"), ("/a?name=b", "a"), ("//a", "a"), ("/x//a", "x/a"), ("/./a", "a"), ("/x/%2e/a", "x/a"),
    ("/..%2Fa", "a"), ("/x%5Cy", #"x\y"#), ("/%2e%2e%2fa", "a"), ("/x/y%2Fz", "x/z"), ("/%C3%BC/%E9", #"ü/\xE9"#),
    ("/Files/a", "Files/a"), ("/HEALTHZ", "HEALTHZ"), ("/files/files", "files"), ("/files/metrics/a", "metrics/a"),
    ("/files/.sluice-uploads/a", "_.sluice-uploads/a"), ("/x%00/a", "x/a"),
    ("/healthz%2Fa", "a"), ("/", nil), ("/a/", nil), ("/..", nil), ("/.", nil), ("/%2e", nil), ("/%2F", nil),
    ("/%00", nil), ("/a/..", nil), ("/../a", nil), ("/%2e%2e/a", nil), ("/a/%2E./b", nil), ("/a/../../b", nil),
    ("/files/", nil), ("/files/../a", nil), ("/x/%00/a", nil),
  ])
  func `a PUT keeps the path of its file, and one that leads out or names no file gets 400`(
    path: String,
    expected: String?
  ) {
    let route = route(.put, path)
    #expect(name(route) == expected)
    #expect(rejection(route) == (expected == nil ? .badRequest : nil))
  }

  @Test func `a PUT of 5000 levels gets 400`() {
    #expect(rejection(route(.put, "/files/" + String(repeating: "d/", count: 5000) + "f")) == .badRequest)
  }

  @Test(arguments: [
    ("/a", false), ("/files/a/b", false), ("/a/b", false), ("//a", true), ("/a//b", true), ("/a/./b", true),
    ("/x/y%2Fz", true), ("/%1Ba/b", true), ("/files/caf%E9/%20", false),
  ])
  func `a path counts as altered where it differs from the requested one`(path: String, isAltered: Bool) {
    #expect(wasAltered(route(.put, path)) == isAltered)
  }

  @Test(arguments: [
    "/files", "/uploads", "/uploads/a", "/uploads/", "/metrics/a", "/healthz/", "/stream-upload/a/b", "/file-upload",
    "/session",
    "//files/a", "/./metrics", "/stream-upload?name=a",
  ])
  func `a path in the short form that begins with an endpoint gets 405, which names the right one`(path: String) {
    guard case .failure(let error) = route(.put, path) else {
      Issue.record("accepted")
      return
    }
    #expect(error.code == .methodNotAllowed)
    #expect(error.message.contains("/files/"))
  }

  @Test(arguments: [
    ("/x/y/z", "z"), ("/files/a", "a"), ("/files/x/a", "a"), ("/stream-upload/a", "a"), ("/uploads/a", "a"),
    ("/files", "files"), ("/..%2Fa", "a"), ("/x/../a", "a"), ("/a/..", nil), ("/a/", nil),
  ])
  func `where directories are dropped, a PUT names its file by the last component of its path`(
    path: String,
    expected: String?
  ) {
    let route = route(.put, path, isFlat: true)
    #expect(name(route) == expected)
    #expect(rejection(route) == (expected == nil ? .badRequest : nil))
    #expect(name(self.route(.post, "/stream-upload?name=a/b&paths=keep", isFlat: true)) == "b")
  }

  @Test(arguments: [
    ("/files/a/b/", "a/b"), ("/files/a", "a"), ("/a/b/", "a/b"), ("/files/a//b/", "a/b"), ("/files/", ""),
  ])
  func `MKCOL names a directory, with or without a slash at its end`(path: String, expected: String) {
    guard case .success(.directory(let directory)) = route(.mkcol, path, length: .none) else {
      Issue.record("no directory")
      return
    }
    #expect(directory.description == expected)
  }

  @Test func `MKCOL is rejected with a body, at an endpoint, outside the directory and where directories are dropped`()
  {
    #expect(rejection(route(.mkcol, "/files/a/", length: .known(1))) == .unsupportedType)
    #expect(rejection(route(.mkcol, "/files/a/", length: .chunked)) == .unsupportedType)
    #expect(rejection(route(.mkcol, "/uploads/a/", length: .none)) == .methodNotAllowed)
    #expect(rejection(route(.mkcol, "/stream-upload", length: .none)) == .methodNotAllowed)
    #expect(rejection(route(.mkcol, "/files/../a/", length: .none)) == .badRequest)
    #expect(rejection(route(.mkcol, "/files/a/", length: .none, isFlat: true)) == .forbidden)
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
    guard case .success(.form(let boundary, keepsPaths: false)) = route(.post, "/file-upload", fields),
      case .success(.form(_, keepsPaths: true)) = route(.post, "/file-upload?paths=keep", fields),
      case .success(.form(_, keepsPaths: false)) = route(.post, "/file-upload?paths=keep", fields, isFlat: true)
    else {
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

  @Test func `PROPFIND gets 405 with a reason for WebDAV clients, with or without a body`() throws {
    let method = try #require(HTTPRequest.Method("PROPFIND"))
    for length in [BodyLength.none, .known(1)] {
      guard case .failure(let error) = route(method, "/files/", length: length) else {
        Issue.record("accepted")
        return
      }
      #expect(error.code == .methodNotAllowed && error.message.contains("WebDAV"))
    }
  }

  @Test(arguments: ["/stream-upload", "/file-upload", "/healthz", "/metrics", "/stream-upload?name=a"])
  func `PUT cannot store a file under the name of an endpoint`(path: String) {
    #expect(rejection(route(.put, path)) == .methodNotAllowed)
  }

  @Test(arguments: [
    ("/stream-upload", "POST"), ("/file-upload?x=1", "POST"), ("/", "GET, HEAD"), ("/healthz", "GET, HEAD"),
    ("/metrics?x", "GET, HEAD"), ("/a", "GET, HEAD, PUT, MKCOL"), ("/files/a/b", "GET, HEAD, PUT, MKCOL"),
    ("/files/a/", "GET, HEAD, MKCOL"), ("/files/", "GET, HEAD"), ("/files", "GET, HEAD"), ("/uploads/a", "GET, HEAD"),
  ])
  func `the allowed methods of each kind of path`(path: String, methods: String) throws {
    #expect(UploadRoute.methods(at: try RequestTarget(path), PathRules()) == methods)
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
