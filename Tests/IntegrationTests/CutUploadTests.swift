import Glibc
import Testing
import UploadTestSupport

/// Bodies that end before they are complete: nothing of them is stored, and the server continues.
@Suite(.curl) struct CutUploadTests {
  /// How a body is framed.
  enum Framing: CaseIterable {
    case length, chunks, form

    /// A request for a file of `size` bytes, and where in it the file's bytes lie.
    func request(size: Int) -> (bytes: [UInt8], file: Range<Int>) {
      let file = SplitMix64.bytes(size)
      let (head, tail): ([UInt8], [UInt8])
      switch self {
      case .length: (head, tail) = (RequestHead.bytes("PUT", "/x", ["Content-Length: \(size)"]), [])
      case .chunks:
        let first = RequestHead.bytes("PUT", "/x", ["Transfer-Encoding: chunked"])
        (head, tail) = (first + Array("\(String(size, radix: 16))\r\n".utf8), Array("\r\n0\r\n\r\n".utf8))
      case .form:
        let part = "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x\"\r\n\r\n"
        tail = Array("\r\n--Z--\r\n".utf8)
        let fields = [
          "Content-Type: multipart/form-data; boundary=Z", "Content-Length: \(part.utf8.count + size + tail.count)",
        ]
        head = RequestHead.bytes("POST", "/file-upload", fields) + Array(part.utf8)
      }
      return (head + file + tail, head.count..<head.count + size)
    }
  }

  /// Bytes sent of a file of 3 MiB: none, a few, part of a slab, up to the edge of a slab, all but one.
  private static let cuts = [0, 1, 65_536, 1_500_000, 2 << 20, (3 << 20) - 1]

  @Test(arguments: Framing.allCases, cuts)
  func `a body that ends early with FIN gets 400 and stores nothing`(framing: Framing, cut: Int) async throws {
    try await withServer { server in
      let request = framing.request(size: 3 << 20)
      let socket = try Socket(port: server.port)
      try await socket.send(Array(request.bytes[..<(request.file.lowerBound + cut)]))
      socket.finish()
      let reply = HTTPResponse.parse(try await socket.receive())
      #expect(reply.map(\.status) == [400])
      #expect(try reply.first?.json.ok == false)
      try await server.failure("incomplete")
      try await server.expectEmptyAndWell()
    }
  }

  @Test(arguments: Framing.allCases)
  func `a body without the last byte of its framing gets 400 and stores nothing`(framing: Framing) async throws {
    try await withServer { server in
      let socket = try Socket(port: server.port)
      // A form's last line end may be missing; what ends it is the second dash.
      try await socket.send(framing.request(size: 100_000).bytes.dropLast(framing == .form ? 3 : 1))
      socket.finish()
      #expect(HTTPResponse.parse(try await socket.receive()).map(\.status) == [400])
      try await server.failure("incomplete")
      try await server.expectEmptyAndWell()
    }
  }

  @Test(arguments: Framing.allCases, cuts)
  func `a connection reset during the body stores nothing`(framing: Framing, cut: Int) async throws {
    try await withServer { server in
      let request = framing.request(size: 3 << 20)
      do {
        let socket = try Socket(port: server.port)
        try await socket.send(Array(request.bytes[..<(request.file.lowerBound + cut)]))
        // Not before the upload has started, or there would be nothing to interrupt.
        try await server.events { $0.event == "started" }
        socket.resetOnClose()
      }
      try await server.failure("clientGone")
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `an upload whose client is killed stores nothing`() async throws {
    try await withServer { server in
      // Without an end of its own, however late the test gets to it.
      let curl = try ProcessRunner("curl", ["-s", "--limit-rate", "4M", "-T", "/dev/zero", "\(server.url)/big"])
      try await server.events { $0.event == "progress" && ($0.bytes ?? 0) > 0 }
      curl.signal(SIGKILL)
      _ = try await curl.exit()
      try await server.events { $0.event == "failed" }
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `bytes after the declared length are not stored in the file`() async throws {
    try await withServer { server in
      let socket = try Socket(port: server.port)
      try await socket.send(RequestHead.bytes("PUT", "/x", ["Content-Length: 3"]) + Array("abcdefghi\r\n\r\n".utf8))
      // The rest is read as a request and is malformed: the connection closes, with or without a second response.
      let replies = HTTPResponse.parse(try await socket.receive())
      #expect(replies.map(\.status) == [201] || replies.map(\.status) == [201, 400])
      #expect(try server.uploads.read("x") == Array("abc".utf8))
      #expect(try server.uploads.names() == ["x"])
    }
  }

  @Test func `a form that is interrupted in one file stores none of its files`() async throws {
    try await withServer { server in
      let part = { (name: String) in "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\(name)\"\r\n\r\n" }
      let body = part("a") + "whole\r\n" + part("b") + "whole\r\n" + part("c") + "cut"
      let socket = try Socket(port: server.port)
      let fields = ["Content-Type: multipart/form-data; boundary=Z", "Content-Length: 10000"]
      try await socket.send(RequestHead.bytes("POST", "/file-upload", fields) + Array(body.utf8))
      try await server.events(3) { $0.event == "started" }
      socket.finish()
      #expect(HTTPResponse.parse(try await socket.receive()).map(\.status) == [400])
      try await server.events(3) { $0.event == "failed" && $0.error?.code == "incomplete" }
      try await server.expectEmptyAndWell()
    }
  }
}
