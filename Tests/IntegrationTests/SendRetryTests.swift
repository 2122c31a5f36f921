import Glibc
import Testing
import UploadTestSupport

/// `sluice send` to servers that are away or busy at first, and at a limited rate.
@Suite struct SendRetryTests {
  private static let stored = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

  @Test func `a busy server is retried after its Retry-After time`() async throws {
    try await withTemporaryDirectory { directory in
      let (listener, port) = try Socket.listening()
      let file = try directory.random(10, to: "f")
      async let ended = Sluice.run(["send", "--json", "--interval", "10ms", "--to", "http://127.0.0.1:\(port)", file])
      let began = ContinuousClock.now
      for response in [
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        Self.stored,
      ] {
        let connection = try await listener.accept()
        try await connection.receiveRequest(body: 10)
        try await connection.send(response)
        connection.finish()
        _ = try? await connection.receive()
      }
      let result = try await ended
      #expect(result.exit == .status(0), "\(result)")
      #expect(ContinuousClock.now - began >= .seconds(3))
      #expect(try result.events.contains { $0.event == "progress" && $0.state == "waiting" })
      #expect(try result.events.last?.uploads?.map(\.verdict) == ["accepted"])
    }
  }

  @Test func `a server that starts after five failed attempts receives the upload`() async throws {
    try await withTemporaryDirectory { directory in
      let port = try HeldPort()
      let file = try directory.random(70_000, to: "f")
      let sending = try Sluice.start(["send", "--to", "http://127.0.0.1:\(port.number)", file])
      // More than the three retries that were the limit once; each attempt is told with its reason.
      _ = try await sending.line { $0.contains("attempt 6 in ") && $0.contains("No server listens") }
      let uploads = directory.file("uploads")
      let server = try Sluice.start(["serve", "--json", "--port", "\(port.number)", "--dir", uploads])
      #expect(try await sending.exit(timeout: .seconds(90)) == .status(0))
      server.signal(SIGINT)
      #expect(try await server.exit() == .status(0))
      #expect(try Digest.ofFile(uploads + "/f") == Digest.ofFile(file))
    }
  }

  @Test(arguments: [["--retry", "1"], ["--retry-for", "300ms"], ["--retry-for", "0"]])
  func `send gives up after --retry or --retry-for and reports that`(options: [String]) async throws {
    try await withTemporaryDirectory { directory in
      let port = try HeldPort()
      let file = try directory.random(10, to: "f")
      let ended = try await Sluice.run(["send", "--json", "--to", "http://127.0.0.1:\(port.number)", file] + options)
      #expect(ended.exit == .status(1), "\(ended)")
      let message = try ended.events.first { $0.event == "failed" }?.error?.message ?? ""
      #expect(message.contains("Gave up after "), "\(ended)")
      if options == ["--retry", "1"] { #expect(message.contains("after 2 attempts."), "\(ended)") }
      if options.last == "0" { #expect(!ended.output.contains("\"retrying\""), "\(ended)") }
    }
  }

  @Test func `a Retry-After longer than the remaining retry time ends the upload at once`() async throws {
    let ended = try await Sluice.send(size: 10) { connection in
      try await connection.receiveRequest(body: 10)
      try await connection.send(
        "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      )
      connection.finish()
    }
    #expect(ended.exit == .status(1), "\(ended)")
    #expect(ended.errors.contains("asks to wait 3600 s"), "\(ended)")
  }

  @Test func `SIGINT during a retry pause cancels the upload at once`() async throws {
    try await withTemporaryDirectory { directory in
      let (listener, port) = try Socket.listening()
      let file = try directory.random(10, to: "f")
      let sending = try Sluice.start(["send", "--json", "--interval", "10ms", "--to", "http://127.0.0.1:\(port)", file])
      let connection = try await listener.accept()
      try await connection.receiveHead()
      try await connection.send(
        "HTTP/1.1 503 Busy\r\nRetry-After: 100\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      )
      connection.finish()
      _ = try? await connection.receive()
      _ = try await sending.line { $0.contains("\"state\":\"waiting\"") }
      sending.signal(SIGINT)
      // Sooner than the pause would be over.
      #expect(try await sending.exit(timeout: .seconds(60)) == .status(130))
      #expect(try EventLine.decode(sending.output).last?.uploads?.map(\.verdict) == ["cancelled"])
    }
  }

  @Test(arguments: ["stream", "multipart", "buffered"])
  func `send with --limit-rate 1MB/s needs two seconds for 2 MB in every mode`(mode: String) async throws {
    try await withServer { server in
      let file = try server.scratch.random(2_000_000, to: "f")
      let ended = try await Sluice.run([
        "send", "--json", "--interval", "50ms", "--mode", mode, "--limit-rate", "1MB/s", "--to", server.url, file,
      ])
      #expect(ended.exit == .status(0), "\(ended)")
      // 2 MB at 1 MB/s. A machine under load is slower, never faster.
      #expect(try #require(try ended.events.first { $0.event == "finished" }?.seconds) > 1.8)
      #expect(try ended.events.contains { $0.event == "progress" && $0.state == "limited" })
      try server.expect("f", equals: file)
    }
  }
}
