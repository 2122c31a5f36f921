import Testing
import UploadTestSupport

/// Uploads that outlive their server.
@Suite struct ResumableRestartTests {
  private static let content = SplitMix64.bytes(6_000_007)

  @Test(arguments: ResumableProtocol.allCases, ["HEAD", "GET"])
  func `after SIGKILL the offset is at least the announced one, and the upload is stored intact`(
    kind: ResumableProtocol,
    method: String
  ) async throws {
    try await withTemporaryDirectory { directory in
      var server = try await RestartedServer.start(in: directory.path)
      var upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      var announced = 0
      for _ in 0..<3 {
        let socket = try await upload.begin(Self.content, at: announced, sending: 1_500_001)
        let before = announced
        try await server.received(before + 1_500_001)
        // What HEAD announces is synced at that moment; what GET announces is, at the latest after some seconds.
        try await eventually("progress") {
          announced = try await upload.offset(method)
          return announced > before
        }
        try await server.kill()
        withExtendedLifetime(socket) {}
        server = try await RestartedServer.start(in: directory.path)
        upload.port = server.port
        let offset = try await upload.offset()
        #expect(offset >= announced && offset <= before + 1_500_001)
        announced = offset
      }
      let last = try await upload.append(Array(Self.content[announced...]), at: announced)
      #expect(last.status == kind.storedStatus, "\(last)")
      try await server.stop()
      try directory.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `an upload continues after a graceful restart with all that was received`(kind: ResumableProtocol) async throws {
    try await withTemporaryDirectory { directory in
      let options = ["--grace", "1s"]
      var server = try await RestartedServer.start(in: directory.path, options: options)
      var upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      let socket = try await upload.begin(Self.content, at: 0, sending: 2_000_001)
      try await server.received(2_000_001)
      try await server.stop()
      withExtendedLifetime(socket) {}
      server = try await RestartedServer.start(in: directory.path, options: options)
      upload.port = server.port
      #expect(try await upload.offset() == 2_000_001)
      let last = try await upload.append(Array(Self.content[2_000_001...]), at: 2_000_001)
      #expect(last.status == kind.storedStatus, "\(last)")
      try await server.stop()
      try directory.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a server that is killed after an upload has been stored leaves the file and no content`(
    kind: ResumableProtocol
  ) async throws {
    try await withTemporaryDirectory { directory in
      let server = try await RestartedServer.start(in: directory.path)
      let upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      try await upload.append(Self.content, at: 0)
      try await server.kill()
      let next = try await RestartedServer.start(in: directory.path)
      try directory.expectOnly("x", Self.content)
      try await next.stop()
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `an upload without requests expires`(kind: ResumableProtocol) async throws {
    try await withServer(["--expire-unfinished", "2s"]) { server in
      let upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      try await upload.interrupt(Self.content, at: 0, sending: 100_000)
      // Not asked of the server: any request would keep it.
      try await eventually("the expiry") { try server.uploads.unfinishedContents() == [] }
      let status = try await upload.request("HEAD").status
      #expect(status == 404 || status == 410)
      #expect(try server.uploads.visibleNames() == [])
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `an upload that expired while no server ran is removed by the next one`(kind: ResumableProtocol) async throws {
    try await withTemporaryDirectory { directory in
      let server = try await RestartedServer.start(in: directory.path, options: ["--expire-unfinished", "1s"])
      var upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      try await upload.interrupt(Self.content, at: 0, sending: 100_000)
      try await server.kill()
      let killed = ContinuousClock.now
      try await eventually("the expiry") { ContinuousClock.now - killed > .seconds(2) }
      let next = try await RestartedServer.start(in: directory.path)
      upload.port = next.port
      let status = try await upload.request("HEAD").status
      #expect(status == 404 || status == 410)
      #expect(try directory.unfinishedContents() == [])
      try await next.stop()
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `an upload belongs to the token that created it`(kind: ResumableProtocol) async throws {
    try await withTemporaryDirectory { directory in
      let tokens = ["first-token-of-two", "second-token-of-two"]
      let fields = tokens.map { ["Authorization: Bearer \($0)"] }
      var server = try await RestartedServer.start(in: directory.path, options: ["--token", tokens[0]])
      var upload = try await ResumableUpload.create(kind, port: server.port, length: 3, fields: fields[0])
      #expect(try await upload.request("HEAD").status == 401)
      try await server.stop()
      server = try await RestartedServer.start(in: directory.path, options: ["--token", tokens[1]])
      upload.port = server.port
      for method in ["HEAD", "GET", "DELETE"] {
        #expect(try await upload.request(method, fields[1]).status == 404, "\(method)")
      }
      #expect(try await upload.append([1, 2, 3], at: 0, fields: fields[1]).status == 404)
      try await server.stop()
      server = try await RestartedServer.start(in: directory.path, options: ["--token", tokens[0]])
      upload.port = server.port
      #expect(try await upload.append([1, 2, 3], at: 0, fields: fields[0]).status == kind.storedStatus)
      try await server.stop()
      try directory.expectOnly("x", [1, 2, 3])
    }
  }
}
