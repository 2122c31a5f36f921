import HTTPExchange
import NIOHTTP1
import NIOCore
import Testing
import UploadTestSupport

@testable import UploadClient

@Suite struct ResponseParserTests {
  /// All events of `chunks`, but those that ask for more.
  private func events(_ chunks: [[UInt8]]) -> (events: [ResponseParser.Event], end: ResponseParser.End) {
    var parser = ResponseParser()
    var events: [ResponseParser.Event] = []
    for chunk in chunks {
      parser.append(ByteBuffer(bytes: chunk))
      var event = parser.next()
      while event != .needsMore {
        events.append(event)
        guard event != .malformed else { return (events, parser.end()) }
        event = parser.next()
      }
    }
    return (events, parser.end())
  }

  private func events(_ text: String) -> [ResponseParser.Event] { events([Array(text.utf8)]).events }

  private func response(
    _ status: Int,
    _ reason: String = "",
    _ body: String = "",
    keeps: Bool = true
  ) -> ResponseParser.Event {
    .response(ExchangeResponse(status: status, reason: reason, body: Array(body.utf8), keepsConnection: keeps))
  }

  @Test func `every split of several responses gives the same events`() {
    let text =
      "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc" + "HTTP/1.1 100 Continue\r\n\r\n"
      + "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"
      + "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nde\r\n1 \r\nf\r\n0\r\nTrailer: x\r\n\r\n"
      + "HTTP/1.1 503\r\nretry-after: 7\r\ncontent-length: 0\r\nConnection: foo, Close\r\n\r\n"
    let busy = ExchangeResponse(status: 503, reason: "Service Unavailable", headers: ["Retry-After": "7"])
    let expected = [
      response(201, "Created", "abc"), .informational(status: 100), response(204, "No Content"),
      response(200, "OK", "def"), .response(busy),
    ]
    for chunks in SplitFeeder.ways(Array(text.utf8)) {
      let (events, end) = events(chunks)
      #expect(events == expected)
      #expect(end == .clean)
    }
  }

  @Test func `a response without a length ends with the connection, which is not kept`() {
    for chunks in SplitFeeder.ways(Array("HTTP/1.1 200 OK\r\n\r\nall of it".utf8)) {
      let (events, end) = events(chunks)
      #expect(events.isEmpty)
      #expect(end == .response(ExchangeResponse(status: 200, reason: "OK", body: Array("all of it".utf8))))
    }
  }

  @Test func `HTTP/1.0 does not keep the connection`() {
    #expect(
      events("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n") == [
        response(200, "OK", keeps: false)
      ]
    )
  }

  @Test func `a response without a body has none, whatever its length field says`() {
    #expect(
      events("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n") == [
        response(204, "No Content"), response(304, "Not Modified"),
      ]
    )
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
    "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nA: \u{0}\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 No\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1234567890123456\r\n",
  ])
  func `what is no response, or has no certain end, is malformed in every split`(text: String) {
    for chunks in SplitFeeder.ways(Array(text.utf8)) {
      #expect(events(chunks).events == [.malformed])
    }
  }

  @Test func `headers over a limit are malformed, also without their end`() {
    let start = "HTTP/1.1 200 OK\r\n"
    #expect(events(start + String(repeating: "a", count: 70_000)) == [.malformed])
    #expect(events(start + "A: " + String(repeating: "a", count: 17_000) + "\r\n\r\n") == [.malformed])
    #expect(events(start + String(repeating: "A: b\r\n", count: 129) + "\r\n") == [.malformed])
    let many = events(start + String(repeating: "A: b\r\n", count: 127) + "Content-Length: 0\r\n\r\n")
    #expect(many == [response(200, "OK")])
    let chunked = start + "Transfer-Encoding: chunked\r\n\r\n"
    #expect(events(chunked + "1;" + String(repeating: "a", count: 5000)) == [.malformed])
    #expect(events(chunked + "0\r\n" + String(repeating: "A: b\r\n", count: 20_000)) == [.malformed])
  }

  @Test func `of a long body the beginning is kept, and the next response is found`() {
    let body = [UInt8](repeating: 0x61, count: 100_000)
    let text =
      Array("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".utf8) + body
      + Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
    let events = events(SplitFeeder.pieces(text, of: 7000)).events
    #expect(events.count == 2)
    guard case .response(let first)? = events.first else { return #expect(Bool(false)) }
    #expect(first.body == Array(body.prefix(ExchangeResponse.bodyLimit)) && first.keepsConnection)
    #expect(events.last == response(204, "No Content"))
  }

  @Test(arguments: ["Content-Length: 99999999", "Transfer-Encoding: chunked", "A: b"])
  func `a body over 1 MiB ends the parsing`(field: String) {
    let chunk = "4000\r\n" + String(repeating: "a", count: 0x4000) + "\r\n"
    let text = "HTTP/1.1 200 OK\r\n\(field)\r\n\r\n" + String(repeating: chunk, count: 100)
    let events = events(SplitFeeder.pieces(Array(text.utf8), of: 60_000)).events
    guard case .endless(let response)? = events.first else { return #expect(Bool(false)) }
    #expect(response.status == 200 && response.body.count == ExchangeResponse.bodyLimit)
    #expect(events.dropFirst().allSatisfy { $0 == .malformed })
  }

  @Test func `the end of the connection at every position of a response interrupts it`() {
    let head = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n"
    let text = Array((head + "hello").utf8)
    for count in 0..<text.count {
      let (events, end) = events([Array(text.prefix(count))])
      #expect(events.isEmpty)
      switch end {
      case .clean: #expect(count == 0)
      case .interrupted(nil): #expect(count > 0 && count < head.utf8.count)
      case .interrupted(let response?): #expect(count >= head.utf8.count && response.status == 201)
      case .response: #expect(Bool(false))
      }
    }
  }
}
