import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Uploads that are retried, with servers that are down or busy at first.
@Suite struct RetryingTests {
  private func uploads(_ limit: Int = 3, firstPause: Duration = .milliseconds(10)) -> TestUploads {
    var uploads = TestUploads()
    uploads.configuration.retry = RetryPolicy(limit: limit)
    uploads.configuration.retry.firstPause = firstPause
    uploads.configuration.retry.longestPause = max(firstPause, .seconds(30))
    uploads.configuration.retry.patience = max(firstPause, .seconds(300))
    return uploads
  }

  @Test(arguments: [UploadMode.stream, .multipart, .buffered])
  func `an upload is retried until a busy server accepts it`(mode: UploadMode) async throws {
    try await withTemporaryDirectory { directory in
      let bytes = SplitMix64.bytes(200_000)
      try directory.write(bytes, to: "a.bin")
      let requests = Mutex(0)
      try await withServer { peer in
        let number = requests.withLock { count in
          count += 1
          return count
        }
        let request = try peer.readHead()
        let body = try peer.readBody(of: request)
        #expect(body.firstRange(of: bytes) != nil)
        if number < 3 { return try peer.respond("503 Service Unavailable", "busy", headers: "Retry-After: 0\r\n") }
        try peer.stored("a.bin", bytes.count)
      } _: { server in
        let meter = try await uploads().send(.file(directory.file("a.bin")), to: server.url, mode: mode)
        #expect(meter.finished?.bytes == UInt64(bytes.count))
        #expect(meter.received == UInt64(bytes.count))
      }
      #expect(requests.withLock { $0 } == 3)
    }
  }

  @Test func `an upload whose connection is reset in the middle of the body is retried`() async throws {
    try await withTemporaryDirectory { directory in
      // Larger than the socket buffers: a body that they have accepted completely is not sent again.
      let bytes = SplitMix64.bytes(24_000_000)
      try directory.write(bytes, to: "a.bin")
      let requests = Mutex(0)
      try await withServer { peer in
        let isFirst = requests.withLock { count in
          count += 1
          return count == 1
        }
        let request = try peer.readHead()
        try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        if isFirst {
          _ = try peer.read(100_000)
          return peer.reset()
        }
        let isWhole = try peer.readBody(of: request) == bytes
        #expect(isWhole)
        try peer.stored("a.bin", bytes.count)
      } _: { server in
        let meter = try await uploads().send(.file(directory.file("a.bin")), to: server.url)
        #expect(meter.finished?.bytes == UInt64(bytes.count))
        #expect(meter.received == UInt64(bytes.count))
      }
    }
  }

  @Test func `after the last attempt its error is reported, with the number of attempts`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([1], to: "a.bin")
      let port = try HeldPort()
      let meter = try await uploads(2).send(.file(directory.file("a.bin")), to: "http://127.0.0.1:\(port.number)")
      #expect(meter.error?.code == .connectionRefused)
      #expect(meter.error?.message.contains("Gave up after 3 attempts.") == true)
      #expect(meter.retry.attempt == 3)
      #expect(meter.retry.wait == nil)
    }
  }

  @Test(arguments: ["HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\nhalf", ""])
  func `a file is not sent again when the connection is lost after the whole body`(response: String) async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([1, 2, 3], to: "a.bin")
      let requests = Mutex(0)
      try await withServer { peer in
        requests.withLock { $0 += 1 }
        _ = try peer.readBody(of: try peer.readHead())
        try peer.send(response)
        peer.close()
      } _: { server in
        let meter = try await uploads().send(.file(directory.file("a.bin")), to: server.url)
        #expect(meter.error?.code == .connectionLost)
      }
      #expect(requests.withLock { $0 } == 1)
    }
  }

  @Test func `a file is not sent again after 504 for the whole body`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([1, 2, 3], to: "a.bin")
      let requests = Mutex(0)
      try await withServer { peer in
        requests.withLock { $0 += 1 }
        _ = try peer.readBody(of: try peer.readHead())
        try peer.respond("504 Gateway Timeout", "no response from upstream")
      } _: { server in
        let meter = try await uploads().send(.file(directory.file("a.bin")), to: server.url)
        #expect(meter.error?.code == .refusedByServer)
        #expect(meter.error?.message.contains("may have stored the file") == true)
      }
      #expect(requests.withLock { $0 } == 1)
    }
  }

  @Test func `an early success of a server that accepts no more is not retried`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([], to: "a.bin")
      truncate(path, 64 << 20)
      let requests = Mutex(0)
      try await withServer(receiveBuffer: 64 << 10) { peer in
        requests.withLock { $0 += 1 }
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        try peer.waitForHangUp()
      } _: { server in
        var uploads = uploads()
        uploads.configuration.continueThreshold = .max
        uploads.configuration.idleTimeout = .milliseconds(300)
        let meter = try await uploads.send(.file(path), to: server.url)
        #expect(meter.error?.code == .badAnswer)
        #expect(meter.error?.message.contains("HTTP 201") == true)
        #expect(meter.error?.message.contains("may have stored") == true)
      }
      #expect(requests.withLock { $0 } == 1)
    }
  }

  @Test func `standard input of which nothing was read is sent again after 503`() async throws {
    let requests = Mutex(0)
    let pipe = try TestPipe()
    pipe.write([1, 2, 3])
    defer { close(pipe.output) }
    try await withServer { peer in
      let isFirst = requests.withLock { count in
        count += 1
        return count == 1
      }
      let request = try peer.readHead()
      // Its length is unknown, so the request asks for 100 Continue: it is rejected before anything is read.
      if isFirst { return try peer.respond("503 Service Unavailable", "busy") }
      try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
      #expect(try peer.readBody(of: request) == [1, 2, 3])
      try peer.stored("p", 3)
    } _: { server in
      var uploads = uploads()
      uploads.configuration.continueTimeout = .seconds(60)
      let meter = try await uploads.send(.descriptor(pipe.output, name: "p"), to: server.url)
      #expect(meter.finished?.bytes == 3, "\(String(describing: meter.error))")
    }
    #expect(requests.withLock { $0 } == 2)
  }

  @Test func `standard input that was read is not sent again after 503`() async throws {
    let requests = Mutex(0)
    let pipe = try TestPipe()
    pipe.write([1, 2, 3])
    defer { close(pipe.output) }
    try await withServer { peer in
      requests.withLock { $0 += 1 }
      _ = try peer.readBody(of: try peer.readHead())
      try peer.respond("503 Service Unavailable", "busy")
    } _: { server in
      let meter = try await uploads().send(.descriptor(pipe.output, name: "p"), to: server.url)
      #expect(meter.error?.code == .refusedByServer)
    }
    #expect(requests.withLock { $0 } == 1)
  }

  @Test func `the pause before a retry is shown with its reason, and a cancellation ends it at once`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([1], to: "a.bin")
      let uploads = uploads(1, firstPause: .seconds(3600))
      let file = directory.file("a.bin")
      let port = try HeldPort()
      async let sent = uploads.send(.file(file), to: "http://127.0.0.1:\(port.number)")
      try await eventually("a pause") { uploads.ledger.active().first?.phase == .pause }
      var sampler = Sampler(ledger: uploads.ledger, stallAfter: .seconds(5), slabUse: { SlabUse(used: 0, budget: 0) })
      let shown = try #require(sampler.sample().uploads.first)
      #expect(shown.state == .waiting)
      #expect(shown.cause == nil)
      #expect(shown.retryReason?.contains("No server listens") == true)
      #expect(shown.attempt == 2)
      #expect((0...3600).contains(try #require(shown.retryIn)))
      uploads.ledger.cancelAll()
      #expect(try await sent.isCancelled)
    }
  }

  @Test func `while an upload is retried only what happened is shown, without advice`() {
    let lost = UploadError(.connectionLost, "10.0.0.1:80 closed the connection after 4.0 MiB. Send the file again.")
    #expect(lost.event == "10.0.0.1:80 closed the connection after 4.0 MiB.")
    #expect(UploadError(.timedOut, "It ended after 1.5 s").event == "It ended after 1.5 s")
  }
}
