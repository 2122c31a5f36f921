import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Uploads to https targets through scripted proxies. The targets have names that no resolver knows: only the proxy may
/// resolve them.
@Suite struct TunnelTests {
  /// The error of sending to an https target through a proxy that does this when it has read the request.
  private func tunnelError(
    credentials: String = "",
    connectTimeout: Duration = .seconds(10),
    _ script: @escaping ScriptedServer.Script
  ) async throws -> UploadError {
    let meter = try await ProxiedUpload.send(
      to: "https://server.invalid",
      credentials: credentials,
      configure: { $0.connectTimeout = connectTimeout }
    ) { peer in
      _ = try peer.readHead()
      try script(peer)
    }
    return try #require(meter.error)
  }

  @Test func `CONNECT has the target and the proxy's credentials, and nothing of the upload`() async throws {
    let meter = try await ProxiedUpload.send(to: "https://server.invalid/in/", credentials: "user:p%40ss@") { peer in
      let request = try peer.readHead()
      #expect(request.method == "CONNECT")
      #expect(request.uri == "server.invalid:443")
      let fields = request.fields.map { "\($0.name): \($0.value)" }
      #expect(
        fields == ["Host: server.invalid:443", "User-Agent: sluice", "Proxy-Authorization: Basic dXNlcjpwQHNz"]
      )
      try peer.send("HTTP/1.1 200 Connection established\r\n\r\n")
      // The TLS handshake follows: a record of type 22.
      #expect(try peer.read(1) == [22])
      peer.reset()
    }
    let error = try #require(meter.error)
    #expect(error.code == .connectionLost)
    #expect(error.message.contains("server.invalid:443 (through the proxy 127.0.0.1:"), "\(error.message)")
    #expect(error.message.contains("TLS handshake"))
  }

  @Test(arguments: [
    ("403 Forbidden", "", "403 Forbidden. Ask the proxy's administrator", UploadError.Code.refusedByServer),
    ("407 x", "", "It needs a user name and password: add them to the proxy's URL in --proxy", .refusedByServer),
    ("407 x", "user:hidden@", "It does not accept the user name and password in its URL", .refusedByServer),
    ("502 Bad Gateway", "", "whether the proxy can reach it", .refusedByServer),
    ("405 Method Not Allowed", "", "names an HTTP proxy that allows CONNECT", .refusedByServer),
  ])
  func `a rejected CONNECT is reported with the proxy, the target and the status`(
    status: String,
    credentials: String,
    advice: String,
    code: UploadError.Code
  ) async throws {
    let error = try await tunnelError(credentials: credentials) { peer in
      try peer.respond(status, "<html><body>No.</body></html>", headers: "Content-Type: text/html\r\n")
      peer.drain()
    }
    #expect(error.code == code)
    #expect(error.message.hasPrefix("The proxy 127.0.0.1:"), "\(error.message)")
    #expect(error.message.contains(" rejected the connection to server.invalid:443: \(status.prefix(3))"))
    #expect(error.message.contains(advice), "\(error.message)")
    #expect(!error.message.contains("hidden"))
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n"])
  func `a proxy that does not respond completely is given up after the time for connecting`(response: String)
    async throws
  {
    let error = try await tunnelError(connectTimeout: .seconds(1)) { peer in
      try peer.send(response)
      peer.drain()
    }
    #expect(error.code == .unreachable)
    #expect(error.message.contains("did not connect to server.invalid:443 within 1 s"), "\(error.message)")
  }

  @Test(arguments: ["", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 100 Continue\r\n\r\n"])
  func `a proxy that closes the connection without a complete response is reported`(response: String) async throws {
    let error = try await tunnelError { peer in
      try peer.send(response)
      peer.finish()
      peer.drain()
    }
    #expect(error.code == .connectionLost)
    #expect(
      error.message.contains("closed the connection without connecting to server.invalid:443"),
      "\(error.message)"
    )
  }

  @Test(arguments: [
    "220 smtp.example ESMTP\r\n", "\u{15}\u{03}\u{01}", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    // A success, and bytes behind it that cannot be the server's.
    "HTTP/1.1 200 OK\r\n\r\ngarbage", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: \(String(repeating: "a", count: 20_000))\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\(String(repeating: "A: b\r\n", count: 200))\r\n",
    String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 20),
  ])
  func `a proxy's response that is not a plain success or rejection is an error`(response: String) async throws {
    let error = try await tunnelError { peer in
      // The client resets the connection as soon as it has read enough.
      try? peer.send(response)
      peer.drain()
    }
    #expect(error.code == .badAnswer)
    #expect(error.message.contains("The response of the proxy 127.0.0.1:"), "\(error.message)")
  }

  /// In a read of their own, the bytes reach the TLS handshake.
  @Test func `bytes of the proxy after the success fail the TLS handshake, which names the proxy`() async throws {
    let error = try await tunnelError { peer in
      try peer.send("HTTP/1.1 200 OK\r\n\r\n")
      _ = try peer.read(1)
      try peer.send("This is not TLS.")
      peer.drain()
    }
    #expect(error.code == .badAnswer)
    #expect(error.message.contains("TLS handshake with server.invalid:443 (through the proxy"), "\(error.message)")
  }

  @Test func `an upload can be cancelled while it waits for the proxy`() async throws {
    let isAsked = Mutex(false)
    let task = Task {
      try await ProxiedUpload.send(to: "https://server.invalid") { peer in
        _ = try peer.readHead()
        isAsked.withLock { $0 = true }
        peer.drain()
      }
    }
    try await eventually("the request") { isAsked.withLock { $0 } }
    task.cancel()
    #expect(try await task.value.isCancelled)
  }
}
