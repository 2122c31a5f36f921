import Glibc
import HTTPExchange
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Uploads to http targets through scripted proxies. The targets have names that no resolver knows: only the proxy may resolve
/// them.
@Suite struct ProxiedSendingTests {
  @Test func `requests to http targets are in absolute form, with the target's Host and the credentials`() async throws
  {
    let meter = try await ProxiedUpload.send(to: "http://server.invalid/in/?a=b", credentials: "user:p%40ss@") { peer in
      let request = try peer.readHead()
      #expect(request.method == "PUT")
      #expect(request.uri == "http://server.invalid/in/x.bin?a=b")
      #expect(request["Host"] == "server.invalid")
      #expect(request["Proxy-Authorization"] == "Basic dXNlcjpwQHNz")
      #expect(request["Authorization"] == "Bearer secret-token")
      #expect(try peer.readBody(of: request) == ProxiedUpload.body)
      try peer.stored("x.bin", ProxiedUpload.body.count)
    }
    #expect(meter.finished?.path == "x.bin")
    #expect(meter.remote == "server.invalid:80")
  }

  @Test func `the absolute form has the port and the brackets of the target`() async throws {
    let meter = try await ProxiedUpload.send(to: "http://[fd00::1]:8080") { peer in
      let request = try peer.readHead()
      #expect(request.uri == "http://[fd00::1]:8080/stream-upload?name=x.bin")
      #expect(request["Host"] == "[fd00::1]:8080")
      #expect(request["Proxy-Authorization"] == nil)
      _ = try peer.readBody(of: request)
      try peer.stored("x.bin", ProxiedUpload.body.count)
    }
    #expect(meter.finished != nil)
  }

  @Test(arguments: [("", "needs a user name and password"), ("a:b@", "does not accept the user name and password")])
  func `407 of a forwarding proxy says what to do about the credentials`(credentials: String, advice: String)
    async throws
  {
    let meter = try await ProxiedUpload.send(to: "http://server.invalid", credentials: credentials) { peer in
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
    let meter = try await ProxiedUpload.send(to: "http://server.invalid") { peer in
      _ = try peer.readHead()
      peer.close()
    }
    let error = try #require(meter.error)
    #expect(error.code == .connectionLost)
    #expect(error.message.contains("server.invalid:80 (through the proxy 127.0.0.1:"), "\(error.message)")
  }

  @Test func `502 of a forwarding proxy is retried`() async throws {
    let attempts = Mutex(0)
    let meter = try await ProxiedUpload.send(
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
      if attempt == 1 {
        try peer.respond("502 Bad Gateway")
      } else {
        try peer.stored("x.bin", ProxiedUpload.body.count)
      }
    }
    #expect(meter.finished != nil)
    #expect(attempts.withLock { $0 } == 2)
  }

  // MARK: The proxy itself

  @Test func `a proxy that does not listen, or whose name is unknown, is named with the option's name`() async throws {
    let (listener, port) = try Loopback.listen { _ in }
    close(listener)
    for (proxy, code) in [("127.0.0.1:\(port)", UploadError.Code.connectionRefused), ("proxy.invalid", .unreachable)] {
      try await withTemporaryDirectory { directory in
        var uploads = TestUploads()
        uploads.configuration.proxies = ProxySettings(option: nil, environment: ["all_proxy": "u:hidden@\(proxy)"])
        let path = try directory.write(ProxiedUpload.body, to: "x")
        let error = try #require(try await uploads.send(.file(path), to: "https://server.invalid").error)
        #expect(error.code == code, "\(error.message)")
        #expect(error.message.contains("proxy"), "\(error.message)")
        #expect(error.message.contains("all_proxy"), "\(error.message)")
        #expect(!error.message.contains("hidden"))
      }
    }
  }

  @Test func `a proxy's URL that cannot be used fails the upload`() async throws {
    let meter = try await ProxiedUpload.send(
      to: "http://server.invalid",
      configure: {
        $0.proxies = ProxySettings(option: nil, environment: ["http_proxy": "socks5://s"])
      }
    ) { peer in peer.close() }
    #expect(meter.error?.code == .badURL)
  }

  @Test func `a target of the program itself is reached directly`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(ProxiedUpload.body, to: "x")
      try await withServer { peer in
        let request = try peer.readHead()
        #expect(request.uri.hasPrefix("/"))
        _ = try peer.readBody(of: request)
        try peer.stored("x", ProxiedUpload.body.count)
      } _: { server in
        var uploads = TestUploads()
        uploads.configuration.proxies = ProxySettings(option: "http://127.0.0.1:1", environment: [:])
        let target = try SendTarget(server.url, isLocal: true)
        #expect(await uploads.uploader.send(.file(path), to: target, mode: .stream).finished != nil)
      }
    }
  }
}
