import Foundation
import Testing
import UploadTestSupport

/// Who may use a server, with real clients.
@Suite(.curl) struct AccessTests {
  private static let token = "a-token-of-ours"

  @Test(arguments: [
    ["-H", "Authorization: Bearer \(token)"], ["-u", ":\(token)"], ["-u", "user:\(token)"],
  ])
  func `a client with the access token may upload, list and download`(credentials: [String]) async throws {
    try await withServer(environment: ["SLUICE_TOKEN": Self.token]) { server in
      let path = try server.scratch.random(3_000_000, to: "f")
      #expect(try await Curl.run(credentials + ["-T", path, "\(server.url)/a"]).isStored("a", size: 3_000_000))
      #expect(try await Curl.run(credentials + ["\(server.url)/files/"]).status == 200)
      #expect(try await Curl.run(credentials + ["-o", "/dev/null", "\(server.url)/files/a"]).status == 200)
      try server.expect("a", equals: path)
      #expect(!server.process.output.contains(Self.token), "who gave it knows it")
      let line = try #require(server.process.lines.first)
      #expect(line.contains(#""token":null"#))
    }
  }

  @Test func `a request without the token or with a wrong one gets 401 and no 100 Continue`() async throws {
    try await withServer(["--token", Self.token]) { server in
      let path = try server.scratch.random(80 << 20, to: "f")
      for arguments in [
        ["-T", path], ["-H", "Expect:", "-T", path], ["-F", "a=@\(path)"], ["-u", ":wrong-token", "-T", path],
      ] {
        let target = arguments.contains("-F") ? "/file-upload" : "/a"
        let reply = try await Curl.run(["--verbose"] + arguments + [server.url + target])
        #expect(reply.isRejection(401), "\(reply)")
        #expect(reply.errors.contains("< WWW-Authenticate: Bearer"))
        #expect(!reply.errors.contains("100 Continue"))
      }
      for path in ["/info", "/files/", "/metrics", "/files/x"] {
        #expect(try await Curl.run([server.url + path]).isRejection(401), "\(path)")
      }
      #expect(try await Curl.run(["\(server.url)/healthz"]).body == "ok\n")
      #expect(try server.events.allSatisfy { $0.event != "started" })
      #expect(try server.uploads.names() == [])
    }
  }

  @Test func `send presents the token of --token or SLUICE_TOKEN, and reports a wrong one`() async throws {
    try await withServer(["--token", Self.token]) { server in
      let path = try server.scratch.random(100_000, to: "f")
      let rejected = try await Sluice.run(["send", path, "--to", server.url, "--json"])
      #expect(rejected.exit == .status(1))
      let error = try #require(try rejected.events.compactMap(\.error).first)
      #expect(error.code == "refusedByServer")
      #expect(error.message == "HTTP 401: Give the token with --token TOKEN or SLUICE_TOKEN.")
      let wrong = try await Sluice.run(["send", path, "--to", server.url, "--token", "not-the-token"])
      #expect(wrong.exit == .status(1))
      #expect(
        wrong.errors.contains("HTTP 401: The token that was sent is not accepted. Check --token or SLUICE_TOKEN.")
      )
      let given = try await Sluice.run(["send", path, "--to", server.url, "--token", Self.token])
      #expect(given.exit == .status(0), "\(given)")
      let quiet = try await Sluice.run(
        ["send", path, "--to", server.url, "--mode", "multipart"],
        environment: ["SLUICE_TOKEN": Self.token]
      )
      #expect(quiet.exit == .status(0), "\(quiet)")
      #expect(try server.uploads.names() == ["f", "f (2)"])
    }
  }

  @Test func `a page opened with a token in its URL passes the token on to its form and links`() async throws {
    try await withServer(["--token", Self.token]) { server in
      let path = try server.scratch.random(1000, to: "f")
      let page = try await Curl.run(["--verbose", "\(server.url)/?token=\(Self.token)"])
      #expect(page.errors.contains("< Referrer-Policy: no-referrer"))
      let marker = try #require(page.body.firstRange(of: "action=\""))
      let action = String(page.body[marker.upperBound...].prefix { $0 != "\"" })
      let fields = ["-H", "Accept: text/html", "-H", "Origin: \(server.url)", "-F", "file=@\(path)"]
      let stored = try await Curl.run(fields + ["\(server.url)/\(action)"])
      #expect(stored.status == 201, "\(stored)")
      #expect(stored.body.contains("/files/f?token=\(Self.token)"))
      try server.expect("f", equals: path)
    }
  }

  @Test func `listening on more than loopback, serve generates, prints and requires a token`() async throws {
    try await withServer(["--host", "0.0.0.0"]) { server in
      let line = try #require(server.process.lines.first)
      let token = try #require(line.components(separatedBy: "\"token\":\"").dropFirst().first?.prefix { $0 != "\"" })
      #expect(token.count == 26)
      let local = "http://127.0.0.1:\(server.port)"
      let path = try server.scratch.random(1000, to: "f")
      #expect(try await Curl.run(["-T", path, "\(local)/a"]).isRejection(401))
      #expect(try await Curl.run(["-u", ":\(token)", "-T", path, "\(local)/a"]).isStored("a", size: 1000))
    }
  }

  @Test func `serve --open listening on 0.0.0.0 accepts uploads without a token, and warns`() async throws {
    try await withServer(["--host", "0.0.0.0", "--open", "--raw-port", "0"], stops: false) { server in
      let path = try server.scratch.random(1000, to: "f")
      #expect(try await Curl.run(["-T", path, "http://127.0.0.1:\(server.port)/a"]).isStored("a", size: 1000))
      server.process.signal(SIGTERM)
      #expect(try await server.process.exit() == .status(0))
      #expect(server.process.errors.contains("Every client that can reach 0.0.0.0"))
    }
  }

  @Test(arguments: [
    (["--host", "0.0.0.0", "--raw-port", "0"], "--open"), (["--raw-port", "0", "--token", "12345678"], "--raw-port"),
    (["--open", "--token", "12345678"], "exclude"), (["--token", "short"], "at least 8"),
    (["--trusted-proxy", "nonsense"], "10.0.0.0/8"), (["--allow-origin", "app.example"], "https://app.example"),
    (["--allow-origin", "null"], "\"null\" is not an origin"), (["--allow-origin", "*"], "is not an origin"),
    (["--allow-origin", "https://app.example/"], "without a path"),
    (["--allow-origin", "https://app.example,null"], "is not an origin"),
    (["--allow-origin", "https://"], "is not an origin"), (["--allow-origin", "file:///"], "is not an origin"),
    (["--allow-origin", "https://user@app.example"], "is not an origin"),
    (["--allow-origin", "https://app.example:99999"], "is not an origin"),
    (["--allow-origin", "https://app.example:"], "is not an origin"),
    (["--allow-origin", "https://app example"], "is not an origin"),
    (["--allow-origin", "https://bücher.example"], "is not an origin"),
  ])
  func `conflicting or invalid access options exit with 64 and a hint`(options: [String], hint: String) async throws {
    let ended = try await Sluice.run(["serve", "--port", "0", "--dir", "/nonexistent"] + options)
    #expect(ended.exit == .status(64))
    #expect(ended.errors.contains(hint), "\(ended)")
  }

  @Test func `foreign origins and hosts get 403, and an allowed origin may upload and download`() async throws {
    try await withServer(["--allow-origin", "https://app.example"]) { server in
      let path = try server.scratch.random(1000, to: "f")
      let put = ["-T", path, "\(server.url)/a"]
      #expect(try await Curl.run(["-H", "Origin: https://evil.example"] + put).isRejection(403))
      #expect(try await Curl.run(["-H", "Host: evil.example"] + put).isRejection(403))
      #expect(try await Curl.run(["-H", "Host: evil.example", "\(server.url)/files/"]).isRejection(403))
      let asked = [
        "--verbose", "-X", "OPTIONS", "-H", "Origin: https://app.example", "-H", "Access-Control-Request-Method: PUT",
      ]
      let preflight = try await Curl.run(asked + ["\(server.url)/a"])
      #expect(preflight.status == 204)
      #expect(preflight.errors.contains("< Access-Control-Allow-Origin: https://app.example"))
      let stored = try await Curl.run(["--verbose", "-H", "Origin: https://app.example"] + put)
      #expect(stored.isStored("a", size: 1000))
      #expect(stored.errors.contains("< Access-Control-Allow-Origin: https://app.example"))
      let read = try await Curl.run([
        "--verbose", "-H", "Origin: https://app.example", "-o", "/dev/null", "\(server.url)/files/a",
      ])
      #expect(read.status == 200)
      #expect(read.errors.contains("< Access-Control-Allow-Origin: https://app.example"))
      #expect(try server.uploads.names() == ["a"])
    }
  }

  @Test func `X-Forwarded-For of a trusted proxy names the client in events and for its limit`() async throws {
    let options = ["--trusted-proxy", "127.0.0.0/8", "--max-uploads-per-client", "1"]
    try await withServer(options) { server in
      let first = try Socket(port: server.port)
      let fields = ["Content-Length: 10", "X-Forwarded-For: 203.0.113.7"]
      try await first.send(RequestHead.bytes("PUT", "/first", fields) + [1])
      let started = try await server.events { $0.event == "started" }
      #expect(started.first?.remote == "203.0.113.7")
      let path = try server.scratch.random(10, to: "f")
      let same = try await Curl.run(["--verbose", "-H", "X-Forwarded-For: 203.0.113.7", "-T", path, "\(server.url)/b"])
      #expect(same.isRejection(429), "\(same)")
      #expect(same.errors.lowercased().contains("< retry-after: "))
      let other = try await Curl.run(["-H", "X-Forwarded-For: 203.0.113.8", "-T", path, "\(server.url)/c"])
      #expect(other.isStored("c", size: 10))
      try await first.send([2, 3, 4, 5, 6, 7, 8, 9, 10])
      #expect(try await first.receiveResponses().first?.status == 201)
      let again = try await Curl.run(["-H", "X-Forwarded-For: 203.0.113.7", "-T", path, "\(server.url)/d"])
      #expect(again.isStored("d", size: 10))
    }
  }
}
