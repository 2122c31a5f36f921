import NIOEmbedded
import Testing
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadServer

/// The exchange of a token for a cookie, and what that cookie is good for, through the handler.
@Suite struct SessionTests {
  private static let token = "secret-token-1"
  private static let bearer = "Authorization: Bearer secret-token-1"

  private func gate(proxies: [String] = []) throws -> AccessGate {
    var rules = AccessRules()
    rules.token = try AccessToken(Self.token)
    rules.trustedProxies = try proxies.map { try AddressRange(parsing: $0) }
    return AccessGate(rules)
  }

  /// The field with which a browser returns the cookie of a response.
  private func cookie(_ reply: Reply) throws -> String {
    let field = try #require(reply["Set-Cookie"])
    return "Cookie: \(field.prefix { $0 != ";" })"
  }

  @Test func `the token is exchanged for a cookie that reads files, and nothing else`() async throws {
    try await withHandler(access: gate()) { harness in
      let session = try harness.reply(to: request("POST /session", [Self.bearer, "Content-Length: 0"]))
      #expect(session.statuses == [204])
      #expect(session["Cache-Control"] == "no-store")
      #expect(session["Content-Length"] == nil)
      let cookie = try cookie(session)
      #expect(!cookie.contains(Self.token))
      for line in ["GET /files", "GET /files/", "HEAD /files/a", "GET /files/a/b?format=tar"] {
        try harness.expect(200, from: line, [cookie])
      }
      for line in [
        "GET /info", "GET /metrics", "GET /filesystem", "GET /uploads/x", "OPTIONS /files/a", "GET //files/",
      ] {
        try harness.expect(401, from: line, [cookie])
      }
    }
  }

  @Test(arguments: ["PUT /files/a", "POST /stream-upload", "POST /file-upload", "MKCOL /files/d", "DELETE /files/a"])
  func `a cookie never permits a request that writes`(line: String) async throws {
    try await withHandler(access: gate()) { harness in
      let session = try harness.reply(to: request("POST /session", [Self.bearer]))
      let reply = try harness.reply(to: request(line, [try cookie(session), "Content-Length: 0"]))
      #expect(reply.status == 401)
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test func `without the right token there is no cookie`() async throws {
    try await withHandler(access: gate()) { harness in
      for fields in [[], ["Authorization: Bearer -"], ["Authorization: Bearer wrong-token"]] {
        let reply = try harness.reply(to: request("POST /session", fields))
        #expect(reply.status == 401)
        #expect(reply["Set-Cookie"] == nil)
      }
    }
    try await withHandler { harness in
      let reply = try harness.reply(to: request("POST /session", [Self.bearer]))
      #expect(reply.statuses == [204], "a server that requires no token")
      #expect(reply["Set-Cookie"] == nil)
    }
  }

  @Test func `a request for a session has no body, and pages of other origins may not send it`() async throws {
    try await withHandler(access: gate()) { harness in
      let foreign = try harness.reply(to: request("POST /session", [Self.bearer, "Origin: https://evil.example"]))
      #expect(foreign.status == 403)
      #expect(foreign["Set-Cookie"] == nil)
      let reply = try harness.reply(to: request("POST /session", [Self.bearer], body: "x"))
      #expect(reply.status == 400)
      #expect(reply["Set-Cookie"] == nil)
    }
  }

  @Test func `only POST is allowed for a session`() async throws {
    try await withHandler(access: gate()) { harness in
      for method in ["GET", "HEAD", "DELETE", "MKCOL"] {
        let reply = try harness.reply(to: request("\(method) /session", [Self.bearer]))
        #expect(reply.status == 405, "\(method)")
        #expect(reply["Allow"] == "POST", "\(method)")
        #expect(reply["Set-Cookie"] == nil, "\(method)")
      }
      let put = try harness.reply(to: request("PUT /session", [Self.bearer], body: "x"))
      #expect(put.status == 405, "a file of that name is sent to /files/session")
    }
  }

  @Test func `behind a trusted proxy the cookie is for the public path and scheme`() async throws {
    let fields = [Self.bearer, "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /up"]
    try await withHandler(access: gate(proxies: ["192.0.2.1"])) { harness in
      let reply = try harness.reply(to: request("POST /session", fields))
      #expect(reply["Set-Cookie"]?.hasSuffix("; HttpOnly; SameSite=Strict; Path=/up/files; Secure") == true)
    }
    try await withHandler(access: gate()) { harness in
      let reply = try harness.reply(to: request("POST /session", fields))
      #expect(reply["Set-Cookie"]?.hasSuffix("; HttpOnly; SameSite=Strict; Path=/files") == true, "no trusted proxy")
    }
  }

  @Test func `cookies are no guesses, and a blocked address may read with a right one`() async throws {
    try await withHandler(access: gate()) { harness in
      let session = try harness.reply(to: request("POST /session", [Self.bearer]))
      let right = try cookie(session)
      for number in 0..<20 {
        let reply = try harness.reply(to: request("GET /files/", ["Cookie: sluice=owner.9999999999.\(number)"]))
        #expect(reply.status == 401)
      }
      let other = try HandlerHarness(beside: harness)
      try other.expect(200, from: "GET /files/", [Self.bearer])
      let guesser = try HandlerHarness(beside: harness)
      for number in 0..<10 { try guesser.send(request("GET /info", ["Authorization: Bearer wrong-token-\(number)"])) }
      #expect(try guesser.statuses().allSatisfy { $0 == 401 })
      try guesser.expect(429, from: "GET /files/", [Self.bearer])
      try guesser.expect(200, from: "GET /files/", [right])
      for connection in [other, guesser] { _ = try? connection.channel.finish(acceptAlreadyClosed: true) }
    }
  }

  @Test(arguments: [
    (["Authorization: Bearer wrong-token"], false), (["Authorization: bearer -"], false),
    (["Authorization: Bearer"], false), (["Authorization: Bearer -", "Authorization: Basic !!"], false),
    ([], true), (["Authorization: Basic !!"], true), (["Authorization: bearers x"], true),
  ])
  func `a 401 response to a request with Bearer opens no password dialog`(fields: [String], opens: Bool) async throws {
    try await withHandler(access: gate()) { harness in
      try harness.send(request("GET /info", fields))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 401 "))
      #expect(response.contains("\r\nWWW-Authenticate: Bearer "))
      #expect(response.contains("\r\nWWW-Authenticate: Basic ") == opens)
    }
  }
}
