import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

@Suite struct UploadPipeliningTests {
  @Test func `Requests pipelined behind an upload wait for its response`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      let first = request("PUT /a", body: "first") + request("PUT /b", body: "second")
      try harness.send(first + request("GET /c") + request("PUT /d", body: ""))
      #expect(harness.store.sinks.map(\.text) == ["first"])
      #expect(try harness.received() == "")
      #expect(harness.readsOnTurn() == 0)
      harness.finishPublishing()
      #expect(harness.store.sinks.map(\.text) == ["first", "second"])
      #expect(harness.hummingbird.requests == [])
      harness.finishPublishing()
      #expect(harness.hummingbird.requests == ["GET /c"])
      harness.finishPublishing()
      #expect(try harness.statuses() == [201, 201, 200, 201])
      #expect(harness.store.published == [["a"], ["b"], ["d"]])
      #expect(harness.readsOnTurn() > 0)
    }
  }

  @Test func `Requests pipelined behind one of Hummingbird's wait for its response`() async throws {
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /1") + request("PUT /a", body: "x") + request("GET /2") + request("GET /3"))
      #expect(harness.hummingbird.requests == ["GET /1"])
      #expect(harness.store.sinks.isEmpty)
      harness.hummingbird.respond()
      #expect(harness.store.sinks.map(\.text) == ["x"])
      #expect(harness.hummingbird.requests == ["GET /1", "GET /2"])
      harness.hummingbird.respond()
      #expect(harness.hummingbird.requests == ["GET /1", "GET /2", "GET /3"])
      harness.hummingbird.respond()
      #expect(try harness.statuses() == [200, 201, 200, 200])
    }
  }

  @Test func `An upload that was pipelined in part is stored when the rest of its body arrives`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x") + request("PUT /b", ["Content-Length: 4"]) + "12")
      harness.store.finishPublishing()
      #expect(harness.store.sink?.text == "12")
      #expect(harness.readsOnTurn() > 0)
      try harness.send("34")
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201, 201])
      #expect(harness.store.sink?.text == "1234")
    }
  }

  @Test func `12,000 requests pipelined behind an upload all get responses`() async throws {
    // As many as one read may contain. Served in nested calls they would overflow a thread's stack.
    let count = 12_000
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x") + String(repeating: request("DELETE /"), count: count))
      harness.store.finishPublishing()
      let statuses = try harness.statuses()
      #expect(statuses.count == count + 1)
      #expect(statuses.first == 201 && statuses.dropFirst().allSatisfy { $0 == 405 })
      try harness.send(request("GET /last"))
      #expect(try harness.statuses() == [200])
    }
  }

  @Test func `A client that pipelines 60,000 requests, or more than 8 MiB of bodies, is disconnected`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      try? harness.send(String(repeating: request("DELETE /"), count: 60_000))
      #expect(!harness.isOpen)
    }
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x") + request("PUT /b", ["Content-Length: 100000000"]))
      let piece = String(repeating: "x", count: 1 << 20)
      for _ in 0..<8 { try harness.send(piece) }
      #expect(harness.isOpen)
      try? harness.send("x")
      #expect(!harness.isOpen)
    }
  }

  @Test func `Requests behind the last one that a connection serves are discarded without a response`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", ["Connection: close"], body: "x"))
      // No request may follow one with Connection: close; a faulty client sends it all the same.
      try? harness.send(request("PUT /b", body: "y"))
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201])
      #expect(harness.store.sinks.count == 1)
      #expect(harness.wire.outputIsClosed)
    }
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x") + request("PUT /b", body: "y"))
      harness.quiesce()
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201])
      #expect(harness.store.sinks.count == 1)
      #expect(harness.readsOnTurn() > 0, "unread bytes would reset the connection under the response")
    }
  }

  @Test
  func `Malformed input behind forwarded requests gets 400 last, or nothing after Connection: close`() async throws {
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try? harness.send(request("GET /1") + request("GET /2") + "NONSENSE\r\n\r\n")
      let early = try harness.statuses()
      #expect(early == [])
      harness.hummingbird.respond()
      harness.hummingbird.respond()
      #expect(try harness.statuses() == [200, 200, 400])
      #expect(harness.wire.outputIsClosed)
    }
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try? harness.send(request("GET /1", ["Connection: close"]) + "NONSENSE\r\n\r\n")
      harness.hummingbird.respond()
      let statuses = try harness.statuses()
      #expect(statuses == [200], "nothing may follow the last response")
    }
  }

  @Test func `FIN in incomplete headers does not affect Hummingbird's response to the request before`() async throws {
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /1") + "GET /2 HTTP/1.1\r\nHo")
      harness.sendEnd()
      #expect(harness.isOpen)
      harness.hummingbird.respond()
      #expect(try harness.statuses() == [200])
      #expect(harness.hummingbird.inputClosedEvents == 1)
    }
  }

  @Test(arguments: [
    (request("PUT /a", ["Content-Length: 100"]) + "abc", 400),
    (request("GET /a", ["Content-Length: 100"]) + "abc", 400),
    (request("POST /nowhere", ["Content-Length: 100"]) + "abc", 404),
  ])
  func `A forwarded request, and the one behind it in whose body FIN arrives, both get a response`(
    cut: String,
    status: Int
  ) async throws {
    try await withHandler { harness in
      harness.hummingbird.respondsImmediately = false
      try harness.send(request("GET /1") + cut)
      harness.sendEnd()
      harness.hummingbird.respond()
      #expect(try harness.statuses() == [200, status])
      #expect(!harness.isOpen)
      #expect(harness.store.published == [])
    }
  }

  @Test
  func `Malformed input behind an upload does not affect it, but its response closes the connection`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try? harness.send(request("PUT /a", body: "x") + "NONSENSE\r\n\r\n")
      harness.store.finishPublishing()
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 201 "))
      #expect(response.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(harness.store.published == [["a"]])
    }
  }
}
