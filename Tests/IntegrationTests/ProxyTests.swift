import Foundation
import Testing
import UploadTestSupport

/// `sluice send` through a real HTTP proxy, with curl as a control that the proxy does what proxies do.
@Suite(.curl, .barePython) struct ProxyTests {
  private static let sizes = [0, 70_000, 9_000_001]

  /// Sends files of all ``sizes``, the largest in several requests, and expects that the server has them.
  private func send(
    _ options: [String],
    to url: String,
    at server: SluiceServer,
    environment: [String: String] = [:]
  ) async throws {
    let paths = try Self.sizes.map { try server.scratch.random($0, to: "\(UUID().uuidString)-\($0)") }
    let ended = try await Sluice.run(["send", "--json", "--to", url] + options + paths, environment: environment)
    #expect(ended.exit == .status(0), "\(ended)")
    for path in paths { try server.expect(String(path.split(separator: "/").last ?? ""), equals: path) }
  }

  @Test(arguments: ["stream", "multipart", "resumable"])
  func `files reach an http server through a proxy that resolves its name`(mode: String) async throws {
    try await withServer { server in
      try await ForwardProxy.with { proxy in
        let url = "http://server.localhost:\(server.port)"
        let control = try await Curl.run([
          "--noproxy", "none.invalid", "-x", "http://127.0.0.1:\(proxy.port)", "-T",
          try server.scratch.write([7], to: "c"), "\(url)/c",
        ])
        #expect(control.status == 201, "\(control)")
        #expect(try proxy.requests == ["PUT \(url)/c"])
        try await send(["--mode", mode, "--proxy", "http://127.0.0.1:\(proxy.port)"], to: url, at: server)
        let requests = try proxy.requests.dropFirst()
        #expect(requests.count >= Self.sizes.count)
        #expect(requests.allSatisfy { $0.contains(" \(url)/") }, "\(requests)")
      }
    }
  }

  @Test(.openssl) func `files reach an https server through a tunnel, and the proxy sees only host and port`()
    async throws
  {
    try await withTemporaryDirectory { directory in
      try await withServer(directory.certificate()) { server in
        try await ForwardProxy.with { proxy in
          let url = "https://localhost:\(server.port)"
          try await send(
            ["--ca", directory.file("cert.pem")],
            to: url,
            at: server,
            environment: ["https_proxy": "127.0.0.1:\(proxy.port)", "http_proxy": "http://127.0.0.1:1"]
          )
          let requests = try proxy.requests
          #expect(!requests.isEmpty)
          #expect(requests.allSatisfy { $0 == "CONNECT localhost:\(server.port)" }, "\(requests)")
        }
      }
    }
  }

  @Test(.openssl) func `the connection to the proxy itself may be encrypted`() async throws {
    try await withTemporaryDirectory { directory in
      let options = try await directory.certificate()
      let (cert, key) = (directory.file("cert.pem"), directory.file("key.pem"))
      try await ForwardProxy.with(credentials: "user:p@ss", certificate: (cert, key)) { proxy in
        let trusting = ["--ca", cert, "--proxy", "https://user:p%40ss@127.0.0.1:\(proxy.port)"]
        try await withServer { server in
          try await send(trusting, to: "http://server.localhost:\(server.port)", at: server)
        }
        try await withServer(options) { server in
          try await send(trusting, to: "https://localhost:\(server.port)", at: server)
        }
        let requests = try proxy.requests
        #expect(requests.contains { $0.hasPrefix("POST http://server.localhost:") })
        #expect(requests.contains { $0.hasPrefix("CONNECT localhost:") })
        #expect(!requests.contains("407"))
        // Without --ca nothing trusts the proxy.
        let file = try directory.random(10, to: "f")
        let ended = try await Sluice.run(
          ["send", "--to", "http://server.localhost:1", "--proxy", "https://127.0.0.1:\(proxy.port)", file]
        )
        #expect(ended.exit == .status(1))
        #expect((ended.output + ended.errors).contains("The proxy 127.0.0.1:\(proxy.port) presents a certificate"))
      }
    }
  }

  @Test(.openssl, arguments: ["http", "https"])
  func `a proxy that requires a password gets it from a variable, and a wrong one is not shown`(
    scheme: String
  ) async throws {
    try await withTemporaryDirectory { directory in
      try await withServer(scheme == "https" ? directory.certificate() : []) { server in
        try await ForwardProxy.with(credentials: "user:secret-word") { proxy in
          let url = "\(scheme)://localhost:\(server.port)"
          let options = scheme == "https" ? ["--ca", directory.file("cert.pem")] : []
          let address = "127.0.0.1:\(proxy.port)"
          try await send(
            options,
            to: url,
            at: server,
            environment: ["SLUICE_PROXY": "http://user:secret-word@\(address)"]
          )
          #expect(try !proxy.requests.contains("407"))
          let file = try directory.random(10, to: "f")
          for (credentials, advice) in [("user:other-word@", "does not accept"), ("", "needs a user name")] {
            let ended = try await Sluice.run(
              ["send", "--json", "--to", url, file] + options,
              environment: ["all_proxy": "http://\(credentials)\(address)"]
            )
            #expect(ended.exit == .status(1))
            #expect(ended.output.contains(advice) && ended.output.contains("all_proxy"), "\(ended)")
            #expect(!(ended.output + ended.errors).contains("other-word"))
          }
          #expect(try proxy.requests.suffix(2) == ["407", "407"])
        }
      }
    }
  }

  @Test func `no_proxy and an empty --proxy lead directly to the server`() async throws {
    try await withServer { server in
      let dead = ["http_proxy": "http://127.0.0.1:1"]
      try await send([], to: server.url, at: server, environment: dead.merging(["no_proxy": "127.0.0.0/8"]) { $1 })
      try await send(["--proxy", ""], to: server.url, at: server, environment: dead)
      let file = try server.scratch.random(10, to: "f")
      let ended = try await Sluice.run(
        ["send", "--retry", "0", "--to", server.url, file],
        environment: dead.merging(["no_proxy": "10.0.0.0/8"]) { $1 }
      )
      #expect(ended.exit == .status(1))
      #expect((ended.output + ended.errors).contains("No proxy listens at 127.0.0.1:1"), "\(ended)")
    }
  }

  @Test func `uploads of a process to its own server never pass through a proxy`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await Sluice.run(
        ["headless", "--size", "1MB"],
        environment: ["http_proxy": "http://127.0.0.1:1", "all_proxy": "127.0.0.1:1", "TMPDIR": directory.path]
      )
      #expect(ended.exit == .status(0), "\(ended)")
    }
  }

  @Test func `a proxy that cannot be used is a wrong argument, and its password is not shown`() async throws {
    for proxy in ["socks5://user:secret-word@127.0.0.1:1", "http://user:secret-word@"] {
      let ended = try await Sluice.run(["send", "--to", "http://127.0.0.1:1", "--proxy", proxy, "/dev/null"])
      #expect(ended.exit == .status(64))
      #expect(ended.errors.contains("--proxy"), "\(ended)")
      #expect(!(ended.output + ended.errors).contains("secret-word"))
    }
  }
}
