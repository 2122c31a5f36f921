import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Uploads that the server's user cancels.
@Suite struct CancellingTests {
  @Test func `the client of a cancelled upload gets 403, and the rest of its body is discarded`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: 100000000"]) + "begin")
      try cancel(harness)
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
      #expect(response.contains(#"{"status":403,"msg":"The upload was cancelled at the server.","ok":false}"#))
      #expect(!response.contains("Retry-After"))
      #expect(harness.store.sink?.isAborted == true)
      try harness.send("more")
      #expect(harness.store.sink?.text == "begin")
      #expect(harness.ledger.totals(.incoming).cancelled == 1)
      #expect(!harness.wire.outputIsClosed && harness.isOpen)
    }
  }

  @Test func `the client of an upload gets 503 with Retry-After when the program stops`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: 100000000"]) + "begin")
      harness.ledger.cancelAll()
      harness.channel.embeddedEventLoop.run()
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(response.contains("\r\nRetry-After: 5\r\n"))
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.ledger.totals(.incoming).cancelled == 1)
    }
  }

  @Test func `the client of a form gets 503 with Retry-After when the program stops`() async throws {
    try await withHandler { harness in
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 100000"]))
      try harness.send(FormText.file("a", "1") + "--b\r\nContent-Disposition: form-data; filename=c\r\n\r\nsecond")
      harness.ledger.cancelAll()
      harness.channel.embeddedEventLoop.run()
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") && response.contains("\r\nRetry-After: 5\r\n"))
      #expect(harness.store.discarded == ["a"])
      #expect(harness.ledger.totals(.incoming).cancelled == 2)
    }
  }

  @Test func `after a cancelled upload with a short rest the connection serves the next request`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: 10"]) + "begin")
      try cancel(harness)
      #expect(try harness.statuses() == [403])
      try harness.send("other" + request("PUT /b", body: "x"))
      #expect(try harness.statuses() == [201])
      #expect(harness.store.published == [["b"]])
    }
  }

  @Test func `a cancelled upload that waits for 100 Continue gets 403 instead`() async throws {
    try await withHandler { harness in
      harness.store.beginsWithRoom = false
      try harness.send(request("PUT /a", ["Expect: 100-continue", "Content-Length: 10"]))
      try cancel(harness)
      #expect(try harness.statuses() == [403])
      #expect(harness.wire.outputIsClosed)
    }
  }

  @Test func `cancelling one file of a form cancels the others`() async throws {
    try await withHandler { harness in
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 100000"]))
      try harness.send(FormText.file("a", "1") + FormText.file("b", "2"))
      try harness.send("--b\r\nContent-Disposition: form-data; filename=c\r\n\r\nthird")
      #expect(harness.ledger.cancel(try #require(harness.store.sinks.first).meter.id))
      harness.channel.embeddedEventLoop.run()
      #expect(try harness.statuses() == [403])
      #expect(harness.store.discarded == ["a", "b"])
      #expect(harness.ledger.totals(.incoming).cancelled == 3)
    }
  }

  @Test func `an upload can be cancelled while its file is being staged`() async throws {
    try await withHandler { harness in
      harness.store.stagesAtOnce = false
      try harness.send(request("PUT /a", body: "hello"))
      try cancel(harness)
      #expect(try harness.statuses() == [403])
      #expect(harness.store.published.isEmpty)
    }
  }

  @Test func `an upload cannot be cancelled while it is being published`() async throws {
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      harness.store.abortsAtOnce = false
      try harness.send(request("PUT /a", body: "hello"))
      try cancel(harness)
      #expect(try harness.received() == "")
      harness.store.finishPublishing()
      #expect(try harness.statuses() == [201])
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }

  @Test func `a cancelled raw upload gets a response with status 403`() async throws {
    try await RawHarness.with { harness in
      try harness.send("hello")
      #expect(harness.ledger.cancel(try #require(harness.store.sink).meter.id))
      harness.channel.embeddedEventLoop.run()
      #expect(
        try harness.received() == #"{"status":403,"msg":"The upload was cancelled at the server.","ok":false}"# + "\n"
      )
      #expect(harness.store.sink?.isAborted == true)
      try harness.send("more")
      #expect(harness.store.sink?.text == "hello")
      #expect(harness.ledger.totals(.incoming).cancelled == 1)
    }
  }

  @Test func `cancelled uploads leave nothing on the disk`() async throws {
    var configuration = RunningServer.configuration
    configuration.rawPort = 0
    try await RunningServer.with(configuration) { server in
      let rawPort = try #require(server.address.rawPort)
      let (stream, form, raw) = try await (
        WireClient(port: server.port), WireClient(port: server.port), WireClient(port: rawPort)
      )
      let content = [UInt8](repeating: 7, count: 3 << 20)
      try await stream.send(request("PUT /a", ["Content-Length: 100000000"]))
      try await stream.send(content)
      try await form.send(request("POST /file-upload", [FormText.type, "Content-Length: 100000000"]))
      try await form.send(FormText.file("b", "whole") + "--b\r\nContent-Disposition: form-data; filename=c\r\n\r\n")
      try await form.send(content)
      try await raw.send(content)
      try await eventually("all uploads to have arrived in part") {
        server.ledger.active().count { $0.received >= 2 << 20 } == 3
      }
      for meter in server.ledger.active() { meter.cancel() }
      for client in [stream, form, raw] {
        #expect(try await client.responseToEnd().contains(#"{"status":403,"#))
        try await client.close()
      }
      #expect(server.ledger.totals(.incoming).cancelled == 4)
      try await eventually("the disk to be empty") { try server.place.names() == [] && server.budget.use.used == 0 }
    }
  }

  private func cancel(_ harness: HandlerHarness) throws {
    #expect(harness.ledger.cancel(try #require(harness.store.sink).meter.id))
    harness.channel.embeddedEventLoop.run()
  }
}
