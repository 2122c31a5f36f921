import NIOCore
import Testing
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadServer

/// Rejected requests are reported to the ledger, and no token with them.
@Suite struct RejectionReportTests {
  private static let token = "secret-token-1"
  private let proof = ["Authorization: Bearer secret-token-1"]

  private func gate() throws -> AccessGate {
    var rules = AccessRules()
    rules.token = try AccessToken(Self.token)
    return AccessGate(rules)
  }

  private func report(_ harness: HandlerHarness) -> [String] {
    harness.ledger.drainRejected().map {
      "\($0.client ?? "-") \($0.method ?? "-") \($0.path ?? "-") \($0.status)\($0.count > 1 ? " \($0.count) times" : "")"
    }
  }

  @Test(arguments: [
    ("PUT /a", ["Content-Length: 11"], "PUT /a 413"), ("PUT /a", ["Content-Type: image/png"], "PUT /a 415"),
    ("PUT /a?name=x", ["Content-Encoding: gzip"], "PUT /a 415"), ("DELETE /a", [], "DELETE /a 405"),
    ("POST /nowhere", ["Content-Length: 1"], "POST /nowhere 404"), ("PUT /", ["Content-Length: 1"], "PUT / 400"),
    ("PUT /a", ["Origin: http://evil.example"], "PUT /a 403"),
    ("POST /file-upload", ["Content-Type: multipart/form-data"], "POST /file-upload 400"),
    ("POST /stream-upload", ["Transfer-Encoding: gzip"], "- - 501"), ("GET /a b", [], "- - 400"),
  ])
  func `each rejected request is reported with client and status, and with method and path if it was parsed`(
    line: String,
    fields: [String],
    expected: String
  ) async throws {
    var limits = UploadLimits()
    limits.maxSize = 10
    limits.types = MediaTypeRules(denied: [try MediaTypePattern("image/*")])
    try await withHandler(limits: limits, access: gate()) { harness in
      try? harness.send(request(line, fields + proof))
      #expect(report(harness) == ["192.0.2.1 \(expected)"])
    }
  }

  @Test func `requests to Hummingbird are reported when rejected, but not with 404, 412 or 416`() async throws {
    try await withHandler(access: gate()) { harness in
      try harness.send(request("GET /files/a"))
      #expect(report(harness) == ["192.0.2.1 GET /files/a 401"])
      for (status, isReported) in [(404, false), (412, false), (416, false), (400, true), (500, true)] {
        harness.hummingbird.status = status
        try harness.send(request("GET /files/\(status)", proof))
        #expect(report(harness) == (isReported ? ["192.0.2.1 GET /files/\(status) \(status)"] : []))
      }
    }
  }

  @Test func `the failure of an upload is not reported as a rejected request`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: 10"]) + "abc")
      harness.store.sink?.fail(UploadError(.diskFull, "Full."))
      #expect(try harness.statuses() == [507])
      #expect(report(harness) == [])
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
  }

  @Test func `a form without a file is reported as a rejected request`() async throws {
    try await withHandler { harness in
      let type = "Content-Type: multipart/form-data; boundary=b"
      try harness.send(request("POST /file-upload", [type], body: "--b--\r\n"))
      #expect(try harness.statuses() == [400])
      #expect(report(harness) == ["192.0.2.1 POST /file-upload 400"])
    }
  }

  @Test func `repeated rejected requests are all counted, and none is reported with a token`() async throws {
    try await withHandler(access: gate()) { harness in
      for target in [
        "/a?token=wrong-token-1", "/%3Ftoken=wrong-token-1", "/secret-token-1", "/%73ecret-token-1",
        "http://u:wrong-token-1@h/", "/x?name=%zz&token=secret-token-1",
      ] {
        for _ in 0..<3 {
          try harness.send(
            request(
              "PUT \(target)",
              ["Referer: http://h/?token=secret-token-1", "Authorization: Bearer wrong-token-1"]
            )
          )
        }
      }
      let requests = harness.ledger.drainRejected()
      #expect(harness.ledger.rejectedCount == 18)
      #expect(requests.map(\.count).reduce(0, +) == 18)
      for request in requests {
        let text = "\(request)"
        #expect(!text.contains("secret") && !text.contains("wrong-token"), "\(text)")
      }
    }
  }

  @Test func `a rejected raw connection is reported with client and status`() async throws {
    var limits = UploadLimits()
    limits.maxUploads = 0
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      let request = try #require(harness.ledger.drainRejected().first)
      #expect((request.client, request.method, request.status) == ("2001:db8::1", nil, 503))
    }
  }
}
