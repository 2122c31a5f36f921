import Foundation
import Testing
import UploadTestSupport

/// What `example/` has to put a server behind, in front of, and under.
@Suite struct FrontExampleTests {
  static let token = "a-token-for-the-test"

  private static func example(_ path: String) throws -> String {
    try String(contentsOf: URL(filePath: "\(Sluice.package)/example/\(path)"), encoding: .utf8)
  }

  // MARK: nginx

  @Test(.curl, .nginx) func `behind nginx the server receives a body while the client still sends it`() async throws {
    try await withNginx { server, url in
      let path = try server.scratch.random(5_000_000, to: "a.bin")
      let bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
      let curl = try ProcessRunner(
        "curl",
        ["--silent", "--noproxy", "*", "-u", ":\(Self.token)", "-T", "-", "\(url)/a.bin"]
      )
      try curl.send(Array(bytes[..<2_000_000]))
      // The client has not come to its end, and most of what it sent is already there.
      try await server.events { $0.event == "progress" && $0.bytes ?? 0 > 1_000_000 }
      try curl.send(Array(bytes[2_000_000...]))
      curl.closeInput()
      #expect(try await curl.exit() == .status(0))
      try server.expect("a.bin", equals: path)
    }
  }

  @Test(.curl, .nginx) func `nginx passes the token and the client's address on and logs no token`() async throws {
    try await withNginx { server, url in
      let path = try server.scratch.random(100_000, to: "a.bin")
      #expect(try await Curl.run(["-T", path, "\(url)/a.bin"]).isRejection(401))
      let bearer = ["-H", "Authorization: Bearer \(Self.token)", "-H", "X-Forwarded-For: 203.0.113.9"]
      #expect(try await Curl.run(bearer + ["-T", path, "\(url)/a.bin"]).isStored("a.bin", size: 100_000))
      _ = try await server.process.line { $0.contains("\"remote\":\"203.0.113.9\"") }
      let form = try await Curl.run(["-F", "file=@\(path);filename=b.bin", "\(url)/file-upload?token=\(Self.token)"])
      #expect(form.isStored("b.bin", size: 100_000))
      try server.expect("b.bin", equals: path)
      let got = try await Curl.run(bearer + ["-o", server.scratch.file("got"), "\(url)/files/b.bin"])
      #expect(got.status == 200)
      #expect(try Digest.ofFile(server.scratch.file("got")) == Digest.ofFile(path))
      let log = String(decoding: try server.scratch.read("nginx.log"), as: UTF8.self)
      #expect(log.contains("POST /file-upload") && !log.contains(Self.token), "\(log)")
    }
  }

  @Test(.curl, .nginx)
  func `behind an nginx that rewrites Host, X-Forwarded-Host decides which origin is own`() async throws {
    let host = "proxy_set_header Host $http_host;"
    let rewritten = "proxy_set_header Host upstream.internal; proxy_set_header X-Forwarded-Host $http_host;"
    try await withNginx(editing: { $0.replacing(host, with: rewritten) }) { server, url in
      let path = try server.scratch.random(1000, to: "a.bin")
      let upload = ["-u", ":\(Self.token)", "-T", path, "\(url)/a.bin"]
      #expect(try await Curl.run(["-H", "Origin: \(url)"] + upload).isStored("a.bin", size: 1000))
      let foreign = try await Curl.run(["-H", "Origin: http://upstream.internal"] + upload)
      #expect(foreign.isRejection(403), "\(foreign)")
    }
  }

  @Test(.curl, .nginx) func `nginx passes on the 413 of an upload that is rejected by its length`() async throws {
    try await withNginx(["--max-size", "1MB"]) { server, url in
      let path = try server.scratch.random(30_000_000, to: "a.bin")
      let reply = try await Curl.run(["-u", ":\(Self.token)", "-T", path, "\(url)/a.bin"])
      #expect(reply.isRejection(413), "\(reply)")
      #expect(try server.uploads.names() == [])
    }
  }

  @Test(.curl, .nginx) func `nginx logs no token when the server is unreachable`() async throws {
    // No server listens on port 1.
    try await withNginx(upstream: "http://127.0.0.1:1") { server, url in
      let reply = try await Curl.run(["-F", "file=x", "\(url)/file-upload?token=\(Self.token)"])
      #expect(reply.status == 502, "\(reply)")
      for name in ["nginx.log", "nginx-error.log"] {
        let log = String(decoding: try server.scratch.read(name), as: UTF8.self)
        #expect(!log.contains(Self.token), "\(log)")
      }
    }
  }

  @Test(.curl, .nginx) func `behind an nginx with a path prefix all links of pages have that prefix`() async throws {
    try await withNginx(prefix: "/up/") { server, url in
      let path = try server.scratch.random(1000, to: "a.bin")
      let base = "\(url)/up/"
      let html = ["-H", "Accept: text/html"]
      var page = try await Curl.run(html + ["\(base)?token=\(Self.token)"])
      let action = try Self.attribute("action", of: page.body, relativeTo: base)
      #expect(action == "\(base)file-upload?token=\(Self.token)&paths=keep")
      page = try await Curl.run(html + ["-F", "file=@\(path)", action])
      #expect(page.status == 201, "\(page)")
      let file = try Self.attribute("href", of: page.body, relativeTo: action, containing: "a.bin")
      #expect(try await Curl.run(["-o", server.scratch.file("got"), file]).status == 200)
      #expect(try Digest.ofFile(server.scratch.file("got")) == Digest.ofFile(path))
      // The listing is a directory deeper.
      let listing = "\(base)files/?token=\(Self.token)"
      page = try await Curl.run(html + [listing])
      #expect(try Self.attribute("href", of: page.body, relativeTo: listing, containing: "a.bin") == file)
      // And so is an error page; its only link leads back.
      let missing = "\(base)files/none?token=\(Self.token)"
      page = try await Curl.run(html + [missing])
      #expect(page.status == 404)
      let back = try Self.attribute("href", of: page.body, relativeTo: missing)
      #expect(try await Curl.run(html + [back]).body.contains("<form "))
    }
  }

  /// The first attribute of that name, with this text in its value, as a browser resolves it.
  private static func attribute(
    _ name: String,
    of page: String,
    relativeTo base: String,
    containing text: String = ""
  ) throws -> String {
    let values = page.matches(of: /([a-z]+)="([^"]*)"/).filter { $0.1 == name }
    // The icon has a URL of its own.
    let value = try #require(
      values.map { String($0.2) }.first { !$0.hasPrefix("data:") && (text.isEmpty || $0.contains(text)) }
    )
    .replacing("&amp;", with: "&")
    return try #require(URL(string: value, relativeTo: URL(string: base))).absoluteURL.absoluteString
  }

  /// A server, and nginx in front of it with the example's configuration except for addresses and paths.
  func withNginx(
    _ options: [String] = [],
    upstream: String? = nil,
    prefix: String = "/",
    editing edit: (String) -> String = { $0 },
    _ body: (_ server: SluiceServer, _ url: String) async throws -> Void
  ) async throws {
    let access = ["--token", Self.token, "--trusted-proxy", "127.0.0.1"]
    try await withServer(access + ["--interval", "50ms"] + options) { server in
      let held = try HeldPort()
      let port = held.number
      let site = try Self.example("nginx/sluice.conf")
        .replacing("listen 80;", with: "listen 127.0.0.1:\(port);")
        .replacing("listen [::]:80;", with: "")
        .replacing("http://127.0.0.1:8080", with: (upstream ?? server.url) + (prefix == "/" ? "" : "/"))
        .replacing("location / {", with: "location \(prefix) {")
        .replacing("/var/log/nginx/sluice.log", with: server.scratch.file("nginx.log"))
        .replacing("/var/log/nginx/error.log", with: server.scratch.file("nginx-error.log"))
      try server.scratch.write(edit(site).utf8, to: "sluice.conf")
      let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path temporary_\($0);" }
      let main = """
        daemon off; pid nginx.pid; worker_processes 1; user root;
        events {}
        http { \(temporary.joined(separator: " ")) include sluice.conf; }
        """
      let file = try server.scratch.write(main.utf8, to: "nginx.conf")
      let nginx = try ProcessRunner("nginx", ["-e", "stderr", "-p", server.scratch.path, "-c", file])
      try await eventually("nginx") { (try? Socket(port: port)) != nil }
      try await body(server, "http://127.0.0.1:\(port)")
      nginx.signal(SIGTERM)
      #expect(try await nginx.exit() == .status(0), "\(nginx.errors)")
    }
  }

  // MARK: The form

  @Test(.curl) func `the example form uploads only when its origin is allowed`() async throws {
    let page = try Self.example("browser/form.html")
    #expect(!page.contains("<script"))
    let action = String(try #require(page.firstMatch(of: /action="([^"]*)" enctype="multipart\/form-data"/)).1)
    let field = try #require(page.firstMatch(of: /type="file" name="([^"]*)"/)).1
    for (options, status) in [([], 403), (["--allow-origin", "https://www.example"], 201)] {
      try await withServer(options) { server in
        let paths = try ["a.bin", "b.bin"].map { try server.scratch.random(100_000, to: $0) }
        let fields = paths.flatMap { ["-F", "\(field)=@\($0)"] }
        let url = action.replacing("http://127.0.0.1:8080", with: server.url)
        let reply = try await Curl.run(["-H", "Origin: https://www.example"] + fields + [url])
        #expect(reply.status == status, "\(reply)")
        if status == 201 {
          for path in paths { try server.expect(URL(filePath: path).lastPathComponent, equals: path) }
        }
      }
    }
  }

  // MARK: systemd

  @Test(.systemd) func `systemd accepts the example unit and rates it as confined`() async throws {
    try await withTemporaryDirectory { directory in
      // The program is where the test has it, and its manual page is not installed.
      let unit = try Self.example("systemd/sluice.service")
        .replacing("/usr/local/bin/sluice", with: Sluice.path)
        .replacing("Documentation=man:sluice(1)\n", with: "")
      let path = try directory.write(unit.utf8, to: "sluice.service")
      let verified = try await ProcessRunner.run("systemd-analyze", ["verify", path])
      #expect(verified.exit == .status(0) && verified.errors == "", "\(verified)")
      let security = ["security", "--offline=yes", "--threshold=20", "--no-pager", path]
      let judged = try await ProcessRunner.run("systemd-analyze", security)
      #expect(judged.exit == .status(0), "\(judged)")
    }
  }

  /// Traced while it receives uploads and reports their memory: a call that the unit denies would fail unnoticed.
  @Test(.systemd, .strace, .curl)
  func `the example unit permits every system call that the server makes`() async throws {
    var passed = try await systemCalls(in: "@default")
    for line in try Self.example("systemd/sluice.service").split(separator: "\n") {
      let (key, value) = (line.prefix { $0 != "=" }, line.drop { $0 != "=" }.dropFirst())
      guard key == "SystemCallFilter" else { continue }
      for word in value.drop(while: { $0 == "~" }).split(separator: " ") {
        let calls = try await systemCalls(in: String(word))
        passed = value.hasPrefix("~") ? passed.subtracting(calls) : passed.union(calls)
      }
    }
    try await withTemporaryDirectory { directory in
      let counts = directory.file("calls")
      // Detached: the server stays this process's child.
      let trace = "exec strace -D -f -c -U name -o '\(counts)' \"$@\""
      try await withServer(["--raw-port", "0", "--interval", "50ms"], prefix: ["sh", "-c", trace]) { server in
        let path = try server.scratch.random(20_000_000, to: "a.bin")
        #expect(try await Curl.run(["-T", path, "\(server.url)/"]).status == 201)
        #expect(try await Curl.run(["-F", "file=@\(path)", "\(server.url)/file-upload"]).status == 201)
        #expect(try await Curl.run(["-o", server.scratch.file("back"), "\(server.url)/files/a.bin"]).status == 200)
        let raw = try Socket(port: server.rawPort)
        try await raw.send(SplitMix64.bytes(300_000))
        // Not before its memory has been sampled: the other uploads may have been too quick for that.
        try await server.events { $0.event == "progress" && ($0.residentBytes ?? 0) > 0 }
        raw.finish()
        try await server.events(3) { $0.event == "finished" }
      }
      var made: Set<String> = []
      try await eventually("the counts") {
        let lines = (try? String(decoding: directory.read("calls"), as: UTF8.self))?.split(separator: "\n") ?? []
        made = Set(lines.map { $0.trimmingCharacters(in: .whitespaces) })
        return made.contains("total")
      }
      made = made.filter { $0.wholeMatch(of: /[a-z0-9_]+/) != nil }.subtracting(["syscall", "total"])
      #expect(made.isSuperset(of: ["mincore", "pwrite64", "linkat"]), "\(made)")
      #expect(made.subtracting(passed) == [])
    }
  }

  /// The names that systemd's name for a set stands for; a call's own stands for itself.
  private func systemCalls(in name: String) async throws -> Set<String> {
    guard name.hasPrefix("@") else { return [name] }
    let listed = try await ProcessRunner.run("systemd-analyze", ["--no-pager", "syscall-filter", name])
    #expect(listed.exit == .status(0), "\(listed)")
    var calls: Set<String> = []
    for line in listed.output.split(separator: "\n").dropFirst() {
      let word = line.trimmingCharacters(in: .whitespaces)
      if !word.hasPrefix("#") { calls.formUnion(try await systemCalls(in: word)) }
    }
    return calls
  }

  @Test(.bash, .curl, .openssl)
  func `the documented command generates tokens that serve accepts as SLUICE_TOKEN`() async throws {
    let line = try #require(try Self.example("systemd/sluice.env").firstMatch(of: /Make one with: (.*)/)?.output.1)
    // Random: one that is taken now and then is not enough.
    for _ in 0..<10 {
      let token = try await ProcessRunner.run("bash", ["-c", String(line)]).output
      try await withServer(environment: ["SLUICE_TOKEN": token.trimmingCharacters(in: .newlines)]) { server in
        let reply = try await Curl.run(["\(server.url)/files/"])
        #expect(reply.status == 401, "\(token)")
      }
    }
  }

  @Test func `each variable of the example unit sets an option of serve`() async throws {
    let lines = try Self.example("systemd/sluice.env").split(separator: "\n").map { line in
      line.hasPrefix("#SLUICE_") ? line.dropFirst() : line
    }
    let pairs = lines.filter { $0.hasPrefix("SLUICE_") }.map {
      $0.split(separator: "=", omittingEmptySubsequences: false)
    }
    #expect(pairs.count > 3)
    let help = try await Sluice.run(["help", "serve"]).output
    for pair in pairs {
      let option = pair[0].dropFirst("SLUICE_".count).lowercased().replacing("_", with: "-")
      #expect(help.contains("--\(option) "), "\(pair[0])")
    }
  }
}
