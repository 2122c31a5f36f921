import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Every error response of the server, from any of its parts: a page with a way back for browsers, JSON for all other clients.
@Suite struct ErrorPagesTests {
  private static let browser = "text/html,application/xhtml+xml,*/*;q=0.8"

  /// Expects the response that a browser can show.
  private func expectPage(_ response: String, _ status: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(response.hasPrefix("HTTP/1.1 \(status) "), "\(response)", sourceLocation: sourceLocation)
    for part in [
      "\r\nContent-Type: text/html; charset=utf-8\r\n", "\r\nContent-Security-Policy: \(PageStyle.policy)\r\n",
      "\r\nReferrer-Policy: no-referrer\r\n", "\r\nX-Content-Type-Options: nosniff\r\n", "<!doctype html>", "<h1>",
      "Status \(status)<", status == 401 ? "<form method=\"get\" action=" : "\">Back to the upload page</a>",
    ] { #expect(response.contains(part), "\(part) in \(response)", sourceLocation: sourceLocation) }
  }

  private func expectJSON(_ response: String, _ status: Int, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(response.hasPrefix("HTTP/1.1 \(status) "), "\(response)", sourceLocation: sourceLocation)
    let isJSON = response.contains("\r\nContent-Type: application/json\r\n") && response.contains("\"ok\":false}\n")
    let isProblem = response.contains("\r\nContent-Type: application/problem+json\r\n")
    #expect(isJSON || isProblem, "\(response)", sourceLocation: sourceLocation)
    #expect(!response.contains("<h1>"), sourceLocation: sourceLocation)
  }

  /// The status, the beginning of a request up to its `Accept` field, and what follows that.
  private typealias Case = (Int, String, [String], String?)

  private static let cases: [Case] = [
    (400, "GET /files/%zz", [], nil), (400, "PUT /%zz", [], "x"), (400, "PUT /..", [], "x"),
    (400, "GET /", ["Content-Length: 1"], "x"), (400, "PUT /a", ["Content-Range: bytes 0-0/2"], "x"),
    (400, "POST /file-upload", ["Content-Type: multipart/form-data"], "x"),
    (400, "POST /file-upload", ["Content-Type: multipart/form-data; boundary=b"], "nothing"),
    (400, "GET /files/?sort=x", [], nil), (400, "GET /files/?format=zip", [], nil),
    (400, "PUT /a", ["Repr-Digest: sha-256=:\(String(repeating: "A", count: 43))=:"], "x"),
    (403, "GET /", ["Origin: http://evil.example"], nil), (403, "GET /files/", ["Origin: null"], nil),
    (404, "GET /nothing", [], nil), (404, "GET /a/b/c", [], nil), (404, "GET /files/none", [], nil),
    (404, "GET /files/none/", [], nil), (404, "GET /files/old/", [], nil), (404, "POST /nothing", [], "x"),
    (404, "GET /uploads/AAAAAAAAAAAAAAAAAAAAAA", [], nil), (404, "GET /uploads/x", [], nil),
    (405, "DELETE /files/x", [], nil), (405, "GET /stream-upload", [], nil), (405, "GET /uploads", [], nil),
    (405, "PROPFIND /", [], nil), (405, "PUT /metrics", [], "x"), (405, "PUT /info", [], "x"),
    (405, "MKCOL /directory", [], nil), (409, "MKCOL /old/x", [], nil), (409, "PUT /files/old/x", [], "x"),
    (412, "PUT /a", ["If-Match: \"x\""], "x"), (412, "GET /files/old", ["If-Match: \"x\""], nil),
    (412, "GET /", ["If-Match: \"x\""], nil), (412, "GET /files/", ["If-Match: \"x\""], nil),
    (412, "PUT /old", ["If-None-Match: *"], "x"),
    (413, "PUT /a", [], String(repeating: "x", count: 2000)),
    (415, "PUT /a", ["Content-Encoding: gzip"], "x"), (415, "PUT /a", ["Content-Type: image/gif"], "x"),
    (415, "MKCOL /a", [], "x"), (416, "GET /files/old", ["Range: bytes=10-"], nil),
  ]

  /// Requests that are not decoded, or break a rule for headers; ACCEPT stands for the `Accept` field.
  private static let malformed: [(Int, String)] = [
    (400, "GET /a/b\r\nACCEPTHost: localhost\r\n\r\n"), (400, "GET /a NONSENSE\r\nHost: localhost\r\nACCEPT\r\n"),
    (400, "GET / HTTP/1.1\r\nACCEPT\r\n"), (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nACCEPT\r\n"),
    (431, "GET /a/b HTTP/1.1\r\nHost: localhost\r\nACCEPTCookie: \(String(repeating: "x", count: 40_000))\r\n\r\n"),
    (400, "GET / HTTP/1.1\r\nHost: localhost\r\nACCEPTNo colon\r\n\r\n"),
    (400, "GET / HTTP/2.0\r\nHost: localhost\r\nACCEPT\r\n"), (400, "CONNECT h:1 HTTP/1.1\r\nHost: h\r\nACCEPT\r\n"),
    (400, "PUT /a HTTP/1.1\r\nHost: localhost\r\nACCEPTContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
    (400, "PUT /a HTTP/1.1\r\nHost: localhost\r\nACCEPTContent-Length: x\r\n\r\nx"),
    (501, "PUT /a HTTP/1.1\r\nHost: localhost\r\nACCEPTTransfer-Encoding: gzip\r\n\r\nx"),
    (400, "PUT /a HTTP/1.1\r\nHost: localhost\r\nACCEPTTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
  ]

  @Test func `every kind of error response is a page for a browser, and JSON for other clients`() async throws {
    var configuration = RunningServer.configuration
    configuration.limits.maxSize = 1000
    configuration.limits.types.denied = [try .init("image/gif")]
    try await RunningServer.with(configuration) { server in
      try server.place.write([1, 2, 3], to: "old")
      try FileTree.makeDirectory(server.place.file("directory"))
      for (status, line, fields, body) in Self.cases {
        for accept in [["Accept: \(Self.browser)"], ["Accept: */*"], []] {
          let text = request(line, ["Connection: close"] + fields + accept, body: body)
          let response = try await WireClient.exchange(text, port: server.port)
          if accept == ["Accept: \(Self.browser)"] {
            expectPage(response, status)
          } else {
            expectJSON(response, status)
          }
        }
      }
      for (status, text) in Self.malformed {
        let forBrowser = text.replacing("ACCEPT", with: "Accept: \(Self.browser)\r\n")
        expectPage(try await WireClient.exchange(forBrowser, port: server.port), status)
        let forOther = text.replacing("ACCEPT", with: "")
        expectJSON(try await WireClient.exchange(forOther, port: server.port), status)
      }
    }
  }

  @Test func `the page for a malformed request leads back to the upload page from where its path is`() async throws {
    try await withHandler { harness in
      try? harness.send("GET /a/b%20c/d NONSENSE\r\nAccept: text/html\r\n\r\n")
      let response = try harness.received()
      #expect(response.contains("<a href=\"../../\">Back to the upload page</a>"), "\(response)")
    }
  }

  @Test func `a malformed request behind one that is being served gets its page, too`() async throws {
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try? harness.send(request("GET /one") + "GET /a NONSENSE\r\nAccept: text/html\r\n\r\n")
      harness.hummingbird.respond()
      let response = try harness.received()
      #expect(response.contains("HTTP/1.1 400 ") && response.contains("<h1>Bad Request</h1>"), "\(response)")
    }
  }

  @Test func `a missing token, and too many wrong ones, are pages for a browser`() async throws {
    var rules = AccessRules()
    rules.token = try AccessToken("12345678")
    try await withHandler(access: AccessGate(rules)) { harness in
      for (line, fields, status) in [
        ("GET /files/", [], 401), ("GET /info", [], 401), ("GET /uploads/x", [], 401),
        ("GET /files/", ["Authorization: Bearer wrong"], 401),
      ] {
        try harness.send(request(line, fields + ["Accept: text/html"]))
        expectPage(try harness.received(), status)
        try harness.send(request(line, fields))
        expectJSON(try harness.received(), status)
      }
      for _ in 0..<10 { try harness.send(request("GET /files/?token=wrong")) }
      _ = try harness.received()
      try harness.send(request("GET /files/", ["Accept: text/html"]))
      expectPage(try harness.received(), 429)
    }
  }

  @Test func `a full server, a full disk, a broken disk and a server that stops respond with pages to a browser`()
    async throws
  {
    var limits = UploadLimits()
    limits.maxUploads = 0
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Accept: text/html"], body: "x"))
      let response = try harness.received()
      expectPage(response, 503)
      #expect(response.contains("\r\nRetry-After: 5\r\n"))
    }
    for (code, status) in [(UploadError.Code.diskFull, 507), (.storageFailed, 500), (.directoryUnavailable, 503)] {
      for (accept, isPage) in [("text/html", true), ("*/*", false)] {
        try await withHandler { harness in
          harness.store.beginFailure = UploadError(code, "No.")
          try harness.send(request("PUT /a", ["Accept: \(accept)"], body: "x"))
          let response = try harness.received()
          if isPage { expectPage(response, status) } else { expectJSON(response, status) }
        }
      }
    }
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /one") + request("GET /files/", ["Accept: text/html"]))
      harness.quiesce()
      harness.hummingbird.respond()
      let response = try harness.received()
      #expect(response.contains("HTTP/1.1 503 ") && response.contains("<h1>Service Unavailable</h1>"), "\(response)")
    }
  }

  @Test func `an offset that does not match is a page for a browser, and a problem document for other clients`()
    async throws
  {
    try await withResumable { harness in
      let path = try harness.create(length: 10)
      for (accept, isPage) in [("text/html", true), ("*/*", false)] {
        let fields = append(at: 5, complete: false, ["Accept: \(accept)"])
        try harness.first.send(request("PATCH \(path)", fields, body: "x"))
        let response = try harness.first.received()
        if isPage { expectPage(response, 409) } else { expectJSON(response, 409) }
        #expect(response.contains("\r\nUpload-Offset: 0\r\n"))
      }
    }
  }
}
