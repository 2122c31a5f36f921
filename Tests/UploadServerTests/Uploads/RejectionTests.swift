import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Rejected requests whose client continues to send, and limits of uploads per client.
@Suite struct RejectionTests {
  @Test func `up to 1 MiB of a rejected body is discarded, and the next request is served`() async throws {
    try await withHandler { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 1048576"]))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
      #expect(!response.lowercased().contains("connection: close"))
      for _ in 0..<16 { try harness.send(String(repeating: "x", count: 65_536)) }
      try harness.send(request("GET /next"))
      #expect(try harness.statuses() == [200])
      #expect(!harness.wire.outputIsClosed)
    }
  }

  @Test(arguments: [
    ["Content-Length: 1048577"], ["Transfer-Encoding: chunked"], ["Content-Length: 8", "Connection: close"],
  ])
  func
    `a rejected body that is over 1 MiB, chunked or sent with Connection: close is discarded until the client closes`(
      fields: [String]
    )
    async throws
  {
    try await withHandler { harness in
      try harness.send(request("POST /nowhere", fields))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
      #expect(response.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(!harness.wire.outputIsClosed, "a proxy might close both directions")
      harness.advance(milliseconds: 500)
      #expect(harness.wire.outputIsClosed, "the client may be waiting for the end of the connection")
      #expect(harness.isOpen)
      #expect(harness.readsOnTurn() > 0)
      try harness.send("3\r\nabc\r\n")
      #expect(harness.isOpen)
      harness.sendEnd()
      #expect(!harness.isOpen)
      #expect(try harness.received() == "")
    }
  }

  @Test func `malformed input after a rejection does not reset the connection`() async throws {
    try await withHandler { harness in
      try harness.send(request("POST /nowhere", ["Content-Length: 3", "Connection: close"]))
      #expect(try harness.statuses() == [404])
      try? harness.send("abcNONSENSE\r\n\r\n")
      #expect(harness.isOpen, "closing with bytes unread would reset the connection")
      harness.advance(31)
      #expect(!harness.isOpen)
    }
  }

  @Test(arguments: ["NONSENSE\r\n\r\n", "PUT /a HTTP/1.1\r\nNo colon\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"])
  func `input after malformed input does not reset the connection`(nonsense: String) async throws {
    try await withHandler { harness in
      try? harness.send(nonsense)
      #expect(try harness.statuses() == [400])
      try harness.send("more of it")
      #expect(harness.isOpen, "closing with bytes unread would reset the connection")
      harness.advance(31)
      #expect(!harness.isOpen)
    }
  }

  /// After these requests the decoder decodes nothing more, and would retain all that arrives.
  @Test(arguments: [
    (request("PUT /a", ["Connection: Upgrade", "Upgrade: websocket"], body: "x"), 201),
    (request("PUT /a", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"], body: "x"), 201),
    (request("DELETE /a", ["Connection: upgrade", "Upgrade: x"]), 405),
    ("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 400),
    (request("CONNECT localhost:80"), 400),
  ])
  func `input after the last request is discarded up to 64 MiB, then the connection is closed`(
    text: String,
    status: Int
  ) async throws {
    try await withHandler { harness in
      harness.fillLingering()
      try? harness.send(text)
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 \(status) "))
      #expect(response.lowercased().contains("\r\nconnection: close\r\n"))
      let piece = String(repeating: "x", count: 1 << 20)
      for _ in 0..<64 { try harness.send(piece) }
      #expect(harness.isOpen)
      try? harness.send("x")
      #expect(!harness.isOpen, "discarded bytes have been counted")
    }
  }

  @Test func `an error response to HEAD has no body`() async throws {
    try await withHandler { harness in
      try harness.send(request("HEAD /stream-upload"))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n"))
      #expect(response.hasSuffix("\r\n\r\n"))
      #expect(response.contains("\r\nAllow: POST\r\n"))
      try harness.send(request("GET /x"))
      #expect(try harness.received().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  @Test(arguments: [
    ("GARBAGE\r\n\r\n", 400), ("GET / HTTP/9.9\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
  ])
  func `malformed input gets an error response, the output is closed, and no later request is served`(
    text: String,
    status: Int
  ) async throws {
    try await withHandler { harness in
      try? harness.send(text)
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 \(status) "))
      #expect(response.contains("{\"status\":\(status),\"msg\":\""))
      #expect(response.hasSuffix(",\"ok\":false}\n"))
      #expect(harness.wire.outputIsClosed)
      try? harness.send(request("GET /after"))
      #expect(try harness.received() == "")
      #expect(harness.hummingbird.requests == [])
    }
  }

  @Test func `uploads over the limit per address get 429, and finished ones no longer count`() async throws {
    var limits = UploadLimits()
    limits.maxUploadsPerClient = 2
    try await withHandler(limits: limits) { harness in
      let first = harness.server.perClient?.begin("192.0.2.1")
      #expect(first != nil)
      try harness.send(request("PUT /a", ["Content-Length: 3"]))
      #expect(harness.server.perClient?.begin("192.0.2.1") == nil)
      #expect(harness.server.perClient?.begin("192.0.2.2") != nil)
      try harness.send("abc")
      #expect(try harness.statuses() == [201])
      let second = harness.server.perClient?.begin("192.0.2.1")
      #expect(second != nil, "a finished upload no longer counts")
      try harness.send(request("PUT /b", ["Content-Length: 3"]))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 429 Too Many Requests\r\n"))
      #expect(response.contains("\r\nRetry-After: 5\r\n"))
      try harness.send(
        "abc" + request("POST /file-upload", ["Content-Type: multipart/form-data; boundary=Z"], body: "--Z")
      )
      #expect(try harness.statuses() == [429])
      withExtendedLifetime((first, second)) {}
    }
  }

  @Test func `a failed upload, and one of a closed connection, no longer counts for its client`() async throws {
    var limits = UploadLimits()
    limits.maxUploadsPerClient = 1
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 2000000"]))
      harness.store.sink?.fail(UploadError(.diskFull, "Full."))
      #expect(try harness.statuses() == [507])
      #expect(harness.server.perClient?.clients == 0)
    }
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 9"]) + "abc")
      harness.disconnect()
      #expect(harness.server.perClient?.clients == 0)
    }
  }

  @Test func `a malformed chunk gets 400, and the upload is aborted`() async throws {
    try await withHandler { harness in
      try harness.send(request("POST /stream-upload?name=a", ["Transfer-Encoding: chunked"]) + "3\r\nabc\r\n")
      try? harness.send("ZZ\r\n")
      #expect(try harness.statuses() == [400])
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.wire.outputIsClosed)
    }
  }
}
