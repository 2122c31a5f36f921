import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Small files whose requests repeat the headers of an accepted one: stored together, with one response each.
@Suite struct SmallFileTests {
  @Test func `the files that one read has brought are stored together`() async throws {
    try await withRepeatable { harness in
      try harness.send(put("a", "one") + put("dir/b", "") + put("c", "three"))
      #expect(harness.store.groups == [["a", "dir/b", "c"]])
      #expect(harness.store.sinks.map(\.text) == ["1", "one", "", "three"])
      let response = try harness.received()
      #expect(response.ranges(of: "HTTP/1.1 201 Created\r\n").count == 3)
      let places = ["./files/a", "../files/dir/b", "./files/c"].map {
        response.firstRange(of: "\r\nLocation: \($0)\r\n")
      }
      let starts = places.compactMap { $0?.lowerBound }
      #expect(starts.count == 3 && starts == starts.sorted())
      #expect(harness.ledger.totals(.incoming).finished == 4)
      #expect(harness.ledger.totals(.incoming).finishedBytes == 9)
      #expect(harness.server.budget.use.used == 0)
    }
  }

  @Test func `a stream of requests is served alike wherever it is split`() async throws {
    let stream = Array((put("a", "one") + put("b", "second") + request("GET /x") + put("c", "")).utf8)
    for split in stream.indices {
      try await withRepeatable { harness in
        for part in [stream[..<split], stream[split...]] { try harness.send(String(decoding: part, as: UTF8.self)) }
        #expect(try harness.statuses() == [201, 201, 200, 201], "split at \(split)")
        #expect(harness.store.sinks.map(\.text) == ["1", "one", "second", ""], "split at \(split)")
        #expect(harness.store.published.flatMap { $0 } == ["first", "a", "b", "c"], "split at \(split)")
      }
    }
  }

  @Test func `a stream that arrives byte by byte is served like any other`() async throws {
    try await withRepeatable { harness in
      for byte in (put("a", "one") + put("b", "two")).utf8 { try harness.send(String(decoding: [byte], as: UTF8.self)) }
      #expect(try harness.statuses() == [201, 201])
      #expect(harness.store.sinks.map(\.text) == ["1", "one", "two"])
    }
  }

  @Test func `the failure of one file leaves the others and the connection alone`() async throws {
    try await withRepeatable { harness in
      harness.store.publishFailure = UploadError(.diskFull, "Full.")
      harness.store.failingPaths = ["b"]
      try harness.send(put("a", "1") + put("b", "2") + put("c", "3"))
      #expect(try harness.statuses() == [201, 507, 201])
      try harness.send(put("d", "4"))
      #expect(try harness.statuses() == [201])
      #expect(harness.ledger.totals(.incoming).failed == 1)
      #expect(harness.ledger.totals(.incoming).finished == 4)
    }
  }

  @Test func `requests that follow wait undecoded, and only so many bytes of them are read`() async throws {
    try await withRepeatable { harness in
      harness.store.publishesAtOnce = false
      try harness.send(put("a", "1"))
      #expect(harness.readsOnTurn() > 0)
      try harness.send(put("b", "2") + request("GET /x"))
      #expect(harness.store.groups == [["a"]])
      #expect(harness.hummingbird.requests == [])
      #expect(harness.readsOnTurn() > 0)
      try harness.send(put("c", String(repeating: "x", count: 65_536)))
      #expect(harness.readsOnTurn() == 0)
      harness.store.finishPublishing()
      harness.channel.embeddedEventLoop.run()
      #expect(harness.store.groups == [["a"], ["b"]])
      harness.store.finishPublishing()
      harness.channel.embeddedEventLoop.run()
      #expect(harness.hummingbird.requests == ["GET /x"])
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201, 201, 200, 201])
      #expect(harness.readsOnTurn() > 0)
    }
  }

  /// Fields that the first request has, and bodies that are no file of the fast way: all are served in the usual one.
  @Test(arguments: [
    ["If-None-Match: *"], ["If-Match: \"a\""], ["Want-Repr-Digest: sha-256=1"], ["Trailer: Repr-Digest"],
    ["Accept: text/html"],
  ])
  func `requests with conditions, digests or for a page are not stored together`(fields: [String]) async throws {
    try await withHandler { harness in
      for name in ["a", "b", "c"] { try harness.send(put(name, name, fields)) }
      #expect(try harness.statuses().count == 3)
      #expect(harness.store.groups == [])
    }
  }

  @Test func `a request that waits for 100 Continue gets it`() async throws {
    try await withRepeatable { harness in
      try harness.send(request("PUT /a", ["Expect: 100-continue", "Content-Length: 1"]))
      #expect(try harness.statuses() == [100])
      try harness.send("x")
      #expect(try harness.statuses() == [201])
      #expect(harness.store.groups == [])
    }
  }

  @Test(arguments: [
    ("PUT /uploads/x", 405), ("PUT /metrics", 405), ("PUT /dir/", 400), ("PUT /../x", 400), ("PUT /a%2", 400),
    ("PUT /a?x=y", 201), ("POST /stream-upload?name=a", 201), ("DELETE /a", 404),
  ])
  func `a request to another target is decided about in the usual way`(line: String, status: Int) async throws {
    try await withRepeatable { harness in
      try harness.send(request(line, body: "x") + put("b", "2"))
      #expect(try harness.statuses() == [status, 201])
      #expect(harness.store.sinks.last?.text == "2")
    }
  }

  @Test func `a body of more than 64 KiB is stored in the usual way`() async throws {
    try await withRepeatable { harness in
      try harness.send(put("a", String(repeating: "x", count: 65_536)) + put("b", "2"))
      #expect(harness.store.groups == [["a", "b"]])
      try harness.send(put("c", String(repeating: "x", count: 65_537)) + put("d", "4"))
      #expect(harness.store.groups == [["a", "b"], ["d"]], "the one behind it takes the short way")
      #expect(try harness.statuses() == [201, 201, 201, 201])
    }
  }

  @Test func `sizes and types that are not accepted are rejected`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 3
    limits.types = MediaTypeRules(allowed: [try MediaTypePattern("text/plain")], denied: [])
    try await withRepeatable(limits: limits) { harness in
      try harness.send(put("a", "abc") + put("b", "abcd"))
      #expect(try harness.statuses() == [201, 413])
      #expect(harness.store.published.flatMap { $0 } == ["first", "a"])
    }
    try await withRepeatable(limits: limits) { harness in
      try harness.send(put("a", "abc") + put("b", "P1\n") + put("c", "abc"))
      #expect(try harness.statuses() == [201, 201, 201])
      try harness.send(put("d", "%!P"))
      #expect(try harness.statuses() == [415])
    }
  }

  @Test func `each request needs the token`() async throws {
    var rules = AccessRules()
    rules.token = try AccessToken("correct-horse-battery-staple")
    let fields = ["Authorization: Bearer correct-horse-battery-staple"]
    try await withRepeatable(access: AccessGate(rules), fields: fields) { harness in
      try harness.send(put("a", "1", fields) + put("b", "2") + put("c", "3", ["Authorization: Bearer wrong"]))
      #expect(try harness.statuses().prefix(2) == [201, 401])
      #expect(harness.store.published.flatMap { $0 } == ["first", "a"])
    }
  }

  @Test func `files that arrive together count as one upload in the limits`() async throws {
    var limits = UploadLimits()
    (limits.maxUploads, limits.maxUploadsPerClient) = (1, 1)
    try await withRepeatable(limits: limits) { harness in
      harness.store.publishesAtOnce = false
      try harness.send(put("a", "1") + put("b", "2"))
      let other = try HandlerHarness(beside: harness)
      try other.send(put("c", "3"))
      #expect(try other.statuses() == [503])
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201, 201])
      try harness.send(put("d", "4"))
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201])
      _ = try? other.channel.finish(acceptAlreadyClosed: true)
    }
  }

  @Test func `above the limit on uploads a request is rejected as always`() async throws {
    var limits = UploadLimits()
    limits.maxUploads = 1
    try await withRepeatable(limits: limits) { harness in
      let other = try HandlerHarness(beside: harness)
      harness.store.publishesAtOnce = false
      try other.send(put("busy", "x"))
      try harness.send(put("a", "1"))
      #expect(try harness.statuses() == [503])
      harness.store.finishPublishing()
      _ = try? other.channel.finish(acceptAlreadyClosed: true)
    }
  }

  @Test func `with a rate limit every upload takes the usual way`() async throws {
    var limits = UploadLimits()
    limits.rate = 1_000_000
    try await withRepeatable(limits: limits) { harness in
      try harness.send(put("a", "1"))
      #expect(try harness.statuses() == [201])
      #expect(harness.store.groups == [])
    }
  }

  @Test func `digests that the server computes of every file are computed`() async throws {
    try await withRepeatable(digests: [.sha256]) { harness in
      try harness.send(put("a", "abc"))
      let response = try harness.received()
      #expect(response.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
      #expect(harness.store.groups == [["a"]])
    }
  }

  @Test func `a modification time is set and confirmed, and a declared type noted`() async throws {
    try await withRepeatable { harness in
      try harness.send(put("a", "\u{1}", ["X-OC-Mtime: 1700000000", "Content-Type: image/png"]))
      #expect(try harness.received().contains("\r\nX-OC-Mtime: accepted\r\n"))
      #expect(harness.store.sink?.request?.modified == 1_700_000_000)
      #expect(harness.store.sink?.type == "image/png")
      #expect(harness.store.groups == [["a"]])
    }
  }

  @Test func `a client that closes its sending side gets all responses, then the connection is closed`() async throws {
    try await withRepeatable { harness in
      harness.store.publishesAtOnce = false
      try harness.send(put("a", "1"))
      try harness.send(put("b", "2"))
      harness.sendEnd()
      harness.store.finishPublishing()
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201, 201])
      #expect(!harness.isOpen)
    }
  }

  @Test func `a server that stops finishes the files that have arrived, and then closes`() async throws {
    try await withRepeatable { harness in
      harness.store.publishesAtOnce = false
      try harness.send(put("a", "1") + put("b", "2"))
      harness.quiesce()
      harness.store.finishPublishing()
      let response = try harness.received()
      #expect(response.ranges(of: "HTTP/1.1 201 Created\r\n").count == 2)
      #expect(response.ranges(of: "\r\nConnection: close\r\n").count == 1)
      #expect(harness.wire.outputIsClosed)
    }
  }

  @Test func `a client that disconnects leaves files that are stored and end`() async throws {
    try await withRepeatable { harness in
      harness.store.publishesAtOnce = false
      try harness.send(put("a", "1") + put("b", "2"))
      harness.disconnect()
      harness.store.finishPublishing()
      harness.channel.embeddedEventLoop.run()
      #expect(harness.ledger.totals(.incoming).finished == 3)
      #expect(harness.store.published.flatMap { $0 } == ["first", "a", "b"])
      #expect(harness.server.budget.use.used == 0)
    }
  }

  @Test func `requests behind a rejected one are served`() async throws {
    try await withRepeatable { harness in
      try harness.send(put("a", "1") + request("GET /1") + put("metrics", "x") + put("b", "2") + request("DELETE /"))
      #expect(try harness.statuses() == [201, 200, 405, 201, 405])
    }
  }
}
