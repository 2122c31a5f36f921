import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Requests that two servers could read differently: each is rejected with 400 and ends the connection, so that no
/// request hidden behind it is served (RFC 9112 sections 2.2, 5.1, 6.1, 6.3, 7.1 and 11.2).
@Suite struct SmugglingTests {
  private static let hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"

  /// Fields and a body behind `POST /stream-upload`.
  private static let bodies: [(String, String)] = [
    ("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 3", "0\r\n\r\n"),
    ("Transfer-Encoding: chunked\r\nContent-Length: 0", "0\r\n\r\n"),
    ("Content-Length: 3\r\nContent-Length: 3", "abc"), ("Content-Length: 0\r\nContent-Length: 30", ""),
    ("Content-Length: 3, 3", "abc"), ("Content-Length: 3,5", "abc"), ("Content-Length: 0x3", "abc"),
    ("Content-Length: 3 4", "abc"), ("Content-Length: +3", "abc"), ("Content-Length: -1", ""),
    ("Content-Length: 3.0", "abc"), ("Content-Length: 1e1", "abc"), ("Content-Length:", ""),
    ("Content-Length: 18446744073709551616", "abc"), ("Content-Length: \u{0663}", "abc"),
    ("Content-Length : 3", "abc"), ("Content-Length\t: 3", "abc"), (" Content-Length: 3", "abc"),
    ("Transfer-Encoding : chunked", "0\r\n\r\n"), ("Transfer-Encoding: chunked\r\n , identity", "0\r\n\r\n"),
    ("X: a\r\n b", ""), ("X: a\r\n\tContent-Length: 3", ""), ("X: a\0b", ""), ("X\0: a", ""),
    ("X: a\rContent-Length: 3", ""),
    ("X: a\nContent-Length: 3", "abc"), ("Content-Length: 3\n", "abc"), (": nothing", ""), ("No colon", ""),
    ("Host: localhost\r\nContent-Length: 3", "abc"), ("Host: evil\r\nContent-Length: 3", "abc"),
  ]

  /// Transfer codings that are not just `chunked`.
  private static let codings = [
    "chunked, identity", "identity", "chunked, chunked", "xchunked", "chunked;q=1", "gzip", "\"chunked\"", ",chunked",
    "chunked\r\nTransfer-Encoding: chunked", "identity\r\nTransfer-Encoding: chunked", "",
  ]

  /// Malformed chunks.
  private static let chunks = [
    "0x3\r\nabc\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n", " 3\r\nabc\r\n0\r\n\r\n",
    "3\nabc\n0\n\n", "3\r\nabcd\r\n0\r\n\r\n", "10000000000000000\r\nabc", "\r\n3\r\nabc\r\n0\r\n\r\n",
    "3;\0\r\nabc\r\n0\r\n\r\n", "g\r\n",
  ]

  private func isRejected(_ text: String, _ statuses: [Int] = [400]) async throws {
    try await withHandler { harness in
      try? harness.send(text + Self.hidden)
      let response = try harness.received()
      let status = response.dropFirst(9).prefix(3)
      #expect(statuses.contains(Int(status) ?? 0), "\(text.debugDescription): \(response)")
      #expect(response.ranges(of: "HTTP/1.1 ").count == 1, "one response: \(text.debugDescription): \(response)")
      #expect(response.contains("{\"status\":"))
      #expect(response.lowercased().contains("\r\nconnection: close\r\n"), "\(text.debugDescription)")
      #expect(harness.wire.outputIsClosed)
      #expect(harness.hummingbird.requests.isEmpty, "\(text.debugDescription)")
      #expect(harness.store.published.isEmpty, "\(text.debugDescription)")
    }
  }

  @Test(arguments: bodies)
  func `Conflicting or malformed fields end the connection with 400`(fields: String, body: String) async throws {
    try await isRejected("POST /stream-upload HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\r\n\(body)")
  }

  @Test(arguments: codings)
  func `A transfer coding other than just chunked gets 400 or 501`(coding: String) async throws {
    let head = "POST /stream-upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: \(coding)\r\n\r\n"
    try await isRejected(head + "3\r\nabc\r\n0\r\n\r\n", [400, 501])
  }

  @Test(arguments: chunks) func `Malformed chunks get 400, and the connection ends`(chunks: String) async throws {
    try await isRejected(
      "POST /stream-upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)"
    )
  }

  @Test(arguments: [
    "POST /stream-upload HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.2\r\nHost: localhost\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "get / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "G\0T / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET / http/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\nHost: localhost\n\n",
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "GET a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ])
  func `An invalid request line, an invalid or missing Host, and chunked HTTP/1.0 get 400 and end the connection`(
    text: String
  ) async throws {
    try await isRejected(text)
  }

  @Test(arguments: [
    ("content-length: 3", "abc"), ("CONTENT-LENGTH:3", "abc"), ("Content-Length:  3 ", "abc"),
    ("Content-Length: 003", "abc"), ("Transfer-Encoding: Chunked", "3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"),
    ("transfer-encoding:chunked  ", "003\r\nabc\r\n0\r\n\r\n"), ("Content-Length: 3\r\nHost-Name: x", "abc"),
  ])
  func `Unusual but valid header fields and chunks are accepted`(fields: String, body: String) async throws {
    try await withHandler { harness in
      try harness.send("PUT /a HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\r\n\(body)" + request("GET /next"))
      #expect(try harness.statuses() == [201, 200])
      #expect(harness.store.sink?.text == "abc")
    }
  }

  @Test func `An upload with Content-Range gets 400, and the next request is served`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Range: bytes 0-2/10"], body: "abc") + request("GET /next"))
      #expect(try harness.statuses() == [400, 200])
      #expect(harness.hummingbird.requests == ["GET /next"])
      #expect(harness.store.sinks.isEmpty)
    }
  }
}
