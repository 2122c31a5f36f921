import Foundation
import Testing
import UploadTestSupport

/// Uploads by TLS with real clients: whom they believe, what arrives, and what a cut leaves.
@Suite(.curl) struct TLSTests {
  private static let selfSigned = ["--tls", "self-signed"]
  private static let sizes = [0, 1, 70_000, 3_000_001]

  private func fingerprint(_ server: SluiceServer) throws -> String {
    try #require(server.events.first?.fingerprint)
  }

  @Test(arguments: ["stream", "multipart", "buffered"])
  func `send --fingerprint sends files of all sizes to a self-signed server`(mode: String) async throws {
    try await withServer(Self.selfSigned) { server in
      #expect(server.url.hasPrefix("https://"))
      let paths = try (Self.sizes + [100 << 20]).map { try server.scratch.random($0, to: "\($0)") }
      let pin = try fingerprint(server).replacing(":", with: "").lowercased()
      let ended = try await Sluice.run(
        ["send", "--json", "--mode", mode, "--fingerprint", pin, "--to", server.url] + paths
      )
      #expect(ended.exit == .status(0), "\(ended)")
      for path in paths { try server.expect(String(path.split(separator: "/").last ?? ""), equals: path) }
    }
  }

  /// In the send dialog, where the address is typed.
  @Test func `the dashboard sends to another self-signed server only with --fingerprint`() async throws {
    try await withServer(Self.selfSigned) { server in
      let path = try server.scratch.random(100_000, to: "f")
      let script = """
        paste "\(path)"
        expect "Enter sends"
        key t
        type "\(server.url)"
        key Enter
        expect "Enter sends 1 file"
        wait idle
        key Enter
        wait idle
        expect
        """
      let fingerprint = ["--fingerprint", try fingerprint(server)]
      for (options, words) in [([], "failed: untrusted server"), (fingerprint, " sent ")] {
        let ended = try await Sluice.run(
          ["headless", "--script", "-"] + options,
          input: Array("\(script) \"\(words)\"\nquit\n".utf8),
          environment: ["TMPDIR": server.scratch.path]
        )
        #expect(ended.exit == .status(0), "\(ended)")
      }
      try server.expect("f", equals: path)
    }
  }

  @Test func `standard input is sent over TLS`() async throws {
    try await withServer(Self.selfSigned) { server in
      let bytes = SplitMix64.bytes(1_000_000)
      let arguments = ["send", "-", "--name", "p", "--fingerprint", try fingerprint(server), "--to", server.url]
      let ended = try await Sluice.run(arguments, input: bytes)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try server.uploads.read("p") == bytes)
    }
  }

  @Test func `send to an untrusted server fails, names its fingerprint and sends nothing`() async throws {
    try await withServer(Self.selfSigned) { server in
      let path = try server.scratch.random(10, to: "f")
      let met = try fingerprint(server)
      let pin = String(repeating: "0", count: 64)
      for (options, words) in [([], ["--ca", "--fingerprint"]), (["--fingerprint", pin], ["another certificate"])] {
        let ended = try await Sluice.run(["send", "--json", path, "--to", server.url] + options)
        #expect(ended.exit == .status(1), "\(ended)")
        let failure = try #require(try ended.events.first { $0.event == "failed" }?.error)
        #expect(failure.code == "untrustedServer")
        for word in words + [met] { #expect(failure.message.contains(word), "\(failure)") }
      }
      #expect(try server.uploads.names() == [])
    }
  }

  @Test(.openssl) func `send --ca trusts certificates of that authority and no others`() async throws {
    try await withTemporaryDirectory { directory in
      let options = try await directory.certificate()
      let other = try directory.directory("other")
      _ = try await other.certificate()
      try await withServer(options) { server in
        let path = try server.scratch.random(70_000, to: "f")
        let ended = try await Sluice.run(["send", "--json", path, "--ca", options[1], "--to", server.url])
        #expect(ended.exit == .status(0), "\(ended)")
        let named = try await Sluice.run(
          ["send", "--json", path, "--ca", options[1], "--to", "https://localhost:\(server.port)"]
        )
        #expect(named.exit == .status(0), "\(named)")
        let wrong = try await Sluice.run(["send", "--json", path, "--ca", other.file("cert.pem"), "--to", server.url])
        #expect(wrong.exit == .status(1))
        #expect(try wrong.events.first { $0.event == "failed" }?.error?.code == "untrustedServer")
        let curl = try await Curl.run(["--cacert", options[1], "-T", path, "\(server.url)/c"])
        #expect(curl.isStored("c", size: 70_000), "\(curl)")
        let suspicious = try await Curl.run(["-T", path, "\(server.url)/d"])
        #expect(suspicious.exit != .status(0))
        #expect(try server.uploads.names() == ["c", "f", "f (2)"])
        for name in try server.uploads.names() { try server.expect(name, equals: path) }
      }
    }
  }

  @Test(arguments: sizes) func `curl uploads and downloads over TLS`(size: Int) async throws {
    try await withServer(Self.selfSigned) { server in
      let path = try server.scratch.random(size, to: "f")
      let put = try await Curl.run(["-k", "-T", path, "\(server.url)/put"])
      #expect(put.isStored("put", size: size), "\(put)")
      let form = try await Curl.run(["-k", "-F", "a=@\(path);filename=form", "\(server.url)/file-upload"])
      #expect(form.isStored("form", size: size), "\(form)")
      for name in ["put", "form"] { try server.expect(name, equals: path) }
      let back = try await Curl.run(["-k", "-o", server.scratch.file("back"), "\(server.url)/files/put"])
      #expect(back.status == 200)
      #expect(try Digest.ofFile(server.scratch.file("back")) == Digest.ofFile(path))
    }
  }

  @Test(.node, .python) func `Node and Python upload over TLS`() async throws {
    try await withServer(Self.selfSigned) { server in
      let path = try server.scratch.random(3_000_001, to: "f")
      let node = try await ProcessRunner.run(
        "node",
        [
          "-e",
          """
          const fs = require("fs");
          const request = require("https").request(process.argv[1] + "/node", {method: "PUT", rejectUnauthorized: false},
            response => process.exit(response.statusCode === 201 ? 0 : 1));
          fs.createReadStream(process.argv[2]).pipe(request);
          """, server.url, path,
        ]
      )
      #expect(node.exit == .status(0), "\(node)")
      let python = try await ProcessRunner.run(
        "python3",
        [
          "-W", "ignore", "-c",
          """
          import requests, sys
          with open(sys.argv[2], "rb") as file:
              requests.post(sys.argv[1] + "/file-upload", files={"a": ("python", file)}, verify=False).raise_for_status()
          """, server.url, path,
        ]
      )
      #expect(python.exit == .status(0), "\(python)")
      for name in ["node", "python"] { try server.expect(name, equals: path) }
    }
  }

  @Test(.barePython) func `a TLS connection that closes without close_notify stores nothing`() async throws {
    try await withServer(Self.selfSigned) { server in
      let script = """
        import socket, ssl, sys
        context = ssl._create_unverified_context()
        plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        secure = context.wrap_socket(plain)
        secure.sendall(b"PUT /x HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 1000000\\r\\n\\r\\n" + bytes(500000))
        # The socket goes, without TLS's own goodbye.
        socket.socket(fileno=secure.detach()).close()
        """
      let ended = try await ProcessRunner.run("python3", ["-c", script, "\(server.port)"])
      #expect(ended.exit == .status(0), "\(ended)")
      try await server.events { $0.event == "failed" }
      #expect(try server.uploads.names() == [])
      #expect(try await Curl.run(["-k", "\(server.url)/healthz"]).status == 200)
    }
  }

  @Test func `plain HTTP to the TLS port gets 400 and names the https URL`() async throws {
    try await withServer(Self.selfSigned) { server in
      let plain = "http://127.0.0.1:\(server.port)"
      let path = try server.scratch.random(3_000_001, to: "f")
      let curl = try await Curl.run(["-T", path, "\(plain)/f"])
      #expect(curl.isRejection(400) && curl.body.contains("https://"), "\(curl)")
      let page = try await Curl.run(["-H", "Accept: text/html,*/*;q=0.8", "\(plain)/"])
      #expect(page.status == 400 && page.body.contains("<h1>") && page.body.contains("https://"), "\(page)")
      let sent = try await Sluice.run(["send", "--json", path, "--to", plain])
      #expect(try sent.events.first { $0.event == "failed" }?.error?.message.contains("https://") == true, "\(sent)")
      #expect(try server.uploads.names() == [])
    }
  }

  @Test func `a client without a complete TLS handshake is disconnected at the idle timeout`() async throws {
    try await withServer(Self.selfSigned + ["--idle-timeout", "1s"]) { server in
      for beginning: [UInt8] in [[], [0x16, 0x03, 0x01, 0x02, 0x00, 0x01]] {
        let socket = try Socket(port: server.port)
        try await socket.send(beginning)
        #expect(try await socket.receive() == [])
      }
    }
  }

  @Test func `headless --tls self-signed uploads to its own server intact`() async throws {
    let ended = try await Sluice.run(["headless", "--size", "3MiB"] + Self.selfSigned)
    #expect(ended.exit == .status(0), "\(ended)")
    #expect(try ended.events.first?.url?.hasPrefix("https://") == true)
    #expect(try ended.events.last?.uploads?.map(\.verdict) == ["intact", "intact", "intact", "intact"])
  }

  @Test func `unusable TLS options of serve and send exit with 2 or 64 and a message`() async throws {
    try await withTemporaryDirectory { directory in
      let none = directory.file("none.pem")
      let dir = directory.file("uploads")
      let files = ["--tls-cert", none, "--tls-key", none]
      let missing = try await Sluice.run(["serve", "--port", "0", "--dir", dir] + files)
      #expect(missing.exit == .status(2) && missing.errors.contains("none.pem"), "\(missing)")
      for (options, word) in [
        (["--tls-cert", none], "--tls-key"), (files + Self.selfSigned, "leave it out"),
        (Self.selfSigned + ["--host", "0.0.0.0", "--raw-port", "0", "--open"], "not encrypted"),
      ] {
        let ended = try await Sluice.run(["serve", "--port", "0", "--dir", dir] + options)
        #expect(ended.exit == .status(64) && ended.errors.contains(word), "\(ended)")
      }
      let ca = try await Sluice.run(["send", "f", "--to", "https://h", "--ca", none])
      #expect(ca.exit == .status(64) && ca.errors.contains("none.pem"), "\(ca)")
    }
  }
}
