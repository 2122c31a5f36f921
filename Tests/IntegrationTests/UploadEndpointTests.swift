import Testing
import UploadTestSupport

/// What each endpoint stores, responds and reports, with real curl.
@Suite(.curl) struct UploadEndpointTests {
  @Test func `a streamed body is stored under the name in the query`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(100_000, to: "source")
      let reply = try await Curl.run([
        "-X", "POST", "-T", path, "-H", "Content-Type: image/png", "\(server.url)/stream-upload?name=a%20b.png",
      ])
      #expect(reply.status == 201)
      #expect(
        reply.body
          == #"{"status":201,"msg":"file uploaded","ok":true,"files":"#
          + #"[{"name":"a b.png","size":100000,"type":"image/png","url":"./files/a%20b.png"}]}"# + "\n"
      )
      try server.expect("a b.png", equals: path)
      #expect(try server.uploads.names() == ["a b.png"])
      let finished = try #require(try await server.events { $0.event == "finished" }.first)
      let started = try #require(try server.events.first { $0.event == "started" })
      #expect(started.id == finished.id && started.direction == "incoming" && started.mode == "stream")
      #expect(started.size == 100_000 && started.sizeExact == true && started.declaredType == "image/png")
      #expect(finished.name == "a b.png" && finished.path == "a b.png" && finished.bytes == 100_000)
    }
  }

  @Test func `an upload without a name in the query gets that of Content-Disposition, or a new one`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(10, to: "source")
      let field = #"Content-Disposition: attachment; filename="wrong.txt"; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt"#
      let named = try await Curl.run(["-X", "POST", "-T", path, "-H", field, "\(server.url)/stream-upload"])
      #expect(named.isStored("grüße.txt", size: 10), "\(named)")
      let nameless = try await Curl.run([
        "-X", "POST", "-T", path, "-H", "Content-Type: application/pdf", "\(server.url)/stream-upload",
      ])
      let name = try #require(try nameless.json.files?.first?.name)
      #expect(name.hasSuffix(".pdf") && name != ".pdf")
      #expect(try server.uploads.names() == [name, "grüße.txt"].sorted())
    }
  }

  @Test func `PUT stores the body under the name in the path`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(5000, to: "source.bin")
      // A URL that ends in a slash gets the file's name from curl itself.
      let reply = try await Curl.run(["-T", path, "\(server.url)/"])
      #expect(reply.isStored("source.bin", size: 5000), "\(reply)")
      try server.expect("source.bin", equals: path)
    }
  }

  @Test func `PUT responds with 200 when it replaces a file, otherwise with 201`() async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      let old = try server.scratch.random(5000, to: "old")
      let new = try server.scratch.random(70, to: "new")
      #expect(try await Curl.run(["-T", old, "\(server.url)/x"]).isStored("x", size: 5000))
      #expect(try await Curl.run(["-T", new, "\(server.url)/x"]).isStored("x", size: 70, status: 200))
      try server.expect("x", equals: new)
      #expect(try server.uploads.names() == ["x"])
    }
  }

  @Test(arguments: [0, 1, 65_535, 65_536, 1 << 20, (1 << 20) + 1, 5_000_001])
  func `a chunked body is stored as one file`(size: Int) async throws {
    try await withServer { server in
      let bytes = SplitMix64.bytes(size)
      // From standard input, since curl sends no last chunk for an empty file.
      let reply = try await Curl.run(["-T", "-", "-H", "Expect:", "\(server.url)/chunked.bin"], input: bytes)
      #expect(reply.isStored("chunked.bin", size: size), "\(reply)")
      #expect(try Digest.ofFile(server.uploads.file("chunked.bin")) == Digest.of(bytes))
    }
  }

  @Test func `curl receives 100 Continue before it sends the body`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(3 << 20, to: "source")
      let reply = try await Curl.run(["--verbose", "-T", path, "\(server.url)/x"])
      #expect(reply.isStored("x", size: 3 << 20))
      #expect(reply.errors.contains("> Expect: 100-continue"))
      #expect(reply.errors.contains("< HTTP/1.1 100 Continue"), "\(reply)")
      try server.expect("x", equals: path)
    }
  }

  @Test func `HTTP/1.0 uploads are stored`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(2 << 20, to: "source")
      let reply = try await Curl.run(["--verbose", "--http1.0", "-T", path, "\(server.url)/x"])
      #expect(reply.isStored("x", size: 2 << 20), "\(reply)")
      #expect(!reply.errors.contains("100 Continue"))
      try server.expect("x", equals: path)
    }
  }

  @Test(arguments: ["full", "file", "none"])
  func `a form's files are stored with every --durability`(durability: String) async throws {
    try await withServer(["--durability", durability]) { server in
      let small = try server.scratch.random(1000, to: "small")
      let large = try server.scratch.random(5 << 20, to: "large")
      let reply = try await Curl.run(["-F", "a=@\(small)", "-F", "b=@\(large)", "\(server.url)/file-upload"])
      #expect(reply.status == 201, "\(reply)")
      try server.expect("small", equals: small)
      try server.expect("large", equals: large)
    }
  }
}
