import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Who may use resumable uploads.
@Suite struct ResumableAccessTests {
  private func gate(token: String? = nil, origins: [String] = []) throws -> AccessGate {
    var rules = AccessRules()
    rules.token = try token.map { try AccessToken($0) }
    rules.allowedOrigins = origins
    return AccessGate(rules)
  }

  @Test func `every request needs the token, and no record contains it`() async throws {
    let token = "Authorization: Bearer secret-token-1"
    let empty = ["Upload-Complete: ?0", "Content-Length: 0"]
    try await withResumable(access: try gate(token: "secret-token-1")) { harness in
      let reply = try harness.first.reply(to: request("PUT /a?x=1&token=secret-token-1", empty))
      #expect(reply.statuses == [201])
      let path = try #require(reply.path)
      let record = try #require(harness.store.record)
      #expect(record.target == "/a?x=1")
      #expect(record.owner?.count == 64)
      #expect(!"\(record)".contains("secret-token-1"))
      for method in ["HEAD", "GET", "DELETE"] {
        #expect(try harness.first.reply(to: request("\(method) " + path)).statuses == [401], "\(method)")
      }
      #expect(try harness.first.reply(to: request("HEAD " + path, [token])).statuses == [204])
    }
  }

  @Test func `an upload of another token does not exist`() async throws {
    try await withResumable(access: try gate(token: "secret-token-1")) { harness in
      var record = UnfinishedRecord(
        protocolName: "draft",
        target: "/a",
        created: 0,
        expires: .max,
        client: "192.0.2.1",
        remote: "192.0.2.1:1"
      )
      record.owner = "0123"
      harness.store.records[record.id] = record
      for method in ["HEAD", "GET", "DELETE"] {
        let text = request("\(method) /uploads/\(record.id)", ["Authorization: Bearer secret-token-1"])
        let result = try harness.first.reply(to: text).statuses
        #expect(result == [404], "\(method)")
      }
      #expect(harness.store.record == record)
    }
  }

  @Test func `pages of an allowed origin may send every request, and read the fields of the responses`() async throws {
    let origin = "Origin: https://app.example"
    try await withResumable(access: try gate(origins: ["https://app.example"])) { harness in
      for path in ["/uploads", "/uploads/x", "/a.txt"] {
        let fields = [origin, "Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: tus-resumable"]
        let preflight = try harness.first.reply(to: request("OPTIONS " + path, fields))
        #expect(preflight.statuses == [204])
        #expect(preflight["Access-Control-Allow-Methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE, MKCOL")
        #expect(preflight["Access-Control-Allow-Headers"] == "tus-resumable")
      }
      let creation = tus([origin, "Upload-Length: 3", "Content-Length: 0"])
      let reply = try harness.first.reply(to: request("POST /uploads", creation))
      #expect(reply.statuses == [201])
      #expect(reply["Access-Control-Allow-Origin"] == "https://app.example")
      let exposed = try #require(reply["Access-Control-Expose-Headers"])
      for name in ["Location", "Upload-Offset", "Tus-Resumable", "Upload-Expires", "Repr-Digest"] {
        #expect(exposed.contains(name), "\(name)")
      }
    }
  }

  @Test func `pages of another origin can neither create uploads nor ask for them`() async throws {
    let origin = "Origin: https://evil.example"
    try await withResumable(access: try gate(origins: ["https://app.example"])) { harness in
      let path = try harness.create()
      let fields = [origin, "Access-Control-Request-Method: PATCH"]
      #expect(try harness.first.reply(to: request("OPTIONS /uploads", fields)).statuses == [403])
      for line in ["HEAD " + path, "DELETE " + path, "OPTIONS /uploads"] {
        let reply = try harness.first.reply(to: request(line, tus([origin])))
        #expect(reply.statuses == [403], "\(line)")
        #expect(reply["Access-Control-Allow-Origin"] == nil)
      }
      let creation = tus([origin, "Upload-Length: 3", "Content-Length: 0"])
      #expect(try harness.first.reply(to: request("POST /uploads", creation)).statuses == [403])
    }
  }

  @Test func `a page of an allowed origin may continue an upload, one of another origin may not`() async throws {
    try await withResumable(access: try gate(origins: ["https://app.example"])) { harness in
      let path = try harness.create()
      let evil = append(at: 0, complete: false, ["Origin: https://evil.example"])
      let rejected = try harness.first.reply(to: request("PATCH " + path, evil, body: "abc"))
      #expect(rejected.statuses == [403])
      #expect(rejected["Upload-Offset"] == nil)
      let other = try harness.connect()
      let allowed = append(at: 0, complete: false, ["Origin: https://app.example"])
      let reply = try other.reply(to: request("PATCH " + path, allowed, body: "abc"))
      #expect(reply.statuses == [204])
      #expect(reply["Access-Control-Allow-Origin"] == "https://app.example")
      #expect(harness.store.record?.offset == 3)
    }
  }
}
