import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Servers that reject an upload, or close the connection in the middle of it.
@Suite(.timeLimit(.minutes(30))) struct RejectionTests {
  private static let large = 64 << 20

  /// Sends a file of zeros to a server that follows `script`.
  private func send(
    size: Int = large,
    mode: UploadMode = .stream,
    configure: (inout UploadClientConfiguration) -> Void = { _ in },
    script: @escaping ScriptedServer.Script
  ) async throws -> UploadMeter {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([], to: "x")
      truncate(path, off_t(size))
      return try await withServer(receiveBuffer: 64 << 10, script: script) { server in
        var uploads = TestUploads()
        configure(&uploads.configuration)
        let meter = try await uploads.send(.file(path), to: server.url, mode: mode)
        #expect(meter.residentBytes == 0)
        #expect(uploads.ledger.activeCount(.outgoing) == 0)
        if let error = meter.error, error.code != .refusedByServer, error.code != .contentMismatch {
          #expect(error.message.contains("127.0.0.1:\(server.port)"))
        }
        return meter
      }
    }
  }

  @Test(arguments: [UploadMode.stream, .multipart, .buffered])
  func `a rejection before 100 Continue keeps the body unsent`(mode: UploadMode) async throws {
    let drained = Mutex(-1)
    let meter = try await send(mode: mode, configure: { $0.continueTimeout = .seconds(30) }) { peer in
      _ = try peer.readHead()
      try peer.respond("413 Payload Too Large", #"{"status":413,"msg":"at most 5 MiB","ok":false}"#)
      peer.finish()
      let count = peer.drain()
      drained.withLock { $0 = count }
    }
    #expect(meter.error?.code == .refusedByServer)
    #expect(meter.error?.message == "HTTP 413: at most 5 MiB")
    #expect(meter.received == 0)
    #expect(drained.withLock { $0 } == 0)
  }

  @Test func `a rejection in the middle of the body stops the body and is reported`() async throws {
    let drained = Mutex(-1)
    let meter = try await send(configure: { $0.continueThreshold = .max }) { peer in
      _ = try peer.readHead()
      _ = try peer.read(1 << 20)
      try peer.respond("507 Insufficient Storage", #"{"msg":"disk full"}"#)
      peer.finish()
      let count = peer.drain()
      drained.withLock { $0 = count }
    }
    #expect(meter.error?.message == "HTTP 507: disk full")
    #expect((0..<Self.large - (2 << 20)).contains(drained.withLock { $0 }))
  }

  /// The response counts, although the reset makes every later call on the socket fail.
  @Test(arguments: 0..<10) func `a rejection in the middle of the body is reported although a reset follows it`(
    round: Int
  ) async throws {
    let meter = try await send(configure: { $0.continueThreshold = .max }) { peer in
      _ = try peer.readHead()
      _ = try peer.read(300_000)
      try peer.respond("413 Payload Too Large", #"{"msg":"no"}"#)
      // With unread bytes, closing sends a reset.
      peer.close()
    }
    #expect(meter.error?.code == .refusedByServer)
    #expect(meter.error?.message == "HTTP 413: no")
  }

  @Test func `a rejection without Content-Length is reported when the connection closes`() async throws {
    let meter = try await send(configure: { $0.continueTimeout = .seconds(30) }) { peer in
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\n\r\n<h1>Out\r\n of order</h1>")
    }
    #expect(meter.error?.message == "HTTP 503: Out of order")
  }

  @Test func `an endless rejection is reported with the beginning of its text`() async throws {
    let meter = try await send { peer in
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 500 Internal Server Error\r\n\r\n")
      // Ends when the client closes the connection.
      while (try? peer.send(String(repeating: "no ", count: 10_000))) != nil {}
    }
    #expect(meter.error?.code == .refusedByServer)
    #expect(meter.error?.message.hasPrefix("HTTP 500: no no no") == true)
  }

  @Test func `a redirect is reported as a rejection with its target, not followed`() async throws {
    let meter = try await send(size: 5) { peer in
      _ = try peer.readBody(of: peer.readHead())
      try peer.respond("302 Found", headers: "Location: http://elsewhere/\r\n")
    }
    #expect(meter.error?.code == .refusedByServer)
    #expect(meter.error?.message.contains("http://elsewhere/") == true)
  }

  @Test func `a success that reports another size than was sent is a mismatch`() async throws {
    let meter = try await send(size: 5) { peer in
      _ = try peer.readBody(of: peer.readHead())
      try peer.stored("x", 4)
    }
    #expect(meter.error?.code == .contentMismatch)
    #expect(meter.stored == 0)
  }

  @Test(arguments: [
    "SSH-2.0-OpenSSH_9.2\r\n", "\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}F", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 two\r\n\r\n",
  ])
  func `bytes that are not HTTP are a malformed response`(response: String) async throws {
    let meter = try await send { peer in
      try peer.send(response)
      peer.drain()
    }
    #expect(meter.error?.code == .badAnswer)
  }

  @Test func `response headers without an end are a malformed response`() async throws {
    let meter = try await send(size: 5) { peer in
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 200 OK\r\n")
      while (try? peer.send("X-More: \(String(repeating: "x", count: 1000))\r\n")) != nil {}
    }
    #expect(meter.error?.code == .badAnswer)
  }

  @Test(arguments: [false, true]) func `a close or a reset in the middle of the body fails as connectionLost`(
    resets: Bool
  ) async throws {
    let meter = try await send(configure: { $0.continueThreshold = .max }) { peer in
      _ = try peer.readHead()
      _ = try peer.read(1 << 20)
      if resets { peer.reset() } else { peer.close() }
    }
    #expect(meter.error?.code == .connectionLost)
    #expect(meter.error?.message.contains("of 64.0 MiB") == true)
  }

  @Test func `a close after the body without a response fails as connectionLost`() async throws {
    let meter = try await send(size: 1000) { peer in _ = try peer.readBody(of: peer.readHead()) }
    #expect(meter.error?.code == .connectionLost)
    #expect(meter.received == 1000)
  }

  @Test func `a success whose response is interrupted fails the upload`() async throws {
    let meter = try await send(size: 1000) { peer in
      _ = try peer.readBody(of: peer.readHead())
      try peer.send("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")
    }
    #expect(meter.error?.code == .connectionLost)
    #expect(meter.error?.message.contains("HTTP 201") == true)
  }

  @Test func `a success before the whole body is a failure when the server accepts no more`() async throws {
    let meter = try await send(configure: { $0.continueThreshold = .max }) { peer in
      _ = try peer.readHead()
      try peer.respond("200 OK", "thanks")
      peer.close()
    }
    #expect(meter.error?.code == .badAnswer)
    #expect(meter.error?.message.contains("HTTP 200") == true)
  }

  @Test func `an upload to a server that never reads the body fails after the idle timeout`() async throws {
    let meter = try await send(configure: {
      $0.continueThreshold = .max
      $0.idleTimeout = .milliseconds(300)
    }) { peer in
      _ = try peer.readHead()
      try peer.waitForHangUp()
    }
    #expect(meter.error?.code == .timedOut)
    #expect(meter.received > 0 && meter.received < UInt64(Self.large))
  }

  @Test func `an upload to a server that never responds fails after the response timeout`() async throws {
    let meter = try await send(
      size: 1000,
      configure: {
        $0.idleTimeout = .milliseconds(100)
        $0.responseTimeout = .milliseconds(500)
      }
    ) { peer in
      _ = try peer.readBody(of: peer.readHead())
      peer.drain()
    }
    #expect(meter.error?.code == .timedOut)
    #expect(meter.error?.message.contains("0.5 s") == true)
    #expect(meter.received == 1000)
  }
}
