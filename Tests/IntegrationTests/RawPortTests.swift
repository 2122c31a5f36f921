import Testing
import UploadTestSupport

/// Plain TCP: the bytes until FIN are one file.
@Suite(.curl) struct RawPortTests {
  private static let options = ["--raw-port", "0"]

  @Test(arguments: [1, 65_536, 3_000_001])
  func `the bytes of a raw connection are stored as one file`(size: Int) async throws {
    try await withServer(Self.options) { server in
      let bytes = SplitMix64.bytes(size)
      let socket = try Socket(port: server.rawPort)
      try await socket.send(bytes)
      socket.finish()
      let line = String(decoding: try await socket.receive(), as: UTF8.self)
      #expect(line.hasSuffix("}\n") && line.count(where: \.isNewline) == 1)
      let response = try ResponseJSON(line)
      #expect(response.status == 201 && response.ok && response.files?.first?.size == UInt64(size))
      let name = try #require(response.files?.first?.name)
      #expect(try server.uploads.names() == [name])
      #expect(try Digest.ofFile(server.uploads.file(name)) == Digest.of(bytes))
      let finished = try #require(try await server.events { $0.event == "finished" }.first)
      #expect(finished.mode == "raw" && finished.path == name && finished.bytes == UInt64(size))
    }
  }

  @Test(.python) func `a Python socket receives the response to its raw upload`() async throws {
    try await withServer(Self.options) { server in
      let path = try server.scratch.random(5 << 20, to: "source")
      let script = """
        import socket, sys
        connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        connection.sendfile(open(sys.argv[2], "rb"))
        connection.shutdown(socket.SHUT_WR)
        print(connection.makefile().read(), end="")
        """
      let ended = try await ProcessRunner.run("python3", ["-c", script, "\(server.rawPort)", path])
      #expect(ended.exit == .status(0), "\(ended)")
      let name = try #require(try ResponseJSON(ended.output).files?.first?.name)
      try server.expect(name, equals: path)
    }
  }

  @Test func `a raw connection that is reset during the upload stores nothing`() async throws {
    try await withServer(Self.options) { server in
      do {
        let socket = try Socket(port: server.rawPort)
        try await socket.send(SplitMix64.bytes(1_500_000))
        try await server.events { $0.event == "started" }
        socket.resetOnClose()
      }
      try await server.failure("clientGone")
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `an empty raw connection gets 400 and stores nothing`() async throws {
    try await withServer(Self.options) { server in
      let socket = try Socket(port: server.rawPort)
      socket.finish()
      let response = try ResponseJSON(String(decoding: try await socket.receive(), as: UTF8.self))
      #expect(response.status == 400 && !response.ok && response.files == nil)
      #expect(try server.events.allSatisfy { $0.event != "started" })
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `a raw upload over the size limit gets 413 and stores nothing`() async throws {
    try await withServer(Self.options + ["--max-size", "1MiB"]) { server in
      let socket = try Socket(port: server.rawPort)
      async let received = socket.receive()
      try await socket.send(SplitMix64.bytes(4 << 20))
      socket.finish()
      let response = try ResponseJSON(String(decoding: try await received, as: UTF8.self))
      #expect(response.status == 413 && !response.ok)
      try await server.failure("tooLarge")
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `a raw upload that is idle for the idle timeout gets 408 and stores nothing`() async throws {
    try await withServer(Self.options + ["--idle-timeout", "1s"]) { server in
      let socket = try Socket(port: server.rawPort)
      try await socket.send(SplitMix64.bytes(100_000))
      let response = try ResponseJSON(String(decoding: try await socket.receive(), as: UTF8.self))
      #expect(response.status == 408 && !response.ok)
      try await server.failure("timedOut")
      try await server.expectEmptyAndWell()
    }
  }
}
