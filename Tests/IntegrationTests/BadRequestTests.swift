import Testing
import UploadTestSupport

/// Malformed requests, byte for byte: each gets a JSON response with a message, and nothing of it is stored.
@Suite(.curl) struct BadRequestTests {
  /// A request, and the status of its response.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]
    var status: Int

    init(_ name: String, _ status: Int, _ head: String, body: String = "") {
      testDescription = name
      self.status = status
      bytes = Array((head.split(separator: "\n").joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }

    /// A form with `body` as it stands, `Z` being its boundary.
    static func form(_ name: String, _ status: Int, _ body: String) -> Case {
      let lines = body.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
      return Case(
        name,
        status,
        """
        POST /file-upload HTTP/1.1
        Host: localhost
        Content-Type: multipart/form-data; boundary=Z
        Content-Length: \(lines.utf8.count)
        """,
        body: lines
      )
    }
  }

  private static let part = "Content-Disposition: form-data; name=\"a\"; filename=\"f.bin\""
  private static let put = "PUT /x HTTP/1.1\nHost: localhost\n"

  private static let filler = String(repeating: "x", count: 20_000)

  static let forms: [Case] = [
    Case(
      "no boundary",
      400,
      "POST /file-upload HTTP/1.1\nHost: localhost\nContent-Type: multipart/form-data\nContent-Length: 3",
      body: "abc"
    ),
    Case(
      "a boundary that is too long",
      400,
      "POST /file-upload HTTP/1.1\nHost: localhost\nContent-Type: multipart/form-data; boundary="
        + String(repeating: "b", count: 201) + "\nContent-Length: 3",
      body: "abc"
    ),
    Case(
      "no form at all",
      415,
      "POST /file-upload HTTP/1.1\nHost: localhost\nContent-Type: text/plain\nContent-Length: 3",
      body: "abc"
    ),
    .form("no part", 400, "--Z--\n"),
    .form("no file", 400, "--Z\nContent-Disposition: form-data; name=\"a\"\n\ntext\n--Z--\n"),
    .form("no file chosen", 400, "--Z\nContent-Disposition: form-data; name=\"a\"; filename=\"\"\n\n\n--Z--\n"),
    .form("no boundary in the body", 400, "something\nelse\n"),
    .form("no last boundary", 400, "--Z\n\(part)\n\nabc\n--Z\n\(part)\n\nabc\n"),
    .form("a longer boundary than declared", 400, "--Z\n\(part)\n\nabc\n--Zwei\n\(part)\n\nabc\n--Z--\n"),
    .form("a header line without a colon", 400, "--Z\n\(part)\nnonsense\n\nabc\n--Z--\n"),
    .form("a folded header line", 400, "--Z\n\(part);\n x=y\n\nabc\n--Z--\n"),
    .form("base64", 415, "--Z\n\(part)\nContent-Transfer-Encoding: base64\n\nYWJj\n--Z--\n"),
    .form(
      "a nested form",
      415,
      "--Z\nContent-Disposition: form-data; name=\"a\"\nContent-Type: multipart/mixed; boundary=Y\n\n"
        + "--Y\nContent-Disposition: file; filename=\"f\"\n\nabc\n--Y--\n--Z--\n"
    ),
    .form("an endless header", 413, "--Z\n\(part)\nX: \(String(repeating: "x", count: 9000))\n\nabc\n--Z--\n"),
    .form(
      "too many headers",
      413,
      "--Z\n\(part)\n" + String(repeating: "X: y\n", count: 17) + "\nabc\n--Z--\n"
    ),
    .form("a good file, then a broken part", 400, "--Z\n\(part)\n\nabc\n--Z\nnonsense\n\nabc\n--Z--\n"),
    .form(
      "a field that is too long",
      413,
      "--Z\nContent-Disposition: form-data; name=\"a\"\n\n\(String(repeating: "x", count: 70_000))\n--Z--\n"
    ),
  ]

  static let requests: [Case] = [
    Case("a part of a file", 400, put + "Content-Range: bytes 0-2/10\nContent-Length: 3", body: "abc"),
    Case("an encoded body", 415, put + "Content-Encoding: gzip\nContent-Length: 3", body: "abc"),
    Case("an unknown transfer coding", 501, put + "Transfer-Encoding: gzip, chunked", body: "3\r\nabc\r\n0\r\n\r\n"),
    Case("both lengths", 400, put + "Content-Length: 3\nTransfer-Encoding: chunked", body: "3\r\nabc\r\n0\r\n\r\n"),
    Case("two lengths", 400, put + "Content-Length: 3\nContent-Length: 4", body: "abcd"),
    Case("a negative length", 400, put + "Content-Length: -3", body: "abc"),
    Case("a length with a sign", 400, put + "Content-Length: +3", body: "abc"),
    Case("a length that is no number", 400, put + "Content-Length: three", body: "abc"),
    Case("a length beyond 64 bits", 400, put + "Content-Length: 99999999999999999999999", body: "abc"),
    Case("a chunk that is no number", 400, put + "Transfer-Encoding: chunked", body: "xyz\r\nabc\r\n0\r\n\r\n"),
    Case("a chunk longer than it says", 400, put + "Transfer-Encoding: chunked", body: "2\r\nabc\r\n0\r\n\r\n"),
    Case("no Host", 400, "PUT /x HTTP/1.1\nContent-Length: 3", body: "abc"),
    Case("two Hosts", 400, put + "Host: other\nContent-Length: 3", body: "abc"),
    Case("chunks in HTTP/1.0", 400, "PUT /x HTTP/1.0\nTransfer-Encoding: chunked", body: "3\r\nabc\r\n0\r\n\r\n"),
    Case("no file in the path", 400, "PUT / HTTP/1.1\nHost: localhost\nContent-Length: 3", body: "abc"),
    Case("only dots in the path", 400, "PUT /%2e%2e HTTP/1.1\nHost: localhost\nContent-Length: 3", body: "abc"),
    Case("a broken escape", 400, "PUT /x%zz HTTP/1.1\nHost: localhost\nContent-Length: 3", body: "abc"),
    Case("an endless field", 431, put + "X: \(filler)\nContent-Length: 3", body: "abc"),
    Case("too many fields", 431, put + String(repeating: "X: y\n", count: 200) + "Content-Length: 3", body: "abc"),
    Case("fields over 64 KiB together", 431, put + String(repeating: "X: \(filler.prefix(9000))\n", count: 8)),
    Case("an endless address", 414, "GET /\(filler) HTTP/1.1\nHost: localhost"),
    Case(
      "an endless address of a file",
      414,
      "PUT /\(filler) HTTP/1.1\nHost: localhost\nContent-Length: 3",
      body: "abc"
    ),
    Case("no HTTP", 400, "hello"),
    Case("a field with a space in its name", 400, put + "Bad Field: x\nContent-Length: 3", body: "abc"),
  ]

  @Test(arguments: forms) func `a malformed form is rejected and stores nothing`(request: Case) async throws {
    try await expectRejection(request)
  }

  @Test(arguments: requests) func `a malformed request is rejected and stores nothing`(request: Case) async throws {
    try await expectRejection(request)
  }

  /// The decoder does not report which limit on the fields was exceeded, so the message has to name all of them.
  @Test(arguments: [
    (put + String(repeating: "X: y\n", count: 129), ["16 KiB", "64 KiB", "128 fields"]),
    ("PUT /\(filler) HTTP/1.1", ["address", "16 KiB"]),
  ])
  func `request headers over a limit are rejected with a message that names the limits`(
    headers: String,
    words: [String]
  )
    async throws
  {
    try await withServer { server in
      let socket = try Socket(port: server.port)
      try await socket.send(Case("", 400, headers).bytes)
      let message = try #require(try await socket.receiveResponses().first).json.msg
      for word in words { #expect(message.contains(word), "\(message)") }
    }
  }

  /// The client sends the whole body before it reads, as many do: the response must not be lost by a reset.
  @Test(arguments: [(put + "X: \(filler)\n", 431), ("PUT /\(filler) HTTP/1.1\nHost: localhost\n", 414)])
  func `a client that sends 20 MiB behind headers over a limit receives the response`(headers: String, status: Int)
    async throws
  {
    try await withServer { server in
      let socket = try Socket(port: server.port)
      try await socket.send(Case("", status, headers + "Content-Length: 20971520").bytes)
      for _ in 0..<20 { try await socket.send([UInt8](repeating: 120, count: 1 << 20)) }
      #expect(try await socket.receiveResponses().first?.status == status)
      try await server.expectEmptyAndWell()
    }
  }

  private func expectRejection(_ request: Case) async throws {
    try await withServer { server in
      let socket = try Socket(port: server.port)
      try await socket.send(request.bytes)
      let reply = try #require(try await socket.receiveResponses().first)
      #expect(reply.status == request.status, "\(reply)")
      let response = try reply.json
      #expect(response.status == request.status && !response.ok && !response.msg.isEmpty && response.files == nil)
      try await server.expectEmptyAndWell()
    }
  }
}
