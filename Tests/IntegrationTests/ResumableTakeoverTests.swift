import Testing
import UploadTestSupport

/// Several requests on one upload at once: the newest has precedence, and no dead connection locks it.
@Suite struct ResumableTakeoverTests {
  private static let content = SplitMix64.bytes(4_000_003)

  /// A server with an upload, and a connection that sends nothing more after `sent` bytes of its PATCH.
  private func withHalfOpenUpload(
    _ kind: ResumableProtocol,
    sent: Int = 1_000_001,
    _ body: (SluiceServer, ResumableUpload, Socket) async throws -> Void
  ) async throws {
    try await withServer(["--interval", "50ms"]) { server in
      let upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      let socket = try await upload.begin(Self.content, at: 0, sending: sent)
      try await server.events { $0.event == "progress" && $0.bytes ?? 0 >= UInt64(sent) }
      try await body(server, upload, socket)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a client that returns while its old connection is half open continues within a second`(
    kind: ResumableProtocol
  ) async throws {
    try await withHalfOpenUpload(kind) { server, upload, old in
      let began = ContinuousClock.now
      let offset = try await upload.offset()
      #expect(offset == 1_000_001)
      #expect(ContinuousClock.now - began < .seconds(1))
      let last = try await upload.append(Array(Self.content[offset...]), at: offset)
      #expect(last.status == kind.storedStatus, "\(last)")
      // The server has closed the old connection.
      _ = try? await old.receive()
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `of a request with a stale offset little is read, as browsers repeat requests by themselves`(
    kind: ResumableProtocol
  ) async throws {
    try await withServer { server in
      let length = 512 << 20
      let upload = try await ResumableUpload.create(kind, port: server.port, length: length)
      let socket = try Socket(port: server.port)
      let fields = kind.appendFields(at: 1000, isLast: true) + ["Content-Length: \(length - 1000)"]
      try await socket.send(RequestHead.bytes("PATCH", upload.path, fields))
      let chunk = [UInt8](repeating: 7, count: 1 << 20)
      var sent = 0
      // The rest is in the buffers of the two sockets.
      await #expect(throws: SocketError.self) {
        while sent < 64 << 20 {
          try await socket.send(chunk)
          sent += chunk.count
        }
      }
      let offset = try await upload.offset()
      #expect(offset == 0)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a PATCH ends an older one, and is compared with what that has stored`(kind: ResumableProtocol) async throws {
    try await withHalfOpenUpload(kind) { server, upload, old in
      let stale = try await upload.begin(Self.content, at: 0, sending: 0).finalResponse(to: "PATCH")
      #expect(stale.status == 409 && stale.field("Upload-Offset") == "1000001", "\(stale)")
      _ = try? await old.receive()
      let rest = Array(Self.content[1_000_001...])
      #expect(try await upload.append(rest, at: 1_000_001).status == kind.storedStatus)
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `two PATCHes at once store the file once`(kind: ResumableProtocol) async throws {
    try await withServer { server in
      let upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      async let first = try? upload.append(Self.content, at: 0)
      async let second = try? upload.append(Self.content, at: 0)
      let statuses = [await first?.status, await second?.status]
      // The loser finds another offset, or a closed connection.
      var offset = try await upload.offset()
      if offset < Self.content.count {
        try await upload.append(Array(Self.content[offset...]), at: offset)
        offset = try await upload.offset()
      }
      #expect(offset == Self.content.count, "\(statuses)")
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `DELETE during a PATCH cancels the upload`(kind: ResumableProtocol) async throws {
    try await withHalfOpenUpload(kind) { server, upload, old in
      let result = try await upload.request("DELETE").status
      #expect(result == 204)
      _ = try? await old.receive()
      #expect(try await upload.request("HEAD").status == 404)
      #expect(try server.uploads.visibleNames() == [])
      #expect(try server.uploads.unfinishedContents() == [])
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `GET reports the offset and does not end a PATCH`(kind: ResumableProtocol) async throws {
    try await withHalfOpenUpload(kind) { server, upload, old in
      for _ in 0..<3 {
        #expect(try await upload.offset("GET") <= 1_000_001)
      }
      try await old.send(Array(Self.content[1_000_001...]))
      let last = try await old.finalResponse(to: "PATCH")
      #expect(last.status == kind.storedStatus, "\(last)")
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `ten clients that take over from each other complete the upload`(kind: ResumableProtocol) async throws {
    try await withServer { server in
      let upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<10 {
          group.addTask {
            // Each of them may be ended by another one at any time.
            let found = try? await upload.request("HEAD")
            guard let offset = found?.field("Upload-Offset").flatMap({ Int($0) }), offset < Self.content.count else {
              return
            }
            let count = min(400_000, Self.content.count - offset)
            try? await upload.interrupt(Self.content, at: offset, sending: count)
          }
        }
      }
      let offset = try await upload.offset()
      let last = try await upload.append(Array(Self.content[offset...]), at: offset)
      #expect(last.status == kind.storedStatus, "\(last)")
      try server.uploads.expectOnly("x", Self.content)
    }
  }
}
