import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Uploads through scripted proxies. The targets have names that no resolver knows: only the proxy may resolve them.
@Suite struct ProxiedSendingTests {
  private static let body = Array("content".utf8)

  /// Sends a file of seven bytes through a proxy.
  /// - Parameters:
  ///   - url: of the target.
  ///   - script: what the proxy does with each connection.
  private func send(
    to url: String,
    credentials: String = "",
    configure: (inout UploadClientConfiguration) -> Void = { _ in },
    script: @escaping ScriptedServer.Script
  ) async throws -> UploadMeter {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(Self.body, to: "x.bin")
      return try await withServer(script: script) { proxy in
        var uploads = TestUploads()
        let option = "http://\(credentials)127.0.0.1:\(proxy.port)"
        uploads.configuration.proxies = ProxySettings(option: option, environment: [:])
        configure(&uploads.configuration)
        let target = try SendTarget(url, token: "secret-token")
        return await uploads.uploader.send(.file(path), to: target, mode: .stream)
      }
    }
  }

  /// The error of sending to an https target through a proxy that does this when it has read the request.
  private func tunnelError(
    credentials: String = "",
    connectTimeout: Duration = .seconds(10),
    _ script: @escaping ScriptedServer.Script
  ) async throws -> UploadError {
    let meter = try await send(
      to: "https://server.invalid",
      credentials: credentials,
      configure: { $0.connectTimeout = connectTimeout }
    ) { peer in
      _ = try peer.readHead()
      try script(peer)
    }
    return try #require(meter.error)
  }

  // MARK: http targets

  @Test func `requests to http targets are in absolute form, with the target's Host and the credentials`() async throws
  {
    let meter = try await send(to: "http://server.invalid/in/?a=b", credentials: "user:p%40ss@") { peer in
      let request = try peer.readHead()
      #expect(request.method == "PUT")
      #expect(request.uri == "http://server.invalid/in/x.bin?a=b")
      #expect(request["Host"] == "server.invalid")
      #expect(request["Proxy-Authorization"] == "Basic dXNlcjpwQHNz")
      #expect(request["Authorization"] == "Bearer secret-token")
      #expect(try peer.readBody(of: request) == Self.body)
      try peer.stored("x.bin", Self.body.count)
    }
    #expect(meter.finished?.path == "x.bin")
    #expect(meter.remote == "server.invalid:80")
  }

  @Test func `the absolute form has the port and the brackets of the target`() async throws {
    let meter = try await send(to: "http://[fd00::1]:8080") { peer in
      let request = try peer.readHead()
      #expect(request.uri == "http://[fd00::1]:8080/stream-upload?name=x.bin")
      #expect(request["Host"] == "[fd00::1]:8080")
      #expect(request["Proxy-Authorization"] == nil)
      _ = try peer.readBody(of: request)
      try peer.stored("x.bin", Self.body.count)
    }
    #expect(meter.finished != nil)
  }

  @Test(arguments: [("", "needs a user name and password"), ("a:b@", "does not accept the user name and password")])
  func `407 of a forwarding proxy says what to do about the credentials`(credentials: String, advice: String)
    async throws
  {
    let meter = try await send(to: "http://server.invalid", credentials: credentials) { peer in
      _ = try peer.readHead()
      try peer.respond("407 Proxy Authentication Required", headers: "Proxy-Authenticate: Basic realm=\"x\"\r\n")
      peer.drain()
    }
    let error = try #require(meter.error)
    #expect(error.code == .refusedByServer)
    #expect(error.message.contains("HTTP 407: the proxy 127.0.0.1:"), "\(error.message)")
    #expect(error.message.contains(advice), "\(error.message)")
    #expect(error.message.contains("--proxy"))
  }

  @Test func `a forwarding proxy that closes the connection is named`() async throws {
    let meter = try await send(to: "http://server.invalid") { peer in
      _ = try peer.readHead()
      peer.close()
    }
    let error = try #require(meter.error)
    #expect(error.code == .connectionLost)
    #expect(error.message.contains("server.invalid:80 (through the proxy 127.0.0.1:"), "\(error.message)")
  }

  @Test func `502 of a forwarding proxy is retried`() async throws {
    let attempts = Mutex(0)
    let meter = try await send(
      to: "http://server.invalid",
      configure: {
        $0.retry = RetryPolicy(limit: 1)
        $0.retry.firstPause = .milliseconds(1)
      }
    ) { peer in
      let request = try peer.readHead()
      _ = try peer.readBody(of: request)
      let attempt = attempts.withLock { count -> Int in
        count += 1
        return count
      }
      if attempt == 1 { try peer.respond("502 Bad Gateway") } else { try peer.stored("x.bin", Self.body.count) }
    }
    #expect(meter.finished != nil)
    #expect(attempts.withLock { $0 } == 2)
  }

  // MARK: https targets

  @Test func `CONNECT has the target and the proxy's credentials, and nothing of the upload`() async throws {
    let meter = try await send(to: "https://server.invalid/in/", credentials: "user:p%40ss@") { peer in
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

  @Test func `a rejection for lack of an upstream is temporary, others are not`() throws {
    let (proxy, target) = (try ProxyServer("p", source: "--proxy"), try SendTarget("https://h"))
    for (status, isTemporary) in [(502, true), (503, true), (504, true), (429, true), (403, false), (407, false)] {
      let failure = TunnelFailure.rejected(status: status, reason: "")
      #expect(failure.error(proxy, target, timeout: .seconds(1)).isTemporary == isTemporary)
    }
  }

  @Test func `of a reason phrase at most 60 characters are quoted, without control characters`() throws {
    let (proxy, target) = (try ProxyServer("p", source: "--proxy"), try SendTarget("https://h"))
    let reason = "No\u{1B}[31m" + String(repeating: "x", count: 1_000)
    let error = TunnelFailure.rejected(status: 599, reason: reason).error(proxy, target, timeout: .seconds(1)).error
    #expect(error.message.contains(": 599 No"))
    #expect(!error.message.contains("\u{1B}"))
    #expect(!error.message.contains(String(repeating: "x", count: 60)))
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n"])
  func `a proxy that does not respond completely is given up after the time for connecting`(response: String)
    async throws
  {
    let error = try await tunnelError(connectTimeout: .milliseconds(200)) { peer in
      try peer.send(response)
      peer.drain()
    }
    #expect(error.code == .unreachable)
    #expect(error.message.contains("did not connect to server.invalid:443 within 0.2 s"), "\(error.message)")
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
      try await send(to: "https://server.invalid") { peer in
        _ = try peer.readHead()
        isAsked.withLock { $0 = true }
        peer.drain()
      }
    }
    try await eventually("the request") { isAsked.withLock { $0 } }
    task.cancel()
    #expect(try await task.value.isCancelled)
  }

  // MARK: The proxy itself

  @Test func `a proxy that does not listen, or whose name is unknown, is named with the option's name`() async throws {
    let (listener, port) = try Loopback.listen { _ in }
    close(listener)
    for (proxy, code) in [("127.0.0.1:\(port)", UploadError.Code.connectionRefused), ("proxy.invalid", .unreachable)] {
      try await withTemporaryDirectory { directory in
        var uploads = TestUploads()
        uploads.configuration.proxies = ProxySettings(option: nil, environment: ["all_proxy": "u:hidden@\(proxy)"])
        let path = try directory.write(Self.body, to: "x")
        let error = try #require(try await uploads.send(.file(path), to: "https://server.invalid").error)
        #expect(error.code == code, "\(error.message)")
        #expect(error.message.contains("proxy"), "\(error.message)")
        #expect(error.message.contains("all_proxy"), "\(error.message)")
        #expect(!error.message.contains("hidden"))
      }
    }
  }

  @Test func `a proxy's URL that cannot be used fails the upload`() async throws {
    let meter = try await send(
      to: "http://server.invalid",
      configure: {
        $0.proxies = ProxySettings(option: nil, environment: ["http_proxy": "socks5://s"])
      }
    ) { peer in peer.close() }
    #expect(meter.error?.code == .badURL)
  }

  @Test func `a target of the program itself is reached directly`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(Self.body, to: "x")
      try await withServer { peer in
        let request = try peer.readHead()
        #expect(request.uri.hasPrefix("/"))
        _ = try peer.readBody(of: request)
        try peer.stored("x", Self.body.count)
      } _: { server in
        var uploads = TestUploads()
        uploads.configuration.proxies = ProxySettings(option: "http://127.0.0.1:1", environment: [:])
        let target = try SendTarget(server.url, isLocal: true)
        #expect(await uploads.uploader.send(.file(path), to: target, mode: .stream).finished != nil)
      }
    }
  }
}
