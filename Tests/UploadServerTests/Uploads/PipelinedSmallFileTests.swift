import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Small files whose client sends many requests at once, so that reads end anywhere within them.
@Suite struct PipelinedSmallFileTests {
  /// A request in two parts, cut within its body.
  private func halves(_ name: String, _ body: String) -> (String, String) {
    let whole = put(name, body)
    return (String(whole.dropLast(2)), String(whole.suffix(2)))
  }

  @Test func `behind others the beginning of a request waits for the rest, wherever the read ends`() async throws {
    let second = Array(put("b", "two").utf8)
    for split in 1..<second.count {
      try await withRepeatable { harness in
        try harness.send(put("a", "one") + String(decoding: second[..<split], as: UTF8.self))
        #expect(try harness.statuses() == [201], "split at \(split)")
        #expect(harness.ledger.totals(.incoming).started == 2, "split at \(split)")
        #expect(harness.readsOnTurn() > 0, "split at \(split)")
        harness.advance(milliseconds: 19)
        try harness.send(String(decoding: second[split...], as: UTF8.self) + put("c", "three"))
        #expect(harness.store.groups == [["a"], ["b", "c"]], "split at \(split)")
        #expect(try harness.statuses() == [201, 201], "split at \(split)")
        harness.advance(milliseconds: 1000)
        #expect(harness.store.sinks.map(\.text) == ["1", "one", "two", "three"], "split at \(split)")
        #expect(harness.isOpen)
      }
    }
  }

  @Test(arguments: [true, false])
  func `a beginning whose rest stays away, or comes in drops, is soon served in the usual way`(inDrops: Bool)
    async throws
  {
    try await withRepeatable { harness in
      let whole = Array(put("b", String(repeating: "x", count: 20)).utf8)
      let (beginning, rest) = (whole.dropLast(15), whole.suffix(15))
      try harness.send(put("a", "one") + String(decoding: beginning, as: UTF8.self))
      for byte in rest.prefix(2) {
        harness.advance(milliseconds: 9)
        if inDrops { try harness.send(String(decoding: [byte], as: UTF8.self)) }
      }
      #expect(harness.ledger.totals(.incoming).started == 2)
      harness.advance(milliseconds: 3)
      #expect(harness.ledger.totals(.incoming).started == 3)
      try harness.send(String(decoding: rest.dropFirst(inDrops ? 2 : 0), as: UTF8.self) + put("c", "three"))
      #expect(try harness.statuses() == [201, 201, 201])
      #expect(harness.store.groups == [["a"], ["c"]], "the next one takes the short way again")
    }
  }

  @Test func `headers that were decoded in part are followed by a request that takes the short way`() async throws {
    let second = Array(put("b", "two").utf8)
    let headers = second.count - 3
    for split in 1..<headers {
      try await withRepeatable { harness in
        try harness.send(put("a", "one") + String(decoding: second[..<split], as: UTF8.self))
        harness.advance(milliseconds: 21)
        try harness.send(String(decoding: second[split...], as: UTF8.self) + put("c", "three"))
        #expect(try harness.statuses() == [201, 201, 201], "split at \(split)")
        #expect(harness.store.groups == [["a"], ["c"]], "split at \(split)")
        #expect(harness.store.sinks.map(\.text) == ["1", "one", "two", "three"], "split at \(split)")
      }
    }
  }

  @Test(arguments: [70, 80, 100, 200])
  func `requests sent at once on a new connection are stored together, wherever the first read ends`(count: Int)
    async throws
  {
    try await withHandler { harness in
      let stream = ["first", "a", "b", "c"].map { put($0, String(repeating: "x", count: 20)) }.joined()
      try harness.send(String(stream.prefix(count)))
      try harness.send(String(stream.dropFirst(count)))
      #expect(try harness.statuses() == [201, 201, 201, 201])
      #expect(harness.store.groups.flatMap { $0 }.suffix(2) == ["b", "c"])
      #expect(harness.store.published.flatMap { $0 } == ["first", "a", "b", "c"])
    }
  }

  @Test func `requests behind a file that is being stored are not read before it has its response`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(put("first", "1") + put("a", "2") + put("b", "3"))
      #expect(harness.store.sinks.count == 1)
      #expect(harness.readsOnTurn() == 0)
      harness.finishPublishing()
      #expect(harness.store.groups == [["a", "b"]])
      harness.finishPublishing()
      #expect(try harness.statuses() == [201, 201, 201])
    }
  }

  @Test func `the time limit of headers begins with their first byte, although that waits`() async throws {
    try await withRepeatable { harness in
      try harness.send(put("a", "one") + "PUT /b HTTP/1.1\r\nHost: ")
      #expect(try harness.statuses() == [201])
      harness.advance(milliseconds: 19_990)
      #expect(try harness.statuses() == [])
      harness.advance(milliseconds: 20)
      #expect(try harness.statuses() == [408])
    }
  }

  @Test func `the beginning of a body times out as always`() async throws {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(10)
    try await withRepeatable(limits: limits) { harness in
      try harness.send(put("a", "one") + halves("b", "two").0)
      #expect(try harness.statuses() == [201])
      harness.advance(milliseconds: 10_010)
      #expect(try harness.statuses() == [])
      harness.advance(milliseconds: 20)
      #expect(try harness.statuses() == [408])
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
  }

  @Test(arguments: ["GET /b HT", "PUT /b HTTP/1.1\r\nHost: o", "PUT /b HTTP/1.1\r\nHost: localhost\r\nExpect: 1"])
  func `the beginning of another request goes to the decoder at once`(beginning: String) async throws {
    try await withRepeatable { harness in
      try harness.send(put("a", "one") + beginning)
      #expect(harness.handler?.machine.restAwaitedUntil == nil)
    }
  }

  @Test func `a request that is cut within its body is reported as failed`() async throws {
    try await withRepeatable { harness in
      try harness.send(put("a", "one") + halves("b", "two").0)
      harness.disconnect()
      #expect(harness.ledger.totals(.incoming).failed == 1)
      #expect(harness.ledger.totals(.incoming).active == 0)
    }
    try await withRepeatable { harness in
      try harness.send(put("a", "one") + halves("b", "two").0)
      harness.sendEnd()
      #expect(harness.ledger.totals(.incoming).failed == 1)
      #expect(try harness.statuses() == [201, 400])
      #expect(!harness.isOpen)
    }
  }

  @Test func `a request that is cut within its headers is none`() async throws {
    for isReset in [true, false] {
      try await withRepeatable { harness in
        try harness.send(put("a", "one") + "PUT /b HTTP/1.1\r\nHo")
        if isReset { harness.disconnect() } else { harness.sendEnd() }
        #expect(try harness.statuses() == [201])
        #expect(harness.ledger.totals(.incoming).failed == 0)
        #expect(isReset ? !harness.isOpen : harness.hummingbird.inputClosedEvents == 1)
      }
    }
  }

  @Test func `a server that stops lets a request finish of which only the beginning has arrived`() async throws {
    try await withRepeatable { harness in
      let (beginning, rest) = halves("b", "two")
      try harness.send(put("a", "one") + beginning)
      harness.quiesce()
      try harness.send(rest)
      let response = try harness.received()
      #expect(response.ranges(of: "HTTP/1.1 201 Created\r\n").count == 2)
      #expect(response.ranges(of: "\r\nConnection: close\r\n").count == 1)
      #expect(harness.wire.outputIsClosed)
    }
  }

  @Test func `a server that stops closes a connection on which headers have begun`() async throws {
    try await withRepeatable { harness in
      try harness.send(put("a", "one") + "PUT /b HTTP/1.1\r\nHo")
      harness.quiesce()
      #expect(harness.hummingbird.quiesceEvents == 1)
    }
  }

  @Test func `a stream that is split at random is served like one that is not`() async throws {
    var random = SplitMix64(seed: 16)
    for round in 0..<300 {
      var (stream, names, bodies) = ("", [String](), [String]())
      for index in 0..<Int.random(in: 2...12, using: &random) {
        let body = String(repeating: "x", count: Int.random(in: 0...40, using: &random))
        let fields = Int.random(in: 0..<8, using: &random) == 0 ? ["X-Other: 1"] : []
        stream += put("f\(index)", body, fields)
        names.append("f\(index)")
        bodies.append(body)
      }
      try await withHandler { harness in
        var rest = Array(stream.utf8)[...]
        while !rest.isEmpty {
          let part = rest.prefix(Int.random(in: 1...120, using: &random))
          rest = rest.dropFirst(part.count)
          try harness.send(String(decoding: part, as: UTF8.self))
          if Bool.random(using: &random) {
            harness.advance(milliseconds: Int64.random(in: 0...30, using: &random))
          }
        }
        #expect(try harness.statuses() == names.map { _ in 201 }, "round \(round)")
        #expect(harness.store.published.flatMap { $0 } == names, "round \(round)")
        #expect(harness.store.sinks.map(\.text) == bodies, "round \(round)")
        #expect(harness.server.budget.use.used == 0)
        #expect(harness.isOpen)
      }
    }
  }
}
