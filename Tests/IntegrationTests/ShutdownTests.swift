import Glibc
import Testing
import UploadTestSupport

/// How the server ends: what runs may finish, nothing new begins, and nothing half remains.
@Suite(.curl) struct ShutdownTests {
  private static let patient = ["--grace", "10m"]

  @Test(arguments: CutUploadTests.Framing.allCases, [SIGINT, SIGTERM])
  func `a running upload finishes during graceful shutdown`(framing: CutUploadTests.Framing, signal: Int32) async throws
  {
    try await withServer(Self.patient, stops: false) { server in
      let request = framing.request(size: 2 << 20)
      let (socket, rest) = try await begin(request.bytes, server)
      server.process.signal(signal)
      try await listenerIsClosed(server)
      try await socket.send(rest)
      let replies = HTTPResponse.parse(try await socket.receive())
      #expect(replies.map(\.status) == [201])
      #expect(replies.first?.head.lowercased().contains("connection: close") == true)
      #expect(try await server.process.exit() == .status(0))
      #expect(try server.uploads.names() == ["x"])
      #expect(try Digest.ofFile(server.uploads.file("x")) == Digest.of(Array(request.bytes[request.file])))
      let events = try server.events
      #expect(events.count { $0.event == "finished" } == 1)
      #expect(server.process.errors == "")
    }
  }

  @Test(arguments: CutUploadTests.Framing.allCases)
  func `an upload that exceeds the grace period gets 503`(framing: CutUploadTests.Framing) async throws {
    try await withServer(["--grace", "1s"], stops: false) { server in
      let (socket, _) = try await begin(framing.request(size: 2 << 20).bytes, server)
      server.process.signal(SIGINT)
      let replies = HTTPResponse.parse(try await socket.receive())
      #expect(replies.map(\.status) == [503])
      #expect(try replies.first?.json.ok == false)
      #expect(try await server.process.exit(timeout: .seconds(20)) == .status(0))
      #expect(try server.uploads.names() == [])
      #expect(try server.events.last { $0.event == "failed" }?.error?.code == "shuttingDown")
      #expect(server.process.errors == "")
    }
  }

  @Test func `a second SIGINT some time after the first ends the server at once`() async throws {
    try await withServer(Self.patient, stops: false) { server in
      let (socket, _) = try await begin(CutUploadTests.Framing.length.request(size: 2 << 20).bytes, server)
      server.process.signal(SIGINT)
      try await listenerIsClosed(server)
      // Immediately after the first signal it would count as the same request to stop.
      var exit: ProcessRunner.Exit?
      try await eventually("the end", timeout: .seconds(20)) {
        server.process.signal(SIGINT)
        exit = try? await server.process.exit(timeout: .milliseconds(50))
        return exit != nil
      }
      #expect(exit == .status(0))
      #expect(try server.uploads.names() == [])
      withExtendedLifetime(socket) {}
    }
  }

  @Test func `idle connections do not delay shutdown`() async throws {
    try await withServer(Self.patient, stops: false) { server in
      let fresh = try Socket(port: server.port)
      let used = try Socket(port: server.port)
      try await used.send(RequestHead.bytes("GET", "/healthz") + RequestHead.bytes("PUT", "/a", ["Content-Length: 0"]))
      #expect(try await used.receiveResponses(2).map(\.status) == [200, 201])
      server.process.signal(SIGINT)
      #expect(try await server.process.exit(timeout: .seconds(20)) == .status(0))
      #expect(try await used.receive() == [])
      #expect(try await fresh.receive() == [])
      #expect(server.process.errors == "")
    }
  }

  @Test func `a request pipelined after a running upload during shutdown is not stored`() async throws {
    try await withServer(Self.patient, stops: false) { server in
      let request = CutUploadTests.Framing.length.request(size: 2 << 20)
      let (socket, rest) = try await begin(request.bytes, server)
      server.process.signal(SIGINT)
      try await listenerIsClosed(server)
      try await socket.send(rest + RequestHead.bytes("PUT", "/late", ["Content-Length: 3"]) + [1, 2, 3])
      let replies = HTTPResponse.parse(try await socket.receive())
      #expect(replies.first?.status == 201)
      #expect(replies.dropFirst().allSatisfy { $0.status == 503 })
      #expect(try await server.process.exit() == .status(0))
      #expect(try server.uploads.names() == ["x"])
    }
  }

  @Test func `a running raw upload finishes during graceful shutdown`() async throws {
    try await withServer(Self.patient + ["--raw-port", "0"], stops: false) { server in
      let bytes = SplitMix64.bytes(200_000)
      let socket = try Socket(port: server.rawPort)
      try await socket.send(Array(bytes[..<100_000]))
      try await server.events { $0.event == "started" }
      server.process.signal(SIGINT)
      try await listenerIsClosed(server)
      try await socket.send(Array(bytes[100_000...]))
      socket.finish()
      let response = try ResponseJSON(String(decoding: try await socket.receive(), as: UTF8.self))
      #expect(response.status == 201)
      #expect(try await server.process.exit() == .status(0))
      let name = try #require(response.files?.first?.name)
      #expect(try server.uploads.read(name) == bytes)
    }
  }

  @Test func `a server killed by SIGKILL during an upload leaves no file`() async throws {
    try await withServer(Self.patient, stops: false) { server in
      let (socket, _) = try await begin(CutUploadTests.Framing.form.request(size: 4 << 20).bytes, server)
      server.process.signal(SIGKILL)
      #expect(try await server.process.exit() == .signal(SIGKILL))
      #expect(try server.uploads.names() == [])
      withExtendedLifetime(socket) {}
    }
  }

  /// Sends the first half of a request, and waits until the server has told of the upload.
  private func begin(_ request: [UInt8], _ server: SluiceServer) async throws -> (socket: Socket, rest: [UInt8]) {
    let socket = try Socket(port: server.port)
    try await socket.send(Array(request[..<(request.count / 2)]))
    try await server.events { $0.event == "started" }
    return (socket, Array(request[(request.count / 2)...]))
  }

  private func listenerIsClosed(_ server: SluiceServer) async throws {
    try await eventually("the listener's end") {
      do {
        _ = try Socket(port: server.port)
        return false
      } catch let error as SocketError where error.number == ECONNREFUSED {
        return true
      }
    }
  }
}
