import Testing
import UploadTestSupport

/// Forms, as curl and browsers send them.
@Suite(.curl) struct FormTests {
  @Test func `all files of a form are stored, and its text field is ignored`() async throws {
    try await withServer { server in
      let sizes = [0, 1, 70_000, 3 << 20]
      let paths = try sizes.map { try server.scratch.random($0, to: "file-\($0)") }
      let reply = try await Curl.run(
        ["-F", "comment=no file"] + paths.flatMap { ["-F", "files=@\($0);type=text/csv"] }
          + ["\(server.url)/file-upload"]
      )
      #expect(reply.status == 201)
      #expect(try reply.json.files?.map(\.name) == sizes.map { "file-\($0)" })
      #expect(try reply.json.files?.map(\.size) == sizes.map { UInt64($0) })
      #expect(try reply.json.files?.map(\.type) == sizes.map { _ in "text/csv" })
      for (path, size) in zip(paths, sizes) { try server.expect("file-\(size)", equals: path) }
      #expect(try server.uploads.names() == sizes.map { "file-\($0)" }.sorted())
      let finished = try await server.events(4) { $0.event == "finished" && $0.mode == "multipart" }
      let started = try server.events.filter { $0.event == "started" }
      #expect(Set(started.map(\.request)).count == 1)
      #expect(Set(finished.map(\.id)) == Set(started.map(\.id)) && started.count == 4)
    }
  }

  @Test func `the size of a form's only file is estimated from the request's length`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(200_000, to: "only")
      let reply = try await Curl.run(["-F", "file=@\(path)", "\(server.url)/file-upload"])
      #expect(reply.isStored("only", size: 200_000), "\(reply)")
      let started = try #require(try await server.events { $0.event == "started" }.first)
      #expect(started.size == 200_000 && started.sizeExact == false && started.mode == "multipart")
    }
  }

  @Test func `with --max-files 100 a form of 100 files is stored, and one of 101 gets 413`() async throws {
    try await withServer(["--max-files", "100"]) { server in
      let path = try server.scratch.random(100, to: "f")
      let fields = (1...101).map { "file=@\(path);filename=\($0)" }
      let many = try await Curl.run(fields.flatMap { ["-F", $0] } + ["\(server.url)/file-upload"])
      #expect(many.isRejection(413) && many.body.contains("more than 100 files"), "\(many)")
      #expect(try server.uploads.names() == [])
      let enough = try await Curl.run(fields.dropLast().flatMap { ["-F", $0] } + ["\(server.url)/file-upload"])
      #expect(enough.status == 201)
      #expect(try enough.json.files?.count == 100)
      #expect(try server.uploads.names() == (1...100).map(String.init).sorted())
      for number in 1...100 { try server.expect("\(number)", equals: path) }
    }
  }

  @Test func `a form in chunks, without a declared length, is stored`() async throws {
    try await withServer { server in
      let bytes = SplitMix64.bytes(50_000)
      let reply = try await Curl.run(
        ["-H", "Transfer-Encoding: chunked", "-F", "file=@-;filename=piped.bin", "\(server.url)/file-upload"],
        input: bytes
      )
      #expect(reply.isStored("piped.bin", size: bytes.count), "\(reply)")
      #expect(try server.uploads.read("piped.bin") == bytes)
    }
  }

  @Test func `a browser's form gets 201 and an HTML page with escaped names`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(100, to: "f")
      let reply = try await Curl.run([
        "--verbose", "-H", "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
        "-F", "file=@\(path);filename=<script>alert(1)<!.html", "\(server.url)/file-upload",
      ])
      #expect(reply.status == 201)
      #expect(reply.errors.lowercased().contains("< content-type: text/html; charset=utf-8"))
      #expect(reply.body.hasPrefix("<!doctype html>"))
      #expect(!reply.body.contains("<script"))
      #expect(reply.body.contains("&lt;script&gt;alert(1)&lt;!.html"), "\(reply.body)")
      #expect(try server.uploads.names() == ["<script>alert(1)<!.html"])
    }
  }

  /// Between two parts, or behind the last, it is the client that is waited for.
  @Test func `a client that stops sending after a complete part is reported as stalled`() async throws {
    try await withServer(["--stall-after", "1s"]) { server in
      let socket = try Socket(port: server.port)
      let type = "Content-Type: multipart/form-data; boundary=Z"
      try await socket.send(RequestHead.bytes("POST", "/file-upload", [type, "Content-Length: 10000"]))
      try await socket.send(
        "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f.bin\"\r\n\r\nabc\r\n--Z\r\n"
      )
      let stalled = try await server.events { $0.event == "stalled" }
      #expect(stalled.first?.cause == "client")
    }
  }

  @Test func `two parts with one file name are both stored`() async throws {
    try await withServer { server in
      let first = try server.scratch.random(100, to: "first")
      let second = try server.scratch.random(100, to: "second")
      let reply = try await Curl.run([
        "-F", "a=@\(first);filename=x.tar.gz", "-F", "b=@\(second);filename=x.tar.gz", "\(server.url)/file-upload",
      ])
      #expect(try reply.json.files?.map(\.name) == ["x.tar.gz", "x (2).tar.gz"])
      try server.expect("x.tar.gz", equals: first)
      try server.expect("x (2).tar.gz", equals: second)
    }
  }
}
