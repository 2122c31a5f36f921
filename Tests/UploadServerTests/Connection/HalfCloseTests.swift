import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// The client's FIN, and the loss of its connection, at every point of a request.
@Suite struct HalfCloseTests {
  @Test(arguments: [("Content-Length: 100", "abc"), ("Transfer-Encoding: chunked", "3\r\nabc\r\n")])
  func `FIN in the middle of a body gets 400, and nothing is stored`(length: String, body: String) async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", [length]) + body)
      harness.sendEnd()
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
      #expect(response.contains("ended before it was complete"))
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.store.published.isEmpty)
      #expect(!harness.isOpen)
    }
  }

  @Test func `FIN right behind a complete request does not prevent its response`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      harness.sendEnd()
      #expect(harness.isOpen)
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201])
      #expect(!harness.isOpen)
      #expect(harness.store.published == [["a"]])
    }
  }

  @Test func `FIN between requests is forwarded to Hummingbird, and so is FIN in headers`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", body: "x"))
      #expect(try harness.statuses() == [201])
      harness.sendEnd()
      #expect(harness.hummingbird.inputClosedEvents == 1)
    }
    try await withHandler { harness in
      try harness.send("PUT /a HTTP/1.1\r\nHo")
      harness.sendEnd()
      #expect(try harness.received() == "")
      #expect(harness.hummingbird.inputClosedEvents == 1)
    }
  }

  @Test func `FIN is forwarded to Hummingbird only when all requests before it have responses`() async throws {
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /1") + request("GET /2"))
      harness.sendEnd()
      #expect(harness.hummingbird.inputClosedEvents == 0)
      harness.hummingbird.respond()
      #expect(harness.hummingbird.requests == ["GET /1", "GET /2"])
      #expect(harness.hummingbird.inputClosedEvents == 0)
      harness.hummingbird.respond()
      #expect(harness.hummingbird.inputClosedEvents == 1)
      #expect(try harness.statuses() == [200, 200])
    }
  }

  @Test func `FIN behind two forwarded requests and a rejected one is forwarded after all responses`() async throws {
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /1") + request("DELETE /") + request("GET /2"))
      harness.sendEnd()
      harness.hummingbird.respond()
      #expect(harness.hummingbird.requests == ["GET /1", "GET /2"])
      #expect(harness.hummingbird.inputClosedEvents == 0)
      harness.hummingbird.respond()
      #expect(harness.hummingbird.inputClosedEvents == 1)
      #expect(try harness.statuses() == [200, 405, 200])
    }
  }

  @Test func `Uploads pipelined before FIN are all stored and get responses`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x") + request("PUT /b", body: "y"))
      harness.sendEnd()
      harness.store.finishPublishing()
      #expect(harness.isOpen)
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201, 201])
      #expect(harness.store.published == [["a"], ["b"]])
      #expect(!harness.isOpen)
    }
  }

  @Test func `A connection that breaks or closes in the middle of a body aborts the upload`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: 100"]) + "abc")
      harness.disconnect(IOError(errnoCode: 104, reason: "read"))
      #expect(harness.store.sink?.isAborted == true)
      #expect(!harness.isOpen)
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: 100"]) + "abc")
      harness.disconnect()
      #expect(harness.store.sink?.isAborted == true)
      guard case .failed(let error) = harness.store.sink?.meter.ended?.outcome else {
        Issue.record("not failed")
        return
      }
      #expect([.clientGone, .incomplete].contains(error.code))
    }
  }

  @Test func `An upload is stored although its connection closes after the last byte of the body`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      harness.disconnect()
      harness.store.finishPublishing()
      #expect(harness.store.published == [["a"]])
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }
}
