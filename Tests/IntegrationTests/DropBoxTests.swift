import Foundation
import Testing
import UploadTestSupport

/// A server on which only the owner may read, and the cookie of browsers, with real clients.
@Suite(.curl) struct DropBoxTests {
  private static let visitor = "visitor-token"
  private static let owner = "owner-token-1"
  private static let tokens = ["--drop-box", "--token", visitor, "--admin-token", owner]

  private func bearer(_ token: String) -> [String] { ["-H", "Authorization: Bearer \(token)"] }

  @Test func `a visitor may upload by every way, and neither list nor download`() async throws {
    try await withServer(Self.tokens) { server in
      let path = try server.scratch.random(1000, to: "f")
      let visitor = bearer(Self.visitor)
      #expect(try await Curl.run(visitor + ["-T", path, "\(server.url)/a"]).isStored("a", size: 1000))
      #expect(try await Curl.run(visitor + ["-F", "file=@\(path)", "\(server.url)/file-upload"]).status == 201)
      for target in ["/files/", "/files/a", "/files/?format=tar", "/metrics", "/%66iles/a", "//files/a"] {
        let reply = try await Curl.run(visitor + [server.url + target])
        #expect(reply.status == 403, "\(target)")
        #expect(!reply.body.contains("\"files\""), "\(target)")
        #expect(try await Curl.run(bearer(Self.owner) + [server.url + target]).status != 403, "\(target)")
      }
      let listing = try await Curl.run(bearer(Self.owner) + ["\(server.url)/files/"])
      #expect(listing.status == 200 && listing.body.contains("\"name\":\"f\""))
      let read = try await Curl.run(["-u", ":\(Self.owner)", "-o", "/dev/null", "\(server.url)/files/a"])
      #expect(read.status == 200)
    }
  }

  @Test func `a visitor's resumable upload is continued by its URL`() async throws {
    try await withServer(Self.tokens) { server in
      let path = try server.scratch.random(3_000_000, to: "f")
      let create = bearer(Self.visitor) + ["-i", "-X", "PUT", "-H", "Upload-Complete: ?0", "-H", "Content-Length: 0"]
      let created = try await Curl.run(create + ["\(server.url)/a"])
      let location = try #require(created.body.firstMatch(of: /(?i)location: (\S+)/)).1
      let state = try await Curl.run(bearer(Self.visitor) + ["-I", String(location)])
      #expect(state.status == 204)
      let append = [
        "-X", "PATCH", "-H", "Content-Type: application/partial-upload", "-H", "Upload-Offset: 0", "-H",
        "Upload-Complete: ?1", "--data-binary", "@\(path)", String(location),
      ]
      #expect(try await Curl.run(bearer(Self.visitor) + append).isStored("a", size: 3_000_000))
      try server.expect("a", equals: path)
    }
  }

  @Test func `without options the owner's token is generated and printed, and loopback gives no rights`() async throws {
    try await withServer(["--drop-box"]) { server in
      let line = try #require(server.process.lines.first)
      let token = try #require(line.firstMatch(of: /"adminToken":"([a-z2-7]{26})"/)).1
      #expect(line.contains(#""token":null"#))
      let path = try server.scratch.random(1000, to: "f")
      #expect(try await Curl.run(["-T", path, "\(server.url)/a"]).isStored("a", size: 1000))
      #expect(try await Curl.run(["\(server.url)/files/"]).isRejection(401))
      let forwarded = ["-H", "X-Forwarded-For: 127.0.0.1", "\(server.url)/files/"]
      #expect(try await Curl.run(forwarded).isRejection(401))
      #expect(try await Curl.run(bearer(String(token)) + ["\(server.url)/files/"]).status == 200)
    }
  }

  @Test func `a browser's cookie opens links to files, and nothing else`() async throws {
    try await withServer(["--token", Self.visitor]) { server in
      let path = try server.scratch.random(1000, to: "f")
      let jar = server.scratch.file("jar")
      #expect(try await Curl.run(bearer(Self.visitor) + ["-T", path, "\(server.url)/a"]).status == 201)
      let session = ["-X", "POST", "--cookie-jar", jar, "\(server.url)/session"]
      #expect(try await Curl.run(bearer(Self.visitor) + session).status == 204)
      let cookies = try String(contentsOfFile: jar, encoding: .utf8)
      #expect(cookies.contains("#HttpOnly_127.0.0.1\tFALSE\t/files\tFALSE\t0\tsluice-\(server.port)\t"), "\(cookies)")
      #expect(!cookies.contains(Self.visitor))
      for target in ["/files/", "/files/a"] {
        let reply = try await Curl.run(["--cookie", jar, "-o", "/dev/null", server.url + target])
        #expect(reply.status == 200, "\(target)")
      }
      // Sent by hand, as a browser would not.
      let pair = try #require(cookies.split(separator: "\n").last).split(separator: "\t").suffix(2)
      let field = ["-H", "Cookie: \(pair.joined(separator: "="))"]
      #expect(try await Curl.run(field + ["\(server.url)/files/"]).status == 200)
      #expect(try await Curl.run(field + ["-T", path, "\(server.url)/files/b"]).isRejection(401))
      #expect(try await Curl.run(field + ["\(server.url)/metrics"]).isRejection(401))
      #expect(try server.uploads.names() == ["a"])
    }
  }

  @Test func `over TLS the cookie is sent over TLS alone`() async throws {
    try await withServer(["--token", Self.visitor, "--tls", "self-signed"]) { server in
      let reply = try await Curl.run(bearer(Self.visitor) + ["-k", "-i", "-X", "POST", "\(server.url)/session"])
      #expect(reply.body.contains("; HttpOnly; SameSite=Strict; Path=/files; Secure"))
    }
  }

  @Test func `the sender's name is in the events, and names the directory of the file`() async throws {
    try await withServer(["--per-sender"]) { server in
      let path = try server.scratch.random(1000, to: "f")
      let named = ["-H", "Sluice-Sender: Anna%20M%C3%BCller", "-T", path, "\(server.url)/photos/a"]
      #expect(try await Curl.run(named).isStored("Anna Müller/photos/a", size: 1000))
      let form = ["-F", "sender=Ben", "-F", "file=@\(path)", "\(server.url)/file-upload"]
      #expect(try await Curl.run(form).isStored("Ben/f", size: 1000))
      #expect(try await Curl.run(["-T", path, "\(server.url)/b"]).isStored("unknown/b", size: 1000))
      try await server.events(3) { $0.event == "finished" }
      let senders = try server.events.filter { $0.event == "finished" }.map(\.sender)
      #expect(senders == ["Anna Müller", "Ben", nil])
      #expect(try server.uploads.names() == ["Anna Müller", "Ben", "unknown"])
      let read = try await Curl.run(["-o", "/dev/null", "\(server.url)/files/Anna%20M%C3%BCller/photos/a"])
      #expect(read.status == 200)
    }
  }

  @Test func `with --flat the files of a sender are listed and downloaded in its directory`() async throws {
    try await withServer(["--per-sender", "--flat"]) { server in
      let path = try server.scratch.random(1000, to: "f")
      let stored = try await Curl.run(["-H", "Sluice-Sender: Anna", "-T", path, "\(server.url)/photos/a"])
      #expect(stored.isStored("Anna/a", size: 1000), "\(stored)")
      #expect(stored.body.contains(#""url":"../files/Anna/a""#))
      #expect(try await Curl.run(["\(server.url)/files/"]).body.contains(#""name":"Anna/""#))
      #expect(try await Curl.run(["-o", "/dev/null", "\(server.url)/files/Anna/a"]).status == 200)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a resumable upload keeps its sender and directory when its server restarts with other options`(
    kind: ResumableProtocol
  ) async throws {
    try await withTemporaryDirectory { directory in
      var server = try await RestartedServer.start(in: directory.path, options: ["--per-sender"])
      var upload = try await ResumableUpload.create(kind, port: server.port, length: 3, fields: ["Sluice-Sender: Anna"])
      try await server.kill()
      server = try await RestartedServer.start(in: directory.path)
      upload.port = server.port
      let stored = try await upload.append([1, 2, 3], at: 0)
      #expect(stored.status == kind.storedStatus, "\(stored)")
      let line = try await server.process.line { $0.contains("\"event\":\"finished\"") }
      #expect(line.contains(#""sender":"Anna""#) && line.contains(#""path":"Anna/x""#), "\(line)")
      try await server.stop()
      #expect(try directory.read("Anna/x") == [1, 2, 3])
    }
  }
}
