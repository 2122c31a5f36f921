import NIOCore
import NIOHTTP1
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// `--on-cut keep`: the content of interrupted uploads is kept.
@Suite struct InterruptedUploadTests {
  private var limits: UploadLimits {
    var limits = UploadLimits()
    limits.onCut = .keep
    limits.idleTimeout = .seconds(20)
    return limits
  }

  private func failure(_ harness: HandlerHarness) -> UploadError? {
    guard case .failed(let error) = harness.ledger.drain().ended.first?.ended?.outcome else { return nil }
    return error
  }

  @Test func `with --on-cut keep a body that timed out is kept, and the response says so`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a.bin", ["Content-Length: 10"]) + "abc")
      harness.advance(21)
      #expect(try harness.received() == "", "the content is stored first")
      harness.advance(100)
      harness.store.finishPublishing()
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 408 "))
      #expect(response.contains("is kept as \\\"a.bin.partial\\\""))
      #expect(harness.store.published == [["a.bin.partial"]])
      #expect(harness.store.sink?.isKept == true)
      #expect(failure(harness)?.code == .timedOut)
    }
  }

  @Test func `with --on-cut keep a body that the client ended early, or whose connection was reset, is kept`()
    async throws
  {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 10"]) + "abc")
      harness.sendEnd()
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published == [["a.partial"]])
      #expect(failure(harness)?.code == .incomplete)
    }
    try await withHandler(limits: limits) { harness in
      harness.store.publishesAtOnce = false
      try harness.send(request("PUT /a", ["Transfer-Encoding: chunked"]) + "3\r\nabc\r\n")
      harness.disconnect(IOError(errnoCode: 104, reason: "reset"))
      harness.store.finishPublishing()
      #expect(harness.store.published == [["a.partial"]])
      #expect(failure(harness)?.code == .clientGone)
    }
  }

  @Test func `with --on-cut keep a malformed body, an empty one and an interrupted form are not kept`() async throws {
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Transfer-Encoding: chunked"]) + "3\r\nabc\r\n")
      try? harness.send("ZZ\r\n")
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published.isEmpty)
      #expect(harness.store.sink?.isAborted == true)
    }
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["Content-Length: 10"]))
      harness.sendEnd()
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published.isEmpty)
    }
    try await withHandler(limits: limits) { harness in
      let part = "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\nabc"
      let fields = ["Content-Type: multipart/form-data; boundary=Z", "Content-Length: 1000"]
      try harness.send(request("POST /file-upload", fields) + part)
      harness.sendEnd()
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published.isEmpty)
    }
  }

  @Test func `with --on-cut keep the timeout is still reported when the content cannot be stored`() async throws {
    try await withHandler(limits: limits) { harness in
      harness.store.publishFailure = UploadError(.diskFull, "Full.")
      try harness.send(request("PUT /a", ["Content-Length: 10"]) + "abc")
      harness.advance(21)
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 408 "))
      #expect(!response.contains("kept"))
      #expect(failure(harness)?.code == .timedOut)
    }
  }

  @Test func `with --on-cut keep the content of a raw connection that was reset is kept`() async throws {
    try await RawHarness.with(limits: limits) { harness in
      try harness.send("abc")
      harness.disconnect(IOError(errnoCode: 104, reason: "reset"))
      #expect(harness.store.published.count == 1)
      #expect(harness.store.published.first?.first?.hasSuffix(".txt.partial") == true)
    }
  }
}
