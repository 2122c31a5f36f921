import Glibc
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// What a run with directories asks of a server.
@Suite(.timeLimit(.minutes(5))) struct TreeServerTests {
  /// Runs `body` with a server that responds to each request, and returns the requests, sorted.
  private func requests(
    _ respond: @escaping @Sendable (Peer.Request) -> (status: String, body: String),
    _ body: (String) async throws -> Void
  ) async throws -> [String] {
    let seen = Mutex<[String]>([])
    try await withServer { peer in
      let request = try peer.readHead()
      seen.withLock { $0.append("\(request.method) \(request.uri)") }
      let (status, body) = respond(request)
      try request.method == "HEAD" ? peer.respond(status) : peer.respond(status, body)
    } _: { server in
      try await body(server.url)
    }
    return seen.withLock { $0 }
  }

  private func request(_ url: String) throws -> ServerRequest {
    ServerRequest(resources: TestUploads().uploader.resources, target: try SendTarget(url))
  }

  private static func isMade(_ result: DirectoryMaker.Result) -> Bool { if case .made = result { true } else { false } }

  private static func isUnsupported(_ result: DirectoryMaker.Result) -> Bool {
    if case .unsupported = result { true } else { false }
  }

  // MARK: Empty directories

  @Test func `an empty directory is made with MKCOL, percent-encoded`() async throws {
    let seen = try await requests { _ in
      ("201 Created", "")
    } _: { url in
      let sluice = DirectoryMaker(try request(url))
      #expect(Self.isMade(await sluice.make("a b/" + NameBytes([0xFF]).losslessText)))
      let other = DirectoryMaker(try request(url + "/inbox/?k=v"))
      #expect(Self.isMade(await other.make("a")))
    }
    #expect(seen == ["MKCOL /files/a%20b/%FF/", "MKCOL /inbox/a/?k=v"])
  }

  @Test func `a directory that is made states its tree, so that the server makes it as it stores the tree's files`()
    async throws
  {
    let trees = Mutex<[String?]>([])
    _ = try await requests { request in
      trees.withLock { $0.append(request["Sluice-Tree"]) }
      return ("201 Created", "")
    } _: { url in
      var request = try request(url)
      request.group = UploadGroup(id: "k3v9", name: "photos", files: 2)
      #expect(Self.isMade(await DirectoryMaker(request).make("photos/empty")))
      #expect(Self.isMade(await DirectoryMaker(try self.request(url)).make("other")))
    }
    #expect(trees.withLock { $0 } == [#"id="k3v9", name="photos", files=2"#, nil])
  }

  @Test func `405 for a directory that exists shows that it was not made`() async throws {
    let seen = try await requests {
      $0.method == "MKCOL" ? ("405 Method Not Allowed", "") : ("200 OK", "")
    } _: { url in
      let maker = DirectoryMaker(try request(url))
      guard case .existed = await maker.make("a") else {
        Issue.record("it was made")
        return
      }
    }
    #expect(seen == ["MKCOL /files/a/", "HEAD /files/a/"])
  }

  @Test(arguments: ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented"])
  func `a server that makes no directories is asked once, and that is no failure`(status: String) async throws {
    let seen = try await requests {
      $0.method == "MKCOL" ? (status, "") : ("404 Not Found", "")
    } _: { url in
      let maker = DirectoryMaker(try request(url))
      for name in ["a", "b", "c"] { #expect(Self.isUnsupported(await maker.make(name))) }
    }
    #expect(seen.count { $0.hasPrefix("MKCOL") } == 1)
  }

  @Test func `a server that keeps no directories is no failure, but any other 403 is`() async throws {
    _ = try await requests { _ in
      ("403 Forbidden", #"{"msg":"This server keeps no directories (--flat). Send files with PUT /files/NAME."}"#)
    } _: { url in
      let outcome = await DirectoryMaker(try request(url)).make("a")
      #expect(Self.isUnsupported(outcome))
    }
    _ = try await requests { _ in
      ("403 Forbidden", #"{"msg":"No."}"#)
    } _: { url in
      guard case .failed = await DirectoryMaker(try request(url)).make("a") else {
        Issue.record("it did not fail")
        return
      }
    }
  }

  @Test func `missing parents are made where the server does not make them`() async throws {
    let made = Mutex<Set<String>>([])
    let seen = try await requests { request in
      let path = request.uri.split(separator: "/")
      let parent = path.dropLast().joined(separator: "/")
      return made.withLock { made in
        guard parent == "dav" || made.contains(parent) else { return ("409 Conflict", "") }
        made.insert(path.joined(separator: "/"))
        return ("201 Created", "")
      }
    } _: { url in
      let maker = DirectoryMaker(try request(url + "/dav/"))
      #expect(Self.isMade(await maker.make("a/b/c")))
    }
    #expect(seen == ["MKCOL /dav/a/b/c/", "MKCOL /dav/a/", "MKCOL /dav/a/b/", "MKCOL /dav/a/b/c/"])
  }

  @Test func `a rejected directory fails with the server's message`() async throws {
    _ = try await requests { _ in
      ("507 Insufficient Storage", #"{"msg":"The disk is full."}"#)
    } _: { url in
      guard case .failed(let error) = await DirectoryMaker(try request(url)).make("a") else {
        Issue.record("it was made")
        return
      }
      #expect(error.code == .refusedByServer && error.message.contains("The disk is full."))
    }
  }

  // MARK: Existing files

  private func source(_ path: String, as remotePath: String) throws -> UploadSource {
    var status = stat()
    try #require(lstat(path, &status) == 0)
    let stamp = FileStamp(status)
    var source = UploadSource.file(path)
    (source.remotePath, source.size, source.modified) = (remotePath, stamp.size, stamp.modifiedSeconds)
    return source
  }

  private static func listing(_ entries: String...) -> (status: String, body: String) {
    ("200 OK", #"{"files":["# + entries.joined(separator: ",") + "]}")
  }

  @Test func `a file exists with equal size and digest, or time where there is no digest`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(Array("hello".utf8), to: "f")
      var times = [timeval(tv_sec: 7, tv_usec: 0), timeval(tv_sec: 7, tv_usec: 0)]
      utimes(path, &times)
      let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
      let wrong = String(repeating: "0", count: 63) + "1"
      let entries = [
        #"{"url":"digest","size":5,"sha256":"\#(digest)","modified":"2000-01-01T00:00:00Z"}"#,
        #"{"url":"other","size":5,"sha256":"\#(wrong)","modified":"1970-01-01T00:00:07Z"}"#,
        #"{"url":"time","size":5,"sha256":null,"modified":"1970-01-01T00:00:07Z"}"#,
        #"{"url":"later","size":5,"sha256":null,"modified":"1970-01-01T00:00:08Z"}"#,
        #"{"url":"short","size":4,"sha256":null,"modified":"1970-01-01T00:00:07Z"}"#,
        #"{"url":"dir/","directory":true,"modified":"1970-01-01T00:00:07Z"}"#,
      ]
      let body = Self.listing(entries.joined(separator: ","))
      let seen = try await requests { _ in
        body
      } _: { url in
        let existing = ExistingFiles(try request(url))
        try await existing.checkAccess()
        for (name, wanted) in [
          ("digest", true), ("other", false), ("time", true), ("later", false), ("short", false), ("dir", false),
          ("missing", false),
        ] {
          let source = try source(path, as: name)
          let result = try await existing.presence(of: source)
          #expect(result == (wanted ? .exists : .missing), "\(name)")
        }
      }
      #expect(seen == ["GET /files/"])
    }
  }

  @Test func `only directories that the server has are listed, each once`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "f")
      let seen = try await requests { request in
        switch request.uri {
        case "/files/": Self.listing(#"{"url":"a/","directory":true}"#)
        case "/files/a/": Self.listing()
        default: ("404 Not Found", "")
        }
      } _: { url in
        let existing = ExistingFiles(try request(url))
        for name in ["a/x", "a/y", "a/b/c/z", "q/x"] {
          let source = try source(path, as: name)
          let result = try await existing.presence(of: source)
          #expect(result == .missing)
        }
      }
      #expect(seen == ["GET /files/", "GET /files/a/"])
    }
  }

  @Test func `a listing beyond the limit is an error, and others are read again`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "f")
      let file = #"{"url":"f","size":1}"#
      let seen = try await requests { request in
        request.uri == "/files/"
          ? Self.listing(#"{"url":"a/","directory":true}"#, file) : Self.listing(file, file, file, file)
      } _: { url in
        let existing = ExistingFiles(try request(url), limit: 4)
        let sources = try ["a/x", "x"].map { name in try source(path, as: name) }
        for source in sources { _ = try await existing.presence(of: source) }
        let small = ExistingFiles(try request(url), limit: 3)
        await #expect(throws: UploadError.self) { _ = try await small.presence(of: sources[0]) }
      }
      #expect(seen == ["GET /files/", "GET /files/a/", "GET /files/", "GET /files/", "GET /files/a/"])
    }
  }

  @Test(arguments: [
    ("401 Unauthorized", "", "does not allow"), ("403 Forbidden", "", "does not allow"),
    ("404 Not Found", "", "no listing"), ("405 Method Not Allowed", "", "no listing"),
    ("200 OK", "<html>files</html>", "no listing"), ("200 OK", #"{"files":["#, "no listing"),
  ])
  func `a server without a usable listing is an error that says so`(status: String, body: String, hint: String)
    async throws
  {
    _ = try await requests { _ in
      (status, body)
    } _: { url in
      let existing = ExistingFiles(try request(url))
      let error = await #expect(throws: UploadError.self) { try await existing.checkAccess() }
      #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
    }
  }

  @Test func `a listing may be longer than what is kept of other responses`() async throws {
    let many = (0..<5000).map { #"{"url":"file\#($0)","size":\#($0)}"# }.joined(separator: ",")
    try await withTemporaryDirectory { directory in
      let path = try directory.write([], to: "f")
      _ = try await requests { _ in
        Self.listing(many)
      } _: { url in
        let existing = ExistingFiles(try request(url))
        var source = try source(path, as: "file4999")
        (source.size, source.modified) = (4999, 0)
        // Its time is not listed.
        let result = try await existing.presence(of: source)
        #expect(result == .missing)
      }
    }
  }

  @Test(arguments: [
    ("a page", "a page", "no listing"), (#"{"files":["#, #"{"url":"a","size":1},"#, "more than 1000 files"),
  ])
  func `a listing without an end is given up`(beginning: String, more: String, hint: String) async throws {
    let text = String(repeating: more, count: 1000)
    let error = try await withServer { peer in
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + beginning)
      // Until the client closes the connection.
      while (try? peer.send(text)) != nil {}
    } _: { server in
      let existing = ExistingFiles(try request(server.url), limit: 1000)
      return await #expect(throws: UploadError.self) { try await existing.checkAccess() }
    }
    #expect(error?.message.contains(hint) == true)
  }

  // MARK: The feed

  @Test func `the feed hands out files, and reports everything else`() async throws {
    try await withTemporaryDirectory { directory in
      for name in ["t", "t/empty"] { mkdir(directory.file(name), 0o700) }
      for name in ["t/a", "t/b"] { try directory.write([1], to: name) }
      symlink("a", directory.file("t/l"))
      let events = Mutex<[String]>([])
      let seen = try await requests { _ in
        ("201 Created", "")
      } _: { url in
        let arguments: [TreeArgument] = [.directory(directory.file("t")), .directory(directory.file("gone"))]
        let feed = try await TestUploads().uploader.feed(
          arguments,
          rules: TreeRules(),
          to: try SendTarget(url),
          skipsExisting: false,
          group: UploadGroup(id: "k3v9", name: "t")
        ) { event in
          events.withLock { $0.append(Self.text(event)) }
        }
        var names: [String?] = []
        for await source in feed.sources { names.append(source.remotePath) }
        await feed.finish()
        #expect(feed.group?.id == "k3v9")
        #expect(Set(names) == ["t/a", "t/b"] && names.count == 2)
      }
      #expect(seen == ["MKCOL /files/t/empty/"])
      #expect(Set(events.withLock { $0 }) == ["skipped link", "made t/empty", "failed"])
    }
  }

  private static func text(_ event: TreeFeed.Event) -> String {
    switch event {
    case .exists(let source): "exists \(source.name)"
    case .unknown(let source): "unknown \(source.name)"
    case .skipped(_, let kind): "skipped \(kind)"
    case .failed: "failed"
    case .directoryMade(let path): "made \(path)"
    case .directoryExists(let path): "exists \(path)"
    case .directoryNotSent(let path): "not sent \(path)"
    case .directoryFailed(let path, _): "failed \(path)"
    }
  }

  @Test func `files are counted before they are sent`() async throws {
    try await withTemporaryDirectory { directory in
      mkdir(directory.file("t"), 0o700)
      for index in 0..<10 { try directory.write([UInt8](repeating: 0, count: index), to: "t/\(index)") }
      let uploader = TestUploads().uploader
      let count = await uploader.count([.directory(directory.file("t"))], rules: TreeRules()) { _ in }
      #expect(count?.files == 10 && count?.bytes == 45)
      let rules = TreeRules(excludes: [try GlobPattern("[5-9]")])
      let part = await uploader.count([.directory(directory.file("t"))], rules: rules) { _ in }
      #expect(part?.files == 5 && part?.bytes == 10)
    }
  }
}
