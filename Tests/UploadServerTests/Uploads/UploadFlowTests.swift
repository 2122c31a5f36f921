import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Back-pressure, and failures of the store in the middle.
@Suite struct UploadFlowTests {
  private func begin(_ harness: HandlerHarness, _ length: String = "Content-Length: 100") throws {
    try harness.send(request("PUT /a", [length]))
    #expect(try harness.received() == "")
  }

  @Test func `reads stop while the store has no room, and resume at once when it has`() async throws {
    try await withHandler { harness in
      try begin(harness)
      #expect(harness.readsOnTurn() > 0)
      let sink = try #require(harness.store.sink)
      sink.hasRoom = false
      let before = harness.wire.reads
      try harness.send("1234")
      #expect(harness.readsOnTurn() == 0)
      #expect(harness.wire.reads == before)
      #expect(sink.text == "1234", "bytes that arrive nevertheless are not lost")
      sink.hasRoom = true
      #expect(harness.wire.reads > before)
      #expect(harness.readsOnTurn() > 0)
    }
  }

  @Test func `100 Continue is sent as soon as the store has room, not before`() async throws {
    try await withHandler { harness in
      harness.store.beginsWithRoom = false
      try harness.send(request("PUT /a", ["Expect: 100-continue", "Content-Length: 5"]))
      #expect(try harness.received() == "")
      harness.store.sink?.hasRoom = true
      #expect(try harness.received() == "HTTP/1.1 100 Continue\r\n\r\n")
      try harness.send("hello")
      #expect(try harness.received().hasPrefix("HTTP/1.1 201 "))
    }
  }

  @Test func `when the store is full an upload that expects 100 Continue gets 507 instead`() async throws {
    try await withHandler { harness in
      harness.store.beginsWithRoom = false
      try harness.send(request("PUT /a", ["Expect: 100-continue", "Content-Length: 5000000"]))
      harness.store.sink?.fail(UploadError(.diskFull, "Full."))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 507 "))
      #expect(!response.contains("100 Continue"))
    }
  }

  /// A store does so when its threads have been shut down.
  @Test func `a store that fails within the call that begins an upload fails that upload once`() async throws {
    var limits = UploadLimits()
    limits.maxUploadsPerClient = 1
    try await withHandler(limits: limits) { harness in
      harness.store.beginFailure = UploadError(.storageFailed, "No.")
      try harness.send(request("PUT /a", body: "hello"))
      #expect(try harness.statuses() == [500])
      #expect(harness.ledger.totals(.incoming).failed == 1)
      #expect(harness.ledger.drainRejected().isEmpty, "the failure of an upload is no rejected request")
      harness.store.beginFailure = nil
      try harness.send(request("PUT /b", body: "hello"))
      #expect(try harness.statuses() == [201], "the connection serves the next request")
      #expect(harness.store.published == [["b"]])
    }
    try await withHandler { harness in
      harness.store.beginFailure = UploadError(.storageFailed, "No.")
      try harness.send(request("PUT /a", ["Expect: 100-continue", "Content-Length: 5"]))
      #expect(try harness.statuses() == [500], "no 100 Continue is sent")
    }
    try await RawHarness.with { harness in
      harness.store.beginFailure = UploadError(.storageFailed, "No.")
      try harness.send("hello")
      #expect(try harness.received() == #"{"status":500,"msg":"No.","ok":false}"# + "\n")
      #expect(harness.ledger.totals(.incoming).failed == 1)
      #expect(harness.ledger.drainRejected().isEmpty)
    }
  }

  @Test func `when a connection closes before a failure to begin its upload is reported, the upload ends once`()
    async throws
  {
    try await withHandler { harness in
      harness.store.beginFailure = UploadError(.storageFailed, "No.")
      let text = request("PUT /a", ["Content-Length: 5"])
      // Not `send`, which also runs the tasks of the loop.
      try harness.channel.writeInbound(ByteBuffer(string: text))
      #expect(try harness.received() == "")
      harness.disconnect()
      #expect(harness.ledger.totals(.incoming).failed == 1)
      #expect(harness.ledger.drainRejected().isEmpty)
    }
  }

  @Test func `nothing is read while a file is being stored`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      #expect(harness.readsOnTurn() == 0)
      #expect(try #require(harness.ledger.active().first).residentBytes == 0, "the store has its last bytes")
      let before = harness.wire.reads
      harness.store.finishPublishing()
      #expect(harness.wire.reads > before, "the postponed read is made")
    }
  }

  @Test(arguments: [("Content-Length: 100000000", "abc"), ("Transfer-Encoding: chunked", "3\r\nabc\r\n")])
  func `a full disk gives 507 while the client still sends, and the rest is discarded`(length: String, piece: String)
    async throws
  {
    try await withHandler { harness in
      try begin(harness, length)
      try harness.send(piece)
      harness.store.sink?.fail(UploadError(.diskFull, "No space."))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 507 Insufficient Storage\r\n"))
      #expect(response.lowercased().contains("\r\nconnection: close\r\n"))
      #expect(!harness.wire.outputIsClosed && harness.isOpen)
      #expect(harness.readsOnTurn() > 0)
      try harness.send(piece)
      #expect(harness.store.sink?.text == "abc")
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
  }

  @Test func `after a failure near the end of a body the next request is served`() async throws {
    try await withHandler { harness in
      try begin(harness, "Content-Length: 6")
      try harness.send("abc")
      harness.store.sink?.fail(UploadError(.storageFailed, "No."))
      #expect(try harness.statuses() == [500])
      try harness.send("def" + request("GET /x"))
      #expect(try harness.statuses() == [200])
    }
  }

  @Test func `a failure while the file is stored gets a response, and the connection stays open`() async throws {
    try await withHandler { harness in
      harness.store.publishFailure = UploadError(.nameTaken, "Taken.")
      try harness.send(request("PUT /a", body: "x"))
      #expect(try harness.statuses() == [409])
      #expect(!harness.wire.outputIsClosed)
      harness.store.publishFailure = nil
      harness.store.stagesAtOnce = false
      try harness.send(request("PUT /a", body: "x"))
      harness.store.sink?.fail(UploadError(.diskFull, "Full."))
      #expect(try harness.statuses() == [507])
      #expect(harness.readsOnTurn() > 0)
    }
  }

  @Test func `the size limit applies to a body without a length while it arrives`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 5
    try await withHandler(limits: limits) { harness in
      try begin(harness, "Transfer-Encoding: chunked")
      try harness.send("5\r\n12345\r\n")
      #expect(try harness.received() == "")
      try harness.send("1\r\n6\r\n")
      #expect(try harness.statuses() == [413])
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.store.sink?.text == "12345")
    }
    try await withHandler(limits: limits) { harness in
      try begin(harness, "Transfer-Encoding: chunked")
      try harness.send("5\r\n12345\r\n0\r\n\r\n")
      #expect(try harness.statuses() == [201])
      try harness.send(request("PUT /b", body: "123456"))
      #expect(try harness.statuses() == [413])
    }
  }
}
