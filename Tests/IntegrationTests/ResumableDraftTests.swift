import Testing
import UploadTestSupport

/// What only the IETF draft has: creation at the target of any upload, interim responses, interop versions.
@Suite struct ResumableDraftTests {
  private static let content = SplitMix64.bytes(1_000_001)

  /// All responses to a request, interim ones too.
  private func responses(_ server: SluiceServer, _ target: String, _ fields: [String], body: [UInt8]) async throws
    -> [HTTPResponse]
  {
    let (method, path) = target.split(separator: " ").map(String.init).firstTwo
    let socket = try Socket(port: server.port)
    try await socket.send(RequestHead.bytes(method, path, fields + ["Content-Length: \(body.count)"]) + body)
    let received = try await socket.receive { received in
      HTTPResponse.parse(received).contains { $0.status >= 200 }
    }
    return HTTPResponse.parse(received)
  }

  private static let targets = ["PUT /x", "POST /stream-upload?name=x"]

  @Test(arguments: targets, ["6", "8", "10"])
  func `a whole upload with a known version gets 104 with a Location, and the target's response`(
    target: String,
    version: String
  ) async throws {
    try await withServer { server in
      let fields = ["Upload-Draft-Interop-Version: \(version)", "Upload-Complete: ?1"]
      let responses = try await self.responses(server, target, fields, body: Self.content)
      let first = try #require(responses.first)
      #expect(first.status == 104 && first.field("Location") != nil, "\(first)")
      let last = try #require(responses.last)
      #expect(last.status == 201 && last.field("Upload-Complete") == "?1", "\(last)")
      #expect(try last.json.files?.map(\.name) == ["x"])
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: targets, [[], ["Upload-Draft-Interop-Version: 99"], ["Upload-Draft-Interop-Version: ten"]])
  func `a whole upload without a known version gets no 104`(target: String, version: [String]) async throws {
    try await withServer { server in
      let responses = try await self.responses(server, target, version + ["Upload-Complete: ?1"], body: Self.content)
      #expect(responses.map(\.status) == [201])
      #expect(responses.last?.field("Upload-Complete") == "?1")
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: targets)
  func `a whole upload that is interrupted continues at the Location of its 104`(target: String) async throws {
    try await withServer { server in
      let (method, path) = target.split(separator: " ").map(String.init).firstTwo
      let socket = try Socket(port: server.port)
      let fields = [
        ResumableProtocol.draft.versionField, "Upload-Complete: ?1", "Content-Length: \(Self.content.count)",
      ]
      try await socket.send(RequestHead.bytes(method, path, fields))
      let interim = try await socket.receiveResponses()
      let upload = try ResumableUpload(.draft, port: server.port, created: try #require(interim.first))
      try await socket.send(Array(Self.content[..<300_003]))
      socket.finish()
      _ = try? await socket.receive()
      #expect(try await upload.offset() == 300_003)
      // The length of the broken request is that of the file.
      #expect(try await upload.request("HEAD").field("Upload-Length") == "\(Self.content.count)")
      let last = try await upload.append(Array(Self.content[300_003...]), at: 300_003)
      #expect(last.status == 201, "\(last)")
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: targets)
  func `a creation with a part of the content gets 201 with its offset`(target: String) async throws {
    try await withServer { server in
      let fields = ["Upload-Complete: ?0", "Upload-Length: \(Self.content.count)"]
      let created = try await self.responses(server, target, fields, body: Array(Self.content[..<100]))
      let response = try #require(created.last)
      #expect(response.status == 201 && response.field("Upload-Complete") == "?0", "\(response)")
      #expect(response.field("Upload-Offset") == "100" && response.field("Upload-Limit") != nil, "\(response)")
      let upload = try ResumableUpload(.draft, port: server.port, created: response)
      #expect(try await upload.append(Array(Self.content[100...]), at: 100).status == 201)
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  /// Fields of versions that differ from the newest: creation, PATCH.
  private static let versions: [(String, [String], [String])] = [
    ("3", ["Upload-Incomplete: ?1"], ["Upload-Incomplete: ?0"]),
    ("5", ["Upload-Complete: ?0"], ["Upload-Complete: ?1"]),
    ("6", ["Upload-Complete: ?0"], ["Upload-Complete: ?1", "Content-Type: application/partial-upload"]),
    ("7", ["Upload-Complete: ?0"], ["Content-Type: application/partial-upload"]),
  ]

  @Test(arguments: versions)
  func `clients of earlier versions complete an upload`(
    version: String,
    creation: [String],
    append: [String]
  ) async throws {
    try await withServer { server in
      let stated = ["Upload-Draft-Interop-Version: \(version)"]
      let created = try await self.responses(server, "POST /stream-upload?name=x", stated + creation, body: [])
      let path = try ResumableUpload(.draft, port: server.port, created: try #require(created.last)).path
      let found = try await Socket(port: server.port).exchange("HEAD", path, stated)
      #expect(found.status == 204 && found.field("Upload-Offset") == "0", "\(found)")
      let fields = stated + append + ["Upload-Offset: 0"]
      let last = try await Socket(port: server.port).exchange("PATCH", path, fields, body: Self.content)
      #expect(last.status == 201 && last.field("Upload-Offset") == "\(Self.content.count)", "\(last)")
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: ["OPTIONS /x", "OPTIONS /stream-upload?name=x"])
  func `OPTIONS announces the limits`(target: String) async throws {
    let options = ["--max-size", "1GiB", "--max-append-size", "1MiB"]
    for (given, expected) in [([], ["min-size=0"]), (options, ["max-size=1073741824", "max-append-size=1048576"])] {
      try await withServer(given) { server in
        let response = try #require(try await self.responses(server, target, [], body: []).last)
        #expect(response.status == 200, "\(response)")
        let limits = response.field("Upload-Limit") ?? ""
        for limit in expected { #expect(limits.contains(limit), "\(limits)") }
      }
    }
  }
}

extension [String] {
  /// The first two elements; empty ones where there are fewer.
  fileprivate var firstTwo: (String, String) { (first ?? "", dropFirst().first ?? "") }
}
