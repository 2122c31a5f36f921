import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Every endpoint once, through the real server, Hummingbird and a real disk.
@Suite struct EndpointTests {
  private func get(_ path: String, _ fields: [String] = [], _ server: RunningServer) async throws -> String {
    let text = request("GET " + path, ["Connection: close"] + fields)
    return try await WireClient.exchange(text, port: server.port)
  }

  @Test func `A stream, a form and a PUT are stored; a second file of the same name gets a number`() async throws {
    try await RunningServer.with { server in
      let client = try await WireClient(port: server.port)
      let bytes = SplitMix64.bytes(3_000_000)
      try await client.send(request("POST /stream-upload?name=s.bin", ["Content-Length: \(bytes.count)"]))
      try await client.send(bytes)
      try await client.wait(for: #""name":"s.bin","size":3000000"#)
      try await client.send(FormText.post(FormText.file("a.txt", "first"), FormText.file("a.txt", "second")))
      try await client.wait(
        for: #"[{"name":"a.txt","size":5,"type":"text/plain","url":"./files/a.txt"},{"name":"a (2).txt","size":6,"#
      )
      try await client.send(request("PUT /files/put.json", body: "{}"))
      try await client.wait(for: #"{"name":"put.json","size":2,"type":"application/json","url":"../files/put.json"}"#)
      try await client.close()
      #expect(try server.place.read("s.bin") == bytes)
      #expect(try server.place.read("a (2).txt") == Array("second".utf8))
      #expect(try server.place.names() == ["a (2).txt", "a.txt", "put.json", "s.bin"])
      #expect(server.ledger.totals(.incoming).finished == 4)
    }
  }

  @Test func `GET of pages, listings, health, metrics and unknown paths has the documented format`() async throws {
    try await RunningServer.with { server in
      try server.place.write(Array("hello".utf8), to: "a b.txt")
      let front = try await get("/", [], server)
      #expect(front.contains("<form ") && !front.contains("a%20b.txt"))
      let info = try await get("/info", [], server)
      #expect(info.contains("\r\nCache-Control: no-store\r\n") && info.contains(#"{"name":"Sluice","version":""#))
      let json = try await get("/files/", [], server)
      #expect(
        json.contains(
          #"{"files":[{"name":"a b.txt","url":"../files/a%20b.txt","size":5,"type":"text/plain","sha256":null,"modified":""#
        )
      )
      #expect(try await get("/files", [], server).contains(#"{"files":["#))
      let page = try await get("/files/", ["Accept: text/html"], server)
      #expect(page.contains("<table>") && !page.contains("<form "))
      #expect(try await get("/healthz", [], server).hasSuffix("\r\n\r\nok\n"))
      let metrics = try await get("/metrics", [], server)
      #expect(metrics.contains("# TYPE ") && metrics.hasSuffix("# EOF\n"))
      #expect(try await get("/nowhere", [], server).contains(#"{"status":404,"#))
      for path in ["/nowhere", "/files/none", "/files/%zz"] {
        let error = try await get(path, ["Accept: text/html"], server)
        #expect(error.contains("Content-Type: text/html; charset=utf-8\r\n") && error.contains("<h1>"), "\(path)")
        #expect(error.contains("X-Content-Type-Options: nosniff\r\n"))
      }
    }
  }

  @Test func `A download is an attachment, and respects Range, If-Range, If-None-Match and HEAD`() async throws {
    try await RunningServer.with { server in
      try server.place.write(Array("0123456789".utf8), to: "ü.txt")
      let whole = try await get("/files/%C3%BC.txt", [], server)
      #expect(whole.hasPrefix("HTTP/1.1 200 OK\r\n") && whole.hasSuffix("\r\n\r\n0123456789"))
      #expect(whole.contains("Content-Disposition: attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BC.txt\r\n"))
      #expect(whole.contains("X-Content-Type-Options: nosniff\r\n"))
      let tag = try #require(whole.split(separator: "\r\n").first { $0.hasPrefix("ETag: ") }?.dropFirst(6))
      let part = try await get("/files/%C3%BC.txt", ["Range: bytes=2-4"], server)
      #expect(part.hasPrefix("HTTP/1.1 206 ") && part.hasSuffix("\r\n\r\n234"))
      #expect(part.contains("Content-Range: bytes 2-4/10\r\n"))
      let none = try await get("/files/%C3%BC.txt", ["Range: bytes=10-"], server)
      let shown = try await get("/files/%C3%BC.txt", ["Range: bytes=10-", "Accept: text/html"], server)
      #expect(shown.contains("<h1>Range Not Satisfiable</h1>") && shown.contains("Content-Range: bytes */10\r\n"))
      #expect(none.hasPrefix("HTTP/1.1 416 ") && none.contains("Content-Range: bytes */10\r\n"))
      let same = try await get("/files/%C3%BC.txt", ["If-None-Match: \"x\", W/\(tag)"], server)
      #expect(same.hasPrefix("HTTP/1.1 304 ") && same.hasSuffix("\r\n\r\n"))
      let mine = try await get("/files/%C3%BC.txt", ["Range: bytes=2-4", "If-Range: \(tag)"], server)
      #expect(mine.hasPrefix("HTTP/1.1 206 "))
      let date = try #require(whole.split(separator: "\r\n").first { $0.hasPrefix("Last-Modified: ") }?.dropFirst(15))
      // The file may have changed twice within that second (RFC 9110 section 8.8.2.2).
      let dated = try await get("/files/%C3%BC.txt", ["Range: bytes=2-4", "If-Range: \(date)"], server)
      #expect(dated.hasPrefix("HTTP/1.1 200 ") && dated.hasSuffix("0123456789"))
      let other = try await get("/files/%C3%BC.txt", ["Range: bytes=2-4", "If-Range: \"x\""], server)
      #expect(other.hasPrefix("HTTP/1.1 200 ") && other.hasSuffix("0123456789"))
      let head = request("HEAD /files/%C3%BC.txt", ["Connection: close"])
      let headers = try await WireClient.exchange(head, port: server.port)
      #expect(headers.contains("Content-Length: 10\r\n") && headers.hasSuffix("\r\n\r\n"))
    }
  }

  @Test(arguments: ["bytes=2-4", "bytes=10-", "bytes=-3"])
  func `HEAD ignores Range and describes the whole file`(range: String) async throws {
    try await RunningServer.with { server in
      try server.place.write(Array("0123456789".utf8), to: "a.txt")
      let head = request("HEAD /files/a.txt", ["Connection: close", "Range: \(range)"])
      let headers = try await WireClient.exchange(head, port: server.port)
      #expect(headers.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(headers.contains("Content-Length: 10\r\n") && !headers.contains("Content-Range"))
    }
  }

  @Test(arguments: [
    "..%2Fsecret", "%2e%2e/secret", "..", "sub/..", "sub%2Fx", "%00", "link", "sub/link", ".sluice-1.part",
  ])
  func `Paths to anything but a visible file of the directory get 404`(path: String) async throws {
    try await withTemporaryDirectory { outside in
      try outside.write([1], to: "secret")
      try await RunningServer.with { server in
        try server.place.write([1], to: ".sluice-1.part")
        try FileTree.makeLink(to: outside.file("secret"), at: server.place.file("link"))
        try FileTree.makeDirectory(server.place.file("sub"))
        try server.place.write([1], to: "sub/x")
        let response = try await get("/files/" + path, [], server)
        #expect(response.hasPrefix("HTTP/1.1 404 "))
        #expect(response.contains(#""ok":false}"#))
      }
    }
  }

  @Test func `A malformed escape in a download's name gets 400`() async throws {
    try await RunningServer.with { server in
      let response = try await get("/files/%zz", [], server)
      #expect(response.hasPrefix("HTTP/1.1 400 "))
    }
  }

  @Test(arguments: ["/files/?format=tar", "/files/"])
  func `HEAD of what is made while it is sent states no length, and the connection serves the next request`(
    path: String
  ) async throws {
    try await RunningServer.with { server in
      try server.place.write(Array("hello".utf8), to: "a")
      // The response before is chunked, which must not show in the one to HEAD.
      let requests =
        request("GET /files/") + request("HEAD " + path) + request("GET /healthz", ["Connection: close"])
      let text = try await WireClient.exchange(requests, port: server.port)
      let responses = text.split(separator: "HTTP/1.1 200 OK\r\n")
      #expect(responses.count == 3, "\(text)")
      let head = try #require(responses.dropFirst().first)
      #expect(head.hasSuffix("\r\n\r\n") && head.split(separator: "\r\n\r\n").count == 1, "\(head)")
      #expect(!head.contains("Content-Length") && !head.lowercased().contains("transfer-encoding"), "\(head)")
      #expect(head.lowercased().contains("server: sluice"), "\(head)")
      #expect(text.hasSuffix("\r\n\r\nok\n"))
    }
  }
}
