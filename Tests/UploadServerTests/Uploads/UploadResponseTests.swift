import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Responses to uploads, and whether the connection continues after them.
@Suite struct UploadResponseTests {
  @Test func `an upload is stored and gets a response, and the connection stays open`() async throws {
    try await withHandler { harness in
      for round in 1...3 {
        try harness.send(request("POST /stream-upload?name=a\(round).txt", body: "hello"))
        let response = try harness.received()
        #expect(response.hasPrefix("HTTP/1.1 201 Created\r\n"))
        #expect(
          response.hasSuffix(
            #""files":[{"name":"a\#(round).txt","size":5,"type":"text/plain","url":"./files/a\#(round).txt"}]}"# + "\n"
          )
        )
        #expect(!response.lowercased().contains("connection: close"))
        #expect(response.contains("\r\nServer: sluice\r\n") && response.contains(" GMT\r\n"))
      }
      #expect(harness.store.sinks.map(\.text) == ["hello", "hello", "hello"])
      #expect(harness.hummingbird.requests == [])
      #expect(harness.ledger.totals(.incoming).finished == 3)
      #expect(harness.isOpen && !harness.wire.outputIsClosed)
    }
  }

  @Test(arguments: [
    ("PUT /a%20b.txt", "./files/a%20b.txt"), ("PUT /files/a.txt?x=/y/", "../files/a.txt"),
    ("POST /stream-upload?name=%C3%BC%3A", "./files/%C3%BC%3A"), ("PUT /x/y/a.txt", "../../files/x/y/a.txt"),
    ("PUT /files/x/a%20%3F.txt", "../../files/x/a%20%3F.txt"), ("PUT /x/caf%E9", "../files/x/caf%E9"),
  ])
  func `Location and url of the response are relative to the URL of the request`(line: String, url: String) async throws
  {
    try await withHandler { harness in
      try harness.send(request(line, body: "hello"))
      let response = try harness.received()
      #expect(response.contains("\r\nLocation: \(url)\r\n"))
      #expect(response.contains("\"url\":\"\(url)\""))
    }
  }

  @Test func `the response to a form with several files has a URL for each and no Location`() async throws {
    try await withHandler { harness in
      try harness.send(FormText.post(FormText.file("a.txt", "first"), FormText.file("b.txt", "second")))
      let response = try harness.received()
      #expect(response.contains(#""url":"./files/a.txt""#) && response.contains(#""url":"./files/b.txt""#))
      #expect(!response.contains("Location:"))
      try harness.send(FormText.post(FormText.file("c.txt", "only")))
      #expect(try harness.received().contains("\r\nLocation: ./files/c.txt\r\n"))
    }
  }

  @Test func `uploads and requests to Hummingbird alternate on one connection`() async throws {
    try await withHandler { harness in
      try harness.send(request("GET /a"))
      #expect(try harness.received().hasSuffix("hummingbird: GET /a\n"))
      try harness.send(request("PUT /b", body: "x"))
      #expect(try harness.statuses() == [201])
      try harness.send(request("GET /c"))
      #expect(try harness.statuses() == [200])
      #expect(harness.hummingbird.requests == ["GET /a", "GET /c"])
      #expect(harness.hummingbird.bodyBytes == 0)
    }
  }

  @Test func `PUT responds with 201 for a new file and 200 for a replaced one`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", body: "x"))
      harness.store.replaces = true
      try harness.send(request("PUT /a", body: "x"))
      try harness.send(request("POST /stream-upload?name=a", body: "x"))
      #expect(try harness.statuses() == [201, 200, 201])
    }
  }

  @Test func `a stored form gets a page where the client prefers HTML, otherwise JSON`() async throws {
    try await withHandler { harness in
      let form = "--b\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\nx\r\n--b--\r\n"
      let type = "Content-Type: multipart/form-data; boundary=b"
      try harness.send(request("POST /file-upload", [type, "Accept: text/html,*/*"], body: form))
      let page = try harness.received()
      #expect(page.contains("Content-Type: text/html; charset=utf-8") && page.contains("href=\"./files/a\""))
      try harness.send(request("POST /file-upload", [type, "Accept: */*"], body: form))
      #expect(try harness.received().contains("Content-Type: application/json"))
    }
  }

  @Test func `a rejected upload gives a browser a page and other clients JSON, with the same protective header fields`()
    async throws
  {
    var limits = UploadLimits()
    limits.maxSize = 3
    try await withHandler(limits: limits) { harness in
      for (accept, isPage) in [("text/html,*/*;q=0.8", true), ("*/*", false)] {
        try harness.send(request("PUT /d/a?token=t", ["Accept: \(accept)"], body: "1234"))
        let response = try harness.received()
        #expect(response.hasPrefix("HTTP/1.1 413 "))
        #expect(response.contains("X-Content-Type-Options: nosniff\r\n"))
        #expect(response.contains("Referrer-Policy: no-referrer\r\n"))
        #expect(response.contains("Content-Security-Policy: \(PageStyle.policy)\r\n") == isPage)
        #expect(response.contains("text/html") == isPage && response.contains("\"ok\":false") != isPage)
        #expect(response.contains("href=\"../?token=t\"") == isPage)
        let parts = try #require(response.firstRange(of: "\r\n\r\n"))
        #expect(response.contains("Content-Length: \(response[parts.upperBound...].utf8.count)\r\n"))
      }
    }
  }

  @Test func `a browser without the token gets a page that asks for it`() async throws {
    var rules = AccessRules()
    rules.token = try AccessToken("12345678")
    try await withHandler(access: AccessGate(rules)) { harness in
      try harness.send(request("GET /files/", ["Accept: text/html"]))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 401 ") && response.lowercased().contains("www-authenticate: basic"))
      #expect(response.contains("<form method=\"get\" action=\"../\">"))
    }
  }

  @Test func `100 Continue is sent once, and not for a rejected request`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 100
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /stream-upload", ["Expect: 100-Continue", "Content-Length: 5"]))
      #expect(try harness.received() == "HTTP/1.1 100 Continue\r\n\r\n")
      try harness.send("he")
      try harness.send("llo")
      #expect(try harness.statuses() == [201])
    }
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /stream-upload", ["Expect: 100-continue", "Content-Length: 101"]))
      #expect(try harness.statuses() == [413])
      #expect(harness.wire.outputIsClosed, "the client may or may not send its body now")
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test func `an HTTP/1.0 upload gets one response without 100 Continue, and the connection is closed`() async throws {
    try await withHandler { harness in
      try harness.send("PUT /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
      let response = try harness.received()
      #expect(response.contains(" 201 Created\r\n") && !response.contains(" 100 "))
      #expect(harness.wire.outputIsClosed)
      #expect(harness.store.sink?.text == "hi")
    }
  }

  @Test func `over the limit on uploads a request gets 503 with Retry-After`() async throws {
    var limits = UploadLimits()
    limits.maxUploads = 0
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", body: "x"))
      #expect(try harness.received().contains("\r\nRetry-After: 5\r\n"))
      try harness.send(request("POST /file-upload", ["Content-Type: multipart/form-data; boundary=b"], body: "x"))
      #expect(try harness.statuses() == [503])
      #expect(harness.store.sinks.isEmpty)
    }
  }
}
