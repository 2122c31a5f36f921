import Testing
import UploadTestSupport

/// The requests of existing clients, replayed as their sources and their connections show them.
@Suite struct ResumableClientTests {
  private static let content = SplitMix64.bytes(300_000)

  /// Sends a request line and header fields as they are given, one in each line, and a body.
  private func send(_ server: SluiceServer, _ head: String, body: [UInt8] = []) async throws -> HTTPResponse {
    let method = String(head.prefix { $0 != " " })
    let socket = try Socket(port: server.port)
    let text = head.replacing("\n", with: "\r\n").replacing("{port}", with: "\(server.port)") + "\r\n\r\n"
    try await socket.send(Array(text.utf8) + body)
    return try await socket.finalResponse(to: method)
  }

  private func path(_ created: HTTPResponse, _ server: SluiceServer) throws -> String {
    #expect(created.status == 201, "\(created)")
    #expect(created.field("Location")?.hasPrefix("http://127.0.0.1:\(server.port)/uploads/") == true, "\(created)")
    return try ResumableUpload(.tus, port: server.port, created: created).path
  }

  /// A body in chunks, as Node writes one whose length it is not told.
  private func chunked(_ bytes: [UInt8]) -> [UInt8] {
    var body: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 65_536) {
      let chunk = bytes[start..<min(start + 65_536, bytes.count)]
      body += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + Array(chunk) + Array("\r\n".utf8)
    }
    return body + Array("0\r\n\r\n".utf8)
  }

  @Test func `tus-js-client in Node completes an upload in chunks`() async throws {
    try await withServer { server in
      let created = try await send(
        server,
        """
        POST /uploads/ HTTP/1.1
        Tus-Resumable: 1.0.0
        Upload-Length: \(Self.content.count)
        Upload-Metadata: filename \("große Datei.bin".base64),filetype \("application/octet-stream".base64)
        Host: 127.0.0.1:{port}
        Connection: keep-alive
        Content-Length: 0
        """
      )
      let path = try self.path(created, server)
      let common = "Tus-Resumable: 1.0.0\nHost: 127.0.0.1:{port}\nConnection: keep-alive"
      let append = "Content-Type: application/offset+octet-stream\nTransfer-Encoding: chunked"
      var patched = try await send(
        server,
        "PATCH \(path) HTTP/1.1\n\(common)\nUpload-Offset: 0\n\(append)",
        body: chunked(Array(Self.content[..<100_000]))
      )
      #expect(patched.status == 204 && patched.field("Upload-Offset") == "100000", "\(patched)")
      let found = try await send(server, "HEAD \(path) HTTP/1.1\n\(common)")
      // It stops where offset or length cannot be parsed.
      #expect(found.status == 200 && found.field("Upload-Offset") == "100000", "\(found)")
      #expect(found.field("Upload-Length") == "\(Self.content.count)")
      patched = try await send(
        server,
        "PATCH \(path) HTTP/1.1\n\(common)\nUpload-Offset: 100000\n\(append)",
        body: chunked(Array(Self.content[100_000...]))
      )
      #expect(patched.status == 204 && patched.field("Upload-Offset") == "\(Self.content.count)", "\(patched)")
      try server.uploads.expectOnly("große Datei.bin", Self.content)
    }
  }

  @Test func `Uppy in a browser passes its preflight and completes an upload with POST for PATCH`() async throws {
    try await withServer(["--allow-origin", "https://app.example"]) { server in
      let origin = "Host: 127.0.0.1:{port}\nOrigin: https://app.example\nSec-Fetch-Mode: cors\nAccept: */*"
      for (target, method, asked) in [
        ("/uploads", "POST", "tus-resumable,upload-length,upload-metadata"),
        ("/uploads/AAAAAAAAAAAAAAAAAAAAAA", "PATCH", "content-type,tus-resumable,upload-offset"),
        ("/uploads/AAAAAAAAAAAAAAAAAAAAAA", "DELETE", "tus-resumable"),
      ] {
        let asking = "Access-Control-Request-Method: \(method)\nAccess-Control-Request-Headers: \(asked)"
        let allowed = try await send(server, "OPTIONS \(target) HTTP/1.1\n\(origin)\n\(asking)")
        #expect(allowed.status == 200 || allowed.status == 204, "\(allowed)")
        #expect(allowed.field("Access-Control-Allow-Origin") == "https://app.example", "\(allowed)")
        #expect(allowed.field("Access-Control-Allow-Methods")?.contains(method) == true, "\(allowed)")
        let fields = allowed.field("Access-Control-Allow-Headers")?.lowercased() ?? ""
        for field in asked.split(separator: ",") {
          #expect(fields.contains(String(field)) || fields == "*", "\(allowed)")
        }
      }
      let created = try await send(
        server,
        """
        POST /uploads HTTP/1.1
        \(origin)
        Tus-Resumable: 1.0.0
        Upload-Length: \(Self.content.count)
        Upload-Metadata: relativePath bnVsbA==,name eA==,type ,filetype \("text/plain".base64),filename eA==
        Content-Length: 0
        """
      )
      let exposed = created.field("Access-Control-Expose-Headers")?.lowercased() ?? ""
      for field in ["location", "upload-offset", "upload-length", "tus-resumable", "upload-metadata"] {
        #expect(exposed.contains(field), "\(created)")
      }
      let path = try self.path(created, server)
      let patched = try await send(
        server,
        """
        POST \(path) HTTP/1.1
        \(origin)
        X-HTTP-Method-Override: PATCH
        Tus-Resumable: 1.0.0
        Upload-Offset: 0
        Content-Type: application/offset+octet-stream
        Content-Length: \(Self.content.count)
        """,
        body: Self.content
      )
      #expect(patched.status == 204 && patched.field("Upload-Offset") == "\(Self.content.count)", "\(patched)")
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  /// Version 5 is what it calls draft 03, version 6 what it calls draft 05.
  @Test(arguments: [("5", ""), ("6", "\nContent-Type: application/partial-upload")])
  func `tus-js-client with the protocol of the IETF completes an upload`(version: String, type: String) async throws {
    try await withServer { server in
      let common = "Host: 127.0.0.1:{port}\nConnection: keep-alive\nUpload-Draft-Interop-Version: \(version)"
      let length = "Upload-Length: \(Self.content.count)"
      let created = try await send(
        server,
        "POST /stream-upload?name=x HTTP/1.1\n\(common)\n\(length)\nUpload-Complete: ?0\nContent-Length: 0"
      )
      let path = try self.path(created, server)
      var offset = 0
      for end in [70_001, Self.content.count] {
        let isLast = end == Self.content.count
        let fields = "Upload-Offset: \(offset)\(type)\nUpload-Complete: \(isLast ? "?1" : "?0")"
        let patched = try await send(
          server,
          "PATCH \(path) HTTP/1.1\n\(common)\n\(fields)\nContent-Length: \(end - offset)",
          body: Array(Self.content[offset..<end])
        )
        #expect((200..<300).contains(patched.status) && patched.field("Upload-Offset") == "\(end)", "\(patched)")
        offset = end
        let found = try await send(server, "HEAD \(path) HTTP/1.1\n\(common)")
        #expect((200..<300).contains(found.status) && found.field("Upload-Offset") == "\(end)", "\(found)")
      }
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  /// With the empty metadata field that it sends when it is given none.
  @Test func `tuspy's requests with checksums complete an upload`() async throws {
    try await withServer { server in
      let common = """
        Host: 127.0.0.1:{port}
        User-Agent: python-requests/2.28.1
        Accept-Encoding: gzip, deflate
        Accept: */*
        Connection: keep-alive
        """
      let creation = "Tus-Resumable: 1.0.0\nupload-length: 5\nupload-metadata: \nContent-Length: 0"
      let path = try self.path(try await send(server, "POST /uploads HTTP/1.1\n\(common)\n\(creation)"), server)
      let fields =
        "upload-offset: 0\nContent-Type: application/offset+octet-stream\nTus-Resumable: 1.0.0"
        + "\nupload-checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00="
      let wrong = try await send(
        server,
        "PATCH \(path) HTTP/1.1\n\(common)\n\(fields)\nContent-Length: 5",
        body: Array("jello".utf8)
      )
      #expect(wrong.status == 460, "\(wrong)")
      let found = try await send(server, "HEAD \(path) HTTP/1.1\n\(common)\nTus-Resumable: 1.0.0")
      #expect(found.field("Upload-Offset") == "0", "\(found)")
      let right = try await send(
        server,
        "PATCH \(path) HTTP/1.1\n\(common)\n\(fields)\nContent-Length: 5",
        body: Array("hello".utf8)
      )
      #expect(right.status == 204 && right.field("Upload-Offset") == "5", "\(right)")
      let name = try #require(try server.uploads.visibleNames().first)
      try server.uploads.expectOnly(name, Array("hello".utf8))
    }
  }

  @Test(.tuspy) func `tuspy itself completes an upload that is interrupted three times`() async throws {
    let script = """
      import sys
      from tusclient import client
      endpoint, path = sys.argv[1:]
      uploader = client.TusClient(endpoint).uploader(
          path, chunk_size=1_000_000, retries=20, retry_delay=0.1, metadata={"filename": "x"}
      )
      uploader.upload()
      """
    try await withServer { server in
      let path = try server.scratch.random(5_000_003, to: "source")
      let faults: [FaultyProxy.Fault] = [.reset(at: 500_000), .reset(at: 50_000), .reset(at: 900_000)]
      // The upload's URL leads through the proxy as well: it is that of the request's Host.
      try await FaultyProxy.with(faults, target: server.port) { proxy in
        let arguments = ["-c", script, "http://127.0.0.1:\(proxy.port)/uploads", path]
        let environment = ["no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"]
        let ended = try await ProcessRunner.run("python3", arguments, environment: environment)
        #expect(ended.exit == .status(0), "\(ended)")
        #expect(proxy.faultsLeft == 0)
      }
      try server.expect("x", equals: path)
      #expect(try server.uploads.visibleNames() == ["x"])
    }
  }
}
