import Glibc
import Testing
import UploadTestSupport

/// `sluice send` and servers that do not do what they should, each scripted byte for byte.
@Suite struct SendFailureTests {
  /// Runs `send` once, without a timeout that a busy machine could reach.
  private func send(
    _ options: [String] = [],
    size: Int,
    to path: String = "",
    serve: @Sendable (Socket) async throws -> Void
  ) async throws -> Sluice.Ended {
    let once = ["--json", "--no-resume", "--retry", "0", "--idle-timeout", "10m"]
    return try await Sluice.send(once + options, size: size, to: path, serve: serve)
  }

  private func expectFailure(_ ended: Sluice.Ended, _ code: String, verdict: String = "failed", says: String = "")
    throws
  {
    #expect(ended.exit == .status(1), "\(ended)")
    #expect(ended.errors == "")
    let failure = try #require(try ended.events.first { $0.event == "failed" }?.error, "\(ended)")
    #expect(failure.code == code, "\(failure)")
    #expect(failure.message.contains(says) || says.isEmpty, "\(failure)")
    #expect(try ended.events.last?.uploads?.map(\.verdict) == [verdict])
  }

  @Test func `send requests the path of --to with the fields of --header and --type`() async throws {
    let options = ["--header", "X-Team: blue", "--header", "Authorization: Bearer secret", "--type", "text/x-own"]
    let heads = Slot<String>()
    let ended = try await send(options, size: 10, to: "/any/path?q=1") { connection in
      await heads.put(try await connection.receiveRequest(body: 10))
      try await connection.send("HTTP/1.1 204 No Content\r\n\r\n")
      connection.finish()
      try await connection.receive()
    }
    #expect(ended.exit == .status(0), "\(ended)")
    let head = await heads.value ?? ""
    #expect(head.hasPrefix("POST /any/path?q=1 HTTP/1.1\r\n"), "\(head)")
    for field in ["X-Team: blue", "Authorization: Bearer secret", "Content-Type: text/x-own", "Content-Length: 10"] {
      #expect(head.contains("\r\n\(field)\r\n"), "\(field) in \(head)")
    }
    #expect(!ended.output.contains("secret"))
  }

  @Test func `a rejection before the body is reported, and send does not send all of the body`() async throws {
    let ended = try await send(size: 64 << 20) { connection in
      #expect(try await connection.receiveHead().lowercased().contains("expect: 100-continue"))
      let body = #"{"status":413,"msg":"Far too \u001b[31mlarge.","ok":false}"#
      try await connection.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      connection.finish()
      _ = try? await connection.receive()
    }
    // Usually no byte; on a busy machine the response may take a second, and the client has begun with the body.
    #expect(try #require(ended.events.last?.uploads?.first?.bytes) < 64 << 20)
    try expectFailure(ended, "refusedByServer", verdict: "refused", says: "HTTP 413: Far too \u{FFFD}[31mlarge.")
  }

  @Test func `a rejection during the body is reported`() async throws {
    let ended = try await send(size: 64 << 20) { connection in
      try await connection.receiveHead()
      try await connection.send("HTTP/1.1 100 Continue\r\n\r\n")
      try await connection.receive { $0.count > 1_000_000 }
      try await connection.send("HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 4\r\n\r\nfull")
      connection.finish()
      _ = try? await connection.receive()
    }
    try expectFailure(ended, "refusedByServer", verdict: "refused", says: "HTTP 507: full")
  }

  @Test(arguments: ["", "HTTP/1.1 201 Cre", "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf"])
  func `a response that is missing or incomplete fails as a lost connection`(response: String) async throws {
    let ended = try await send(size: 1000) { connection in
      try await connection.receive { $0.count > 1000 }
      try await connection.send(response)
    }
    try expectFailure(ended, "connectionLost")
  }

  @Test func `a connection that is reset during the body fails as a lost connection`() async throws {
    let ended = try await send(size: 64 << 20) { connection in
      try await connection.receiveHead()
      try await connection.send("HTTP/1.1 100 Continue\r\n\r\n")
      try await connection.receive { $0.count > 1_000_000 }
      connection.resetOnClose()
    }
    try expectFailure(ended, "connectionLost", says: "of 64.0 MiB")
  }

  @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}P", "HTTP/1.1 abc What\r\n\r\n"])
  func `a response that is not HTTP is a failure`(response: String) async throws {
    let ended = try await send(size: 10) { connection in
      try await connection.receiveHead()
      try await connection.send(response)
      connection.finish()
      _ = try? await connection.receive()
    }
    try expectFailure(ended, "badAnswer", says: "not HTTP")
  }

  @Test func `an upload fails after the idle timeout when the server reads nothing`() async throws {
    try await withTemporaryDirectory { directory in
      let (listener, port) = try Socket.listening()
      let file = try directory.random(64 << 20, to: "f.bin")
      let arguments = [
        "send", "--no-resume", "--retry", "0", "--json", "--idle-timeout", "1s", "--to", "http://127.0.0.1:\(port)",
        file,
      ]
      async let ended = Sluice.run(arguments)
      let connection = try await listener.accept()
      // Accepted and never read from: the receive buffer fills up.
      try expectFailure(try await ended, "timedOut", says: "accepted no data for 1 s")
      withExtendedLifetime(connection) {}
    }
  }

  @Test func `a missing response is reported as a stall and then as a timeout`() async throws {
    let ended = try await send(["--answer-timeout", "2s", "--stall-after", "200ms"], size: 1000) { connection in
      try await connection.receive { $0.count > 1000 }
      _ = try? await connection.receive()
    }
    try expectFailure(ended, "timedOut", says: "did not respond within 2 s")
    #expect(try ended.events.contains { $0.event == "stalled" && $0.cause == "server" }, "\(ended)")
  }

  @Test func `a redirection is reported and not followed`() async throws {
    let ended = try await send(size: 10) { connection in
      try await connection.receiveHead()
      let location = "Location: http://elsewhere.example/"
      try await connection.send("HTTP/1.1 307 Temporary Redirect\r\n\(location)\r\nContent-Length: 0\r\n\r\n")
      connection.finish()
      _ = try? await connection.receive()
    }
    try expectFailure(ended, "refusedByServer", verdict: "refused", says: "http://elsewhere.example/")
  }

  @Test func `a response that states another size than was sent fails as a mismatch`() async throws {
    let ended = try await send(size: 10) { connection in
      try await connection.receiveRequest(body: 10)
      let body = #"{"status":201,"msg":"file uploaded","ok":true,"files":[{"name":"f.bin","size":9,"type":null}]}"#
      try await connection.send("HTTP/1.1 201 Created\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      connection.finish()
      _ = try? await connection.receive()
    }
    try expectFailure(ended, "contentMismatch", verdict: "mismatch")
  }

  @Test func `a refused connection is reported with the address and the port`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.random(10, to: "f")
      let held = try HeldPort()
      let port = held.number
      let ended = try await Sluice.run(["send", "--retry", "0", "--json", file, "--to", "http://127.0.0.1:\(port)"])
      try expectFailure(ended, "connectionRefused", says: "No server listens at 127.0.0.1:\(port)")
      let plain = try await Sluice.run(["send", "--retry", "0", file, "--to", "http://127.0.0.1:\(port)"])
      #expect(plain.exit == .status(1))
      #expect(plain.errors.contains("failed: No server listens") && !plain.output.contains("failed"), "\(plain)")
    }
  }

  @Test func `an unknown host is reported as unreachable`() async throws {
    try await withTemporaryDirectory { directory in
      // A name that never has an address (RFC 2606).
      let file = try directory.random(10, to: "f")
      let ended = try await Sluice.run(["send", "--json", file, "--to", "http://no-such-host.invalid"])
      try expectFailure(ended, "unreachable", says: "no-such-host.invalid")
    }
  }

  @Test func `an unusable URL exits with 64 and prints no password`() async throws {
    for (url, word) in [
      ("httpx://h/", "https"), ("http://u:secret@h/", "password"), ("http://h:0", "port"),
    ] {
      let ended = try await Sluice.run(["send", "file", "--to", url])
      #expect(ended.exit == .status(64))
      #expect(ended.errors.contains(word), "\(ended)")
      #expect(!ended.errors.contains("secret"))
    }
  }

  @Test func `a missing file whose name is not UTF-8 is named with escaped bytes`() async throws {
    let script = "exec \"$0\" send \"$(printf 'caf\\351.txt')\" --to http://127.0.0.1:1"
    let ended = try await ProcessRunner.run("/bin/sh", ["-c", script, Sluice.path])
    #expect(ended.exit == .status(1) && ended.output == "")
    #expect(ended.errors.contains(#"There is no file "caf\xE9.txt"."#), "\(ended)")
  }

  @Test func `an invalid value from a variable exits with 64 and names the variable`() async throws {
    let ended = try await Sluice.run(
      ["send", "f", "--to", "http://127.0.0.1:1"],
      environment: ["SLUICE_IDLE_TIMEOUT": "soon", "SLUICE_RETRY": "1"]
    )
    #expect(ended.exit == .status(64))
    #expect(ended.errors.contains("--idle-timeout is set by the variable SLUICE_IDLE_TIMEOUT."), "\(ended)")
    #expect(!ended.errors.contains("SLUICE_RETRY"))
  }

  @Test func `a file that shrinks while it is sent is a failure`() async throws {
    try await withTemporaryDirectory { directory in
      let (listener, port) = try Socket.listening()
      let file = try directory.random(64 << 20, to: "f.bin")
      async let ended = Sluice.run(["send", "--json", "--no-resume", "--to", "http://127.0.0.1:\(port)", file])
      let connection = try await listener.accept()
      try await connection.receiveHead()
      #expect(truncate(file, 1000) == 0)
      // On a busy machine the client has begun without 100 Continue by now, and may have noticed already.
      try? await connection.send("HTTP/1.1 100 Continue\r\n\r\n")
      _ = try? await connection.receive()
      try expectFailure(try await ended, "fileChanged", says: "shrank")
    }
  }
}
