import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

@Suite struct UploadPipeliningTests {
  @Test func `What is pipelined behind an upload waits for its answer`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      let first = request("PUT /a", body: "first") + request("PUT /b", body: "second")
      try harness.send(first + request("GET /c") + request("PUT /d", body: ""))
      #expect(harness.store.sinks.map(\.text) == ["first"])
      #expect(try harness.received() == "")
      #expect(harness.readsOnTurn() == 0)
      harness.store.finishPublishing()
      #expect(harness.store.sinks.map(\.text) == ["first", "second"])
      #expect(harness.library.requests == [])
      harness.store.finishPublishing()
      #expect(harness.library.requests == ["GET /c"])
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201, 201, 200, 201])
      #expect(harness.store.published == [["a"], ["b"], ["d"]])
      #expect(harness.readsOnTurn() > 0)
    }
  }

  @Test func `What is pipelined behind a request of the library's waits for its answer`() async throws {
    try await withHandler { harness in
      harness.library.answersAtOnce = false
      try harness.send(request("GET /1") + request("PUT /a", body: "x") + request("GET /2") + request("GET /3"))
      #expect(harness.library.requests == ["GET /1"])
      #expect(harness.store.sinks.isEmpty)
      harness.library.answer()
      #expect(harness.store.sinks.map(\.text) == ["x"])
      #expect(harness.library.requests == ["GET /1", "GET /2"])
      harness.library.answer()
      #expect(harness.library.requests == ["GET /1", "GET /2", "GET /3"])
      harness.library.answer()
      #expect(try harness.statuses() == [200, 201, 200, 200])
    }
  }

  @Test func `The rest of a pipelined body comes later`() async throws {
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

  @Test func `Any number of small requests behind an upload is answered one after the other`() async throws {
    // As many as one read of the network may bring; answered from within one another they would need more stack than
    // a thread has.
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

  @Test func `Nobody pipelines without end`() async throws {
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

  @Test func `An answer that ends the connection leaves what is behind it, and reads on`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", ["Connection: close"], body: "x"))
      // Not even a request may follow such a one; this one is a client's mistake.
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
      #expect(harness.readsOnTurn() > 0, "unread bytes would reset the connection under the answer")
    }
  }

  @Test func `A bad request behind the library's is refused in its turn`() async throws {
    try await withHandler { harness in
      harness.library.answersAtOnce = false
      try? harness.send(request("GET /1") + request("GET /2") + "NONSENSE\r\n\r\n")
      let early = try harness.statuses()
      #expect(early == [])
      harness.library.answer()
      harness.library.answer()
      #expect(try harness.statuses() == [200, 200, 400])
      #expect(harness.wire.outputIsClosed)
    }
    try await withHandler { harness in
      harness.library.answersAtOnce = false
      try? harness.send(request("GET /1", ["Connection: close"]) + "NONSENSE\r\n\r\n")
      harness.library.answer()
      let statuses = try harness.statuses()
      #expect(statuses == [200], "nothing may follow the last answer")
    }
  }

  @Test func `A request cut behind the library's leaves that its answer`() async throws {
    try await withHandler { harness in
      harness.library.answersAtOnce = false
      try harness.send(request("GET /1") + "GET /2 HTTP/1.1\r\nHo")
      harness.sendEnd()
      #expect(harness.isOpen)
      harness.library.answer()
      #expect(try harness.statuses() == [200])
      #expect(harness.library.inputClosedEvents == 1)
    }
  }

  @Test(arguments: [
    (request("PUT /a", ["Content-Length: 100"]) + "abc", 400),
    (request("GET /a", ["Content-Length: 100"]) + "abc", 400),
    (request("POST /nowhere", ["Content-Length: 100"]) + "abc", 404),
  ])
  func `A body cut behind the library's request ends the connection`(cut: String, status: Int) async throws {
    try await withHandler { harness in
      harness.library.answersAtOnce = false
      try harness.send(request("GET /1") + cut)
      harness.sendEnd()
      harness.library.answer()
      #expect(try harness.statuses() == [200, status])
      #expect(!harness.isOpen)
      #expect(harness.store.published == [])
    }
  }

  @Test func `A bad request behind an upload does not touch it`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try? harness.send(request("PUT /a", body: "x") + "NONSENSE\r\n\r\n")
      harness.store.finishPublishing()
      let answer = try harness.received()
      #expect(answer.hasPrefix("HTTP/1.1 201 "))
      #expect(answer.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(harness.store.published == [["a"]])
    }
  }
}
