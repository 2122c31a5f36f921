import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Requests for files on one connection, with a store in memory and no network.
@Suite struct DownloadHandlerTests {
  @Test func `a path of no file is handed over to Hummingbird, and the requests behind it wait`() async throws {
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /files/none") + request("GET /healthz"))
      #expect(harness.hummingbird.requests == ["GET /files/none"])
      harness.hummingbird.respond()
      #expect(try harness.received().hasSuffix("hummingbird: GET /files/none\n"))
      #expect(harness.hummingbird.requests == ["GET /files/none", "GET /healthz"])
      harness.hummingbird.respond()
      #expect(harness.isOpen)
    }
  }

  @Test func `HEAD of a file gets its headers, and the connection is kept`() async throws {
    try await withHandler { harness in
      harness.store.add("a.txt", Array("0123456789".utf8))
      try harness.send(request("HEAD /files/a.txt", ["Range: bytes=2-4"]))
      let text = try harness.received()
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: \""))
      #expect(text.contains("\r\nContent-Length: 10\r\n") && text.hasSuffix("\r\n\r\n"))
      #expect(!text.contains("Content-Range") && !text.contains("Connection: close"))
      try harness.send(request("HEAD /files/a.txt", ["Connection: close"]))
      #expect(try harness.received().contains("\r\nConnection: close\r\n"))
      #expect(harness.wire.outputIsClosed)
      #expect(harness.hummingbird.requests.isEmpty)
      #expect(harness.ledger.downloads.totals == DownloadTotals(), "no file was sent")
    }
  }

  @Test func `pipelined requests for files get their responses in order`() async throws {
    try await withHandler { harness in
      for name in ["a", "b", "c"] { harness.store.add(name, Array(name.utf8), type: "x/\(name)") }
      try harness.send(["a", "none", "b", "c"].map { request("HEAD /files/\($0)") }.joined())
      let text = try harness.received()
      let marks = ["x/a", "HEAD /files/none", "x/b", "x/c"]
      let places = marks.compactMap { text.firstRange(of: $0)?.lowerBound }
      #expect(places.count == marks.count && places == places.sorted(), "\(text)")
    }
  }

  @Test func `conditions and ranges get 304, 412, 400 and 416, and none of them but 400 is reported`() async throws {
    try await withHandler { harness in
      harness.store.add("a", [1, 2, 3])
      let fields = ["If-None-Match: *", "If-Match: \"x\"", "Range: bytes=3-"]
      for field in fields { try harness.send(request("GET /files/a", [field])) }
      let text = try harness.received()
      #expect(text.contains("HTTP/1.1 304 ") && text.contains("HTTP/1.1 412 ") && text.contains("HTTP/1.1 416 "))
      #expect(text.contains("Content-Range: bytes */3\r\n"))
      #expect(harness.ledger.rejectedCount == 0)
      try harness.send(request("GET /files/a", ["If-Match: x"]))
      #expect(try harness.statuses() == [400])
      #expect(harness.ledger.rejectedCount == 1)
    }
  }

  @Test func `a store that cannot be read gets 503, which is reported`() async throws {
    try await withHandler { harness in
      harness.store.readFailure = UploadError(.directoryUnavailable, "Gone.")
      try harness.send(request("GET /files/a"))
      let text = try harness.received()
      #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("Gone."))
      #expect(harness.ledger.rejectedCount == 1)
      #expect(harness.isOpen)
    }
  }

  @Test func `a server that stops rejects requests for files`() async throws {
    try await withHandler { harness in
      harness.store.add("a", [1])
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /healthz"))
      harness.quiesce()
      try harness.send(request("HEAD /files/a"))
      harness.hummingbird.respond()
      #expect(try !harness.received().contains("Content-Length: 1\r\n"))
    }
  }
}
