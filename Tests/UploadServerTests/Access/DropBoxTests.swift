import HTTPTypes
import NIOCore
import Testing
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadServer

/// A server on which only its owner may read, through the handler.
@Suite struct DropBoxTests {
  private static let visitor = "Authorization: Bearer visitor-token"
  private static let owner = "Authorization: Bearer owner-token-1"
  private static let reads = ["GET /files", "GET /files/", "HEAD /files/a", "GET /files/a", "GET /metrics"]

  private func gate(token: String? = "visitor-token", isLoopback: Bool = false) throws -> AccessGate {
    var rules = AccessRules()
    rules.token = try token.map { try AccessToken($0) }
    rules.isDropBox = true
    rules.ownerToken = try AccessToken("owner-token-1")
    return AccessGate(rules, isLoopback: isLoopback)
  }

  @Test func `a visitor may upload, and neither list nor download`() async throws {
    try await withHandler(access: gate()) { harness in
      for line in Self.reads {
        let reply = try harness.reply(to: request(line, [Self.visitor]))
        #expect(reply.status == 403, "\(line)")
        if line.hasPrefix("GET") { #expect(reply.text.contains("Files are visible to the owner of this server only.")) }
        try harness.expect(401, from: line)
      }
      #expect(harness.hummingbird.requests.isEmpty)
      let stored = try harness.reply(to: request("PUT /a", [Self.visitor], body: "x"))
      #expect(stored.status == 201)
      #expect(stored.text.contains(#""url":"./files/a""#))
      try harness.expect(401, from: "PUT /a", body: "x")
    }
  }

  @Test func `the owner may do everything`() async throws {
    try await withHandler(access: gate()) { harness in
      for line in Self.reads + ["GET /info"] {
        try harness.expect(200, from: line, [Self.owner])
      }
      // Any user, the token as the password: ":owner-token-1".
      let basic = "Authorization: Basic Om93bmVyLXRva2VuLTE="
      try harness.expect(200, from: "GET /files/", [basic])
      try harness.expect(200, from: "GET /files/?token=owner-token-1", [Self.visitor])
      try harness.expect(201, from: "PUT /a", [Self.owner], body: "x")
    }
  }

  @Test(arguments: [
    "/%66iles/", "/%66iles/a", "//files/", "/files%2Fa", "/./files/", "/uploads/../files/", "/uploads/%2e%2e/files/a",
    "/FILES/", "/filesystem", "/%6detrics", "/nothing", "/healthz/../files/", "/info/../files/", "/uploads/a/b",
  ])
  func `no other spelling of a path opens files to a visitor`(path: String) async throws {
    try await withHandler(access: gate()) { harness in
      try harness.expect(403, from: "GET \(path)", [Self.visitor])
      #expect(harness.hummingbird.requests.isEmpty)
    }
  }

  @Test func `what visitors need is open to them`() async throws {
    try await withHandler(access: gate()) { harness in
      for line in ["GET /", "HEAD /", "GET /healthz"] {
        try harness.expect(200, from: line)
      }
      try harness.expect(200, from: "GET /info", [Self.visitor])
      try harness.expect(401, from: "GET /info")
    }
  }

  @Test func `an open drop box accepts uploads without a token, and reads need the owner's`() async throws {
    try await withHandler(access: gate(token: nil, isLoopback: true)) { harness in
      try harness.expect(201, from: "PUT /c", body: "x")
      try harness.expect(200, from: "GET /info")
      for line in Self.reads {
        try harness.expect(401, from: line)
        try harness.expect(200, from: line, [Self.owner])
      }
      // A page may still have the token of an earlier run.
      try harness.expect(201, from: "PUT /b", ["Authorization: Bearer old-token"], body: "x")
    }
  }

  @Test func `a right token beside guesses of the owner's does not keep them from being counted`() async throws {
    let blocked = [Self.visitor, "Authorization: Bearer owner-token-1"]
    try await withHandler(access: gate()) { harness in
      for number in 0..<10 {
        let fields = [Self.visitor, "Authorization: Bearer guess-\(number)000"]
        try harness.expect(403, from: "GET /files/", fields)
      }
      try harness.expect(429, from: "GET /files/", blocked)
      try harness.expect(429, from: "PUT /a", [Self.visitor], body: "x")
    }
    try await withHandler(access: gate()) { harness in
      try harness.expect(201, from: "PUT /a", [Self.visitor], body: "x")
      for number in 0..<10 {
        try harness.send(request("GET /files/", [Self.visitor, "Authorization: Bearer guess-\(number)000"]))
      }
      _ = try harness.received()
      try harness.expect(429, from: "GET /files/", blocked)
      try harness.expect(201, from: "PUT /a", [Self.visitor], body: "x")
    }
  }

  @Test func `an owner whose connection is known is not blocked by wrong tokens from the same address`() async throws {
    try await withHandler(access: gate()) { harness in
      try harness.send(request("GET /files/", [Self.owner]))
      try harness.send(request("PUT /a", [Self.visitor], body: "x"))
      for _ in 0..<10 { try harness.send(request("GET /info", ["Authorization: Bearer wrong-token"])) }
      _ = try harness.received()
      try harness.expect(200, from: "GET /files/", [Self.owner])
    }
  }

  @Test func `in an open drop box a wrong token is a guess that only reads feel`() async throws {
    try await withHandler(access: gate(token: nil)) { harness in
      for number in 0..<10 {
        let reply = try harness.reply(to: request("GET /info", ["Authorization: Bearer guess-\(number)000"]))
        #expect(reply.status == 200)
      }
      try harness.expect(429, from: "GET /files/", [Self.owner])
      try harness.expect(201, from: "PUT /a", [Self.owner], body: "x")
    }
  }

  @Test func `the owner's cookie reads files, a visitor's cookie does not`() async throws {
    try await withHandler(access: gate()) { harness in
      for (token, status) in [(Self.owner, 200), (Self.visitor, 403)] {
        let session = try harness.reply(to: request("POST /session", [token]))
        #expect(session.status == 204)
        let cookie = try #require(session["Set-Cookie"]?.prefix { $0 != ";" })
        try harness.expect(status, from: "GET /files/a", ["Cookie: \(cookie)"])
      }
    }
    try await withHandler(access: gate(token: nil)) { harness in
      let session = try harness.reply(to: request("POST /session"))
      #expect(session.status == 204)
      #expect(session["Set-Cookie"] == nil, "the request has proved nothing")
    }
  }

  @Test func `whether a request may list is known from its credentials`() throws {
    func mayRead(_ gate: AccessGate, _ fields: [String]) throws -> Bool {
      var head = HTTPRequest(method: .get, scheme: nil, authority: "h", path: "/info")
      for field in fields { head.headerFields[values: .authorization].append(field) }
      return gate.mayRead(head, from: try SocketAddress(ipAddress: "127.0.0.1", port: 1))
    }
    let box = try gate()
    #expect(try !mayRead(box, []))
    #expect(try !mayRead(box, ["Bearer visitor-token"]))
    #expect(try mayRead(box, ["Bearer owner-token-1"]))
    #expect(try mayRead(AccessGate(), []), "no drop box")
  }

  @Test func `events and logs hide the owner's token`() throws {
    let box = try gate()
    #expect(box.redactor.path("/a-OWNER-token-1") == "/[redacted]")
    #expect(box.redactor.path("/a-visitor-token") == "/[redacted]")
  }
}
