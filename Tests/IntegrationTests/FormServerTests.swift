import Testing
import UploadTestSupport

/// `sluice send` as a form to servers of others: field names of their own, and a redirect as the response.
@Suite struct FormServerTests {
  /// A server that parses a form with Python's own parser: the file in the field `files`, the directory in `path`. It
  /// responds with the status that it is told, and prints what it got.
  private static let script = """
    import email.parser, email.policy, hashlib, http.server, sys
    status = int(sys.argv[1])
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *args): pass
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            fields = b"Content-Type: " + self.headers["Content-Type"].encode() + b"\\r\\n\\r\\n"
            form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(fields + body)
            parts = {p.get_param("name", header="content-disposition"): p for p in form.iter_parts()}
            if "files" not in parts or "path" not in parts:
                print("missing", sorted(parts), flush=True)
                self.send_response(400)
            else:
                file = parts["files"].get_payload(decode=True)
                path = parts["path"].get_payload(decode=True).decode()
                print(path, parts["files"].get_filename(), hashlib.sha256(file).hexdigest(), flush=True)
                self.send_response(status)
                self.send_header("Location", "/done")
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
        do_PUT = do_POST
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
    """

  private func withFormServer(
    status: Int,
    _ body: (_ url: String, _ server: ProcessRunner, TemporaryDirectory) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let server = try ProcessRunner("python3", ["-c", Self.script, "\(status)"])
      let port = try await server.line { !$0.isEmpty }
      try await body("http://127.0.0.1:\(port)/upload", server, directory)
      server.signal(9)
      try await server.exit()
    }
  }

  @Test(arguments: [(201, "multipart"), (302, "multipart"), (303, "multipart"), (302, "buffered")])
  func `send posts the configured form fields; 201, 302 and 303 are success`(status: Int, mode: String) async throws {
    try await withFormServer(status: status) { url, server, directory in
      let file = try directory.random(70_000, to: "f")
      let ended = try await Sluice.run([
        "send", "--json", "--mode", mode, "--form-field", "files", "--form-value", "path=/in box=1", "--to", url, file,
      ])
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try ended.events.last?.uploads?.map(\.verdict) == ["accepted"])
      let line = "/in box=1 f \(try Digest.ofFile(file))"
      _ = try await server.line { $0 == line }
      #expect(server.lines.count == 2)
    }
  }

  @Test func `send without --form-field and --form-value fails at a server that requires other fields`() async throws {
    try await withFormServer(status: 201) { url, server, directory in
      let file = try directory.random(10, to: "f")
      let ended = try await Sluice.run(["send", "--mode", "multipart", "--to", url, file])
      #expect(ended.exit == .status(1), "\(ended)")
      _ = try await server.line { $0 == "missing ['file']" }
    }
  }

  @Test(arguments: [301, 307, 308])
  func `301, 307 and 308 in response to a form are failures that name the location`(status: Int) async throws {
    try await withFormServer(status: status) { url, _, directory in
      let file = try directory.random(10, to: "f")
      let ended = try await Sluice.run([
        "send", "--mode", "multipart", "--form-field", "files", "--form-value", "path=x", "--to", url, file,
      ])
      #expect(ended.exit == .status(1), "\(ended)")
      #expect(ended.errors.contains("/done"), "\(ended)")
    }
  }

  @Test(arguments: [302, 303])
  func `302 and 303 in response to a streamed body are failures`(status: Int) async throws {
    let ended = try await Sluice.send(size: 10, to: "/x") { connection in
      try await connection.receiveRequest(body: 10)
      try await connection.send(
        "HTTP/1.1 \(status) Found\r\nLocation: /done\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      )
      connection.finish()
    }
    #expect(ended.exit == .status(1), "\(ended)")
    #expect(ended.errors.contains("/done"), "\(ended)")
  }
}
