import NIOCore
import Testing
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadServer

/// Access control, through the handler.
@Suite struct AccessTests {
  private static let token = "secret-token-1"

  private func gate(
    token: String? = nil,
    origins: [String] = [],
    proxies: [String] = [],
    isLoopback: Bool = false
  ) throws -> AccessGate {
    var rules = AccessRules()
    rules.token = try token.map { try AccessToken($0) }
    rules.allowedOrigins = origins
    rules.trustedProxies = try proxies.map { try AddressRange(parsing: $0) }
    return AccessGate(rules, isLoopback: isLoopback)
  }

  // MARK: Tokens

  @Test(arguments: [
    ("PUT /a", ["Authorization: Bearer secret-token-1"]), ("PUT /a", ["authorization: bearer secret-token-1"]),
    // Any user, the token as the password: "me:secret-token-1".
    ("PUT /a", ["Authorization: Basic bWU6c2VjcmV0LXRva2VuLTE="]), ("PUT /a?token=secret-token-1", []),
    ("POST /stream-upload?name=a&token=secret-token-1", []), ("PUT /a?token=secret%2Dtoken-1", []),
  ])
  func `a request with the token as bearer token, as password or in the query is accepted`(
    line: String,
    fields: [String]
  )
    async throws
  {
    try await withHandler(access: gate(token: Self.token)) { harness in
      try harness.send(request(line, fields, body: "abc"))
      #expect(try harness.statuses() == [201])
      #expect(harness.store.sink?.text == "abc")
      #expect(harness.store.sink?.name == "a")
    }
  }

  @Test(arguments: [
    ("PUT /a", []), ("PUT /a", ["Authorization: Bearer secret-token-2"]), ("PUT /a", ["Authorization: Bearer"]),
    ("PUT /a", ["Authorization: Basic c2VjcmV0LXRva2VuLTE="]), ("PUT /a", ["Authorization: Basic !!"]),
    ("PUT /a", ["Authorization: secret-token-1"]), ("PUT /a?token=", []), ("PUT /a?token=%zz", []),
    ("PUT /a?Token=secret-token-1", []), ("POST /healthz", []), ("PUT /healthz", []),
  ])
  func `a request without the right token gets 401 before its body is read`(line: String, fields: [String]) async throws
  {
    try await withHandler(access: gate(token: Self.token)) { harness in
      try harness.send(request(line, fields + ["Content-Length: 100000000", "Expect: 100-continue"]))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
      #expect(response.contains("\r\nWWW-Authenticate: Bearer realm=\"sluice\"\r\n"))
      let opensDialog = response.contains("\r\nWWW-Authenticate: Basic realm=\"sluice\", charset=\"UTF-8\"\r\n")
      #expect(opensDialog == !fields.contains { $0.hasPrefix("Authorization: Bearer") })
      #expect(response.contains("{\"status\":401,\"msg\":"))
      #expect(!response.contains(Self.token))
      #expect(harness.store.sinks.isEmpty)
      #expect(harness.wire.outputIsClosed)
    }
  }

  @Test func `listings, downloads and metrics require the token, the page and the health check do not`() async throws {
    try await withHandler(access: gate(token: Self.token)) { harness in
      for path in ["/info", "/files/", "/files/a", "/metrics", "/nothing", "/healthz/../files/"] {
        try harness.send(request("GET \(path)"))
        #expect(try harness.statuses() == [401], "\(path)")
      }
      #expect(harness.hummingbird.requests.isEmpty)
      let open = ["GET /healthz", "HEAD /healthz", "GET /healthz?x=y", "GET /", "HEAD /", "GET /?token=wrong-token"]
      for line in open + ["GET /files/?token=\(Self.token)"] {
        try harness.send(request(line))
        #expect(try harness.statuses() == [200], "\(line)")
      }
    }
  }

  @Test(arguments: [
    ("GET /a", "missing"), ("GET /a?token=", "missing"), ("GET /a?token=-", "missing"),
    ("GET /a?token=wrong-token", "wrong"),
  ])
  func `the error message says whether the token is missing or wrong`(line: String, state: String) async throws {
    try await withHandler(access: gate(token: Self.token)) { harness in
      try harness.send(request(line))
      #expect(try harness.received().contains("Access token \(state). Send Authorization: Bearer TOKEN, "))
      let reason = try #require(harness.ledger.drainRejected().first).reason
      #expect(reason.hasPrefix("Access token \(state). "), "the report has the message as well")
    }
  }

  // MARK: Origins

  @Test(arguments: [
    "http://localhost", "https://localhost", "HTTP://LOCALHOST", "http://localhost:80", "https://localhost:443",
  ])
  func `a PUT from a page of the server's own origin is accepted`(origin: String) async throws {
    try await withHandler(access: gate(isLoopback: true)) { harness in
      try harness.send(request("PUT /a", ["Origin: \(origin)"], body: "x"))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 201 "))
      #expect(!response.lowercased().contains("access-control"))
    }
  }

  @Test(arguments: [
    "http://evil.example", "null", "http://localhost:8081", "http://localhost.evil.example", "file://", "https://good",
    "http://good.example", "https://good.example.evil", "https://good.example:444", "",
  ])
  func `a PUT and a preflight request from a page of a foreign origin that is not allowed get 403`(origin: String)
    async throws
  {
    try await withHandler(access: gate(origins: ["https://good.example"], isLoopback: true)) { harness in
      try harness.send(request("PUT /a", ["Origin: \(origin)"], body: "x"))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
      #expect(!response.lowercased().contains("access-control"))
      try harness.send(request("OPTIONS /a", ["Origin: \(origin)", "Access-Control-Request-Method: PUT"]))
      #expect(try harness.statuses() == [403])
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test func `a page of an allowed origin may upload, and may read the responses`() async throws {
    let origin = ["Origin: https://Good.example"]
    try await withHandler(access: gate(token: Self.token, origins: ["https://good.example/"])) { harness in
      try harness.send(
        request(
          "OPTIONS /a",
          origin + ["Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: authorization, x-y"]
        )
      )
      let preflight = try harness.received()
      #expect(
        preflight.hasPrefix("HTTP/1.1 204 No Content\r\n"),
        "a browser sends a preflight request without the token"
      )
      #expect(preflight.contains("\r\nAccess-Control-Allow-Origin: https://Good.example\r\n"))
      #expect(preflight.contains("\r\nAccess-Control-Allow-Headers: authorization, x-y\r\n"))
      #expect(preflight.contains("\r\nAccess-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE, MKCOL\r\n"))
      #expect(preflight.contains("\r\nVary: Origin\r\n"))
      #expect(!preflight.lowercased().contains("\r\ncontent-length"))

      let allowed = "\r\nAccess-Control-Allow-Origin: https://Good.example\r\n"
      try harness.send(request("PUT /a?token=\(Self.token)", origin, body: "x"))
      let stored = try harness.received()
      #expect(stored.hasPrefix("HTTP/1.1 201 ") && stored.contains(allowed))
      try harness.send(request("GET /files/?token=\(Self.token)", origin))
      let listed = try harness.received()
      #expect(listed.hasPrefix("HTTP/1.1 200 ") && listed.contains(allowed))
      try harness.send(request("GET /files/", origin))
      let rejected = try harness.received()
      #expect(rejected.hasPrefix("HTTP/1.1 401 ") && rejected.contains(allowed))
      try harness.send(request("GET /healthz"))
      #expect(try !harness.received().contains("Access-Control"))
    }
  }

  // MARK: Hosts

  @Test(arguments: [
    "localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080", "[::1]", "app.localhost:1",
  ])
  func `a loopback server accepts localhost, a name below it and a loopback address in Host`(host: String) async throws
  {
    try await withHandler(access: gate(isLoopback: true)) { harness in
      try harness.send("GET /a HTTP/1.1\r\nHost: \(host)\r\n\r\n")
      #expect(try harness.statuses() == [200])
    }
  }

  @Test(arguments: [
    "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::2]",
    "0.0.0.0", "localhost@evil.example", "", "[::1]evil.example", "[::1].evil.example:80", "localhost:evil.example",
    "localhost:80:80", "127.0.0.1:80.evil.example", "[::1", "::1",
  ])
  func `a loopback server rejects a foreign or malformed Host, one on other addresses accepts a foreign Host`(
    host: String
  )
    async throws
  {
    try await withHandler(access: gate(isLoopback: true)) { harness in
      try harness.send("PUT /a HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 1\r\n\r\nx")
      let status = try harness.statuses()
      #expect(status == [403] || status == [400])
      #expect(harness.store.sinks.isEmpty)
    }
    try await withHandler(access: gate()) { harness in
      try harness.send("GET /a HTTP/1.1\r\nHost: files.example\r\n\r\n")
      #expect(try harness.statuses() == [200], "a server on other addresses may have any name")
    }
  }

  @Test func `the error message has the host or origin that is not allowed, truncated if it is long`() async throws {
    try await withHandler(access: gate(isLoopback: true)) { harness in
      try harness.send("GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n")
      #expect(try harness.received().contains(#"Host not allowed: \"evil.example\"."#))
      try harness.send(request("GET /a", ["Origin: http://evil.example/" + String(repeating: "x", count: 1000)]))
      let response = try harness.received()
      #expect(response.contains(#"Origin not allowed: \"http://evil.example/x"#))
      #expect(!response.contains(String(repeating: "x", count: 100)), "a long value is truncated")
    }
  }

  // MARK: Proxies

  @Test(arguments: [
    (["X-Forwarded-For: 203.0.113.7"], "203.0.113.7"), (["X-Forwarded-For: 1.1.1.1, 203.0.113.7"], "203.0.113.7"),
    (["X-Forwarded-For: 203.0.113.7, 192.0.2.9"], "203.0.113.7"),
    (["X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 203.0.113.7"], "203.0.113.7"),
    (["X-Forwarded-For: 2001:db8::7"], "2001:db8::7"), (["X-Forwarded-For: 1.1.1.1, evil"], "192.0.2.1:4711"),
    ([], "192.0.2.1:4711"), (["X-Forwarded-For: "], "192.0.2.1:4711"),
  ])
  func `behind a trusted proxy the client is the last X-Forwarded-For address that is no proxy's, else the peer`(
    fields: [String],
    remote: String
  )
    async throws
  {
    try await withHandler(access: gate(proxies: ["192.0.2.0/24"], isLoopback: true)) { harness in
      try harness.send("PUT /a HTTP/1.1\r\nHost: files.example\r\nContent-Length: 1\r\n")
      try harness.send(fields.map { $0 + "\r\n" }.joined() + "\r\nx")
      #expect(harness.store.sink?.meter.remote == remote)
    }
  }

  @Test func `X-Forwarded-For of a peer that is no trusted proxy is ignored`() async throws {
    try await withHandler(access: gate(proxies: ["10.0.0.1"])) { harness in
      try harness.send(request("PUT /a", ["X-Forwarded-For: 203.0.113.7"], body: "x"))
      #expect(harness.store.sink?.meter.remote == "192.0.2.1:4711")
    }
  }

  @Test(arguments: [
    ("https://files.example", ["X-Forwarded-Host: files.example", "X-Forwarded-Proto: https"]),
    ("http://files.example:8443", ["X-Forwarded-Host: files.example:8443"]),
    ("https://files.example", ["X-Forwarded-Host: FILES.example"]),
    ("https://files.example", ["X-Forwarded-Host: evil.example, files.example"]),
    ("https://files.example", ["X-Forwarded-Host: evil.example", "X-Forwarded-Host: files.example"]),
    ("https://files.example", ["X-Forwarded-Host: files.example", "X-Forwarded-Proto: http, https"]),
    ("https://files.example", ["X-Forwarded-Host: files.example", "X-Forwarded-Proto: gopher"]),
    ("http://localhost", []), ("http://localhost", ["X-Forwarded-Proto: http"]),
  ])
  func `behind a trusted proxy a PUT from a page of the server's public origin is accepted`(
    origin: String,
    fields: [String]
  ) async throws {
    try await withHandler(access: gate(proxies: ["192.0.2.0/24"], isLoopback: true)) { harness in
      try harness.send(request("PUT /a", ["Origin: \(origin)"] + fields, body: "x"))
      #expect(try harness.statuses() == [201])
    }
  }

  @Test(arguments: [
    ("https://files.example", ["X-Forwarded-Host: other.example"]),
    ("https://evil.example", ["X-Forwarded-Host: evil.example, files.example"]),
    ("http://localhost", ["X-Forwarded-Host: files.example"]),
    ("http://files.example", ["X-Forwarded-Host: files.example", "X-Forwarded-Proto: https"]),
    ("https://files.example", ["X-Forwarded-Proto: https"]),
  ])
  func `behind a trusted proxy a PUT from a page of another host or scheme gets 403`(origin: String, fields: [String])
    async throws
  {
    try await withHandler(access: gate(proxies: ["192.0.2.0/24"], isLoopback: true)) { harness in
      try harness.send(request("PUT /a", ["Origin: \(origin)"] + fields, body: "x"))
      #expect(try harness.statuses() == [403])
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test(arguments: [("192.0.2.0/24", "files.example"), ("10.0.0.1", "localhost")])
  func `a rejected request is reported with the host that a trusted proxy forwards, else its Host`(
    proxies: String,
    host: String
  ) async throws {
    try await withHandler(access: gate(token: "secret-token", proxies: [proxies])) { harness in
      try harness.send(request("PUT /a", ["X-Forwarded-Host: files.example"], body: "x"))
      #expect(try harness.statuses() == [401])
      #expect(harness.server.ledger.drainRejected().map(\.host) == [host])
    }
  }

  @Test func `X-Forwarded-Host and X-Forwarded-Proto of a peer that is no trusted proxy are ignored`() async throws {
    let fields = ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"]
    try await withHandler(access: gate(proxies: ["10.0.0.1"], isLoopback: true)) { harness in
      try harness.send(request("PUT /a", ["Origin: https://evil.example"] + fields, body: "x"))
      #expect(try harness.statuses() == [403])
      #expect(harness.store.sinks.isEmpty)
    }
    try await withHandler(access: gate(proxies: ["10.0.0.1"], isLoopback: true)) { harness in
      try harness.send(request("PUT /a", ["Origin: http://localhost"] + fields, body: "x"))
      #expect(try harness.statuses() == [201])
    }
  }

  @Test func `behind a trusted proxy the limit on uploads per client applies to each client separately`() async throws {
    var limits = UploadLimits()
    limits.maxUploadsPerClient = 1
    try await withHandler(limits: limits, access: gate(proxies: ["192.0.2.1"])) { harness in
      let place = harness.server.perClient?.begin("203.0.113.7")
      #expect(place != nil)
      try harness.send(request("PUT /a", ["X-Forwarded-For: 203.0.113.7"], body: "x"))
      #expect(try harness.statuses() == [429])
      try harness.send(request("PUT /a", ["X-Forwarded-For: 203.0.113.8"], body: "x"))
      #expect(try harness.statuses() == [201])
      withExtendedLifetime(place) {}
    }
  }
}
