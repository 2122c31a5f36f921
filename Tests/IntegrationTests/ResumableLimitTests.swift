import Testing
import UploadTestSupport

/// Limits, origins and addresses: what resumable uploads have in common with all others, and what is their own.
@Suite struct ResumableLimitTests {
  private static let content = SplitMix64.bytes(300_000)

  @Test func `a request larger than --max-append-size gets 413 with the limit, and the upload stays usable`()
    async throws
  {
    try await withServer(["--max-append-size", "100kB"]) { server in
      let upload = try await ResumableUpload.create(.draft, port: server.port, length: Self.content.count)
      let large = try await upload.begin(Self.content, at: 0, sending: 0).finalResponse(to: "PATCH")
      #expect(large.status == 413 && large.field("Upload-Complete") == "?0", "\(large)")
      #expect(large.field("Upload-Limit")?.contains("max-append-size=100000") == true, "\(large)")
      #expect(try await upload.offset() == 0)
      for start in stride(from: 0, to: Self.content.count, by: 100_000) {
        let isLast = start + 100_000 == Self.content.count
        let chunk = Array(Self.content[start..<(start + 100_000)])
        #expect(try await upload.append(chunk, at: start, isLast: isLast).status == (isLast ? 201 : 204))
      }
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a length over --max-size gets 413 at the creation`(kind: ResumableProtocol) async throws {
    try await withServer(["--max-size", "100kB"]) { server in
      let (method, target) = kind.creationTarget("x")
      let socket = try Socket(port: server.port)
      let rejected = try await socket.exchange(method, target, kind.creationFields("x", length: 100_001))
      #expect(rejected.status == 413, "\(rejected)")
      let field = kind == .draft ? "Upload-Limit" : "Tus-Max-Size"
      let socketForOptions = try Socket(port: server.port)
      let options = try await socketForOptions.exchange("OPTIONS", target)
      #expect(options.field(field)?.contains("100000") == true, "\(options)")
      if kind == .draft { #expect(rejected.field("Upload-Complete") == "?1", "\(rejected)") }
      try await server.expectEmptyAndWell()
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `more uploads than --max-unfinished get 429 with Retry-After until one of them ends`(
    kind: ResumableProtocol
  ) async throws {
    try await withServer(["--max-unfinished", "3"]) { server in
      var uploads: [ResumableUpload] = []
      for number in 0..<3 {
        uploads.append(
          try await ResumableUpload.create(kind, port: server.port, name: "\(number)", length: Self.content.count)
        )
      }
      let (method, target) = kind.creationTarget("x")
      let fields = kind.creationFields("x", length: 3)
      let rejected = try await Socket(port: server.port).exchange(method, target, fields)
      #expect(rejected.status == 429 && rejected.field("Retry-After") != nil, "\(rejected)")
      #expect(try await uploads[0].request("DELETE").status == 204)
      let upload = try await ResumableUpload.create(kind, port: server.port, length: 3)
      #expect(try await upload.append([1, 2, 3], at: 0).status == kind.storedStatus)
      // A finished one does not count.
      _ = try await ResumableUpload.create(kind, port: server.port, length: 3)
      #expect(try server.uploads.visibleNames() == ["x"])
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `one absurd length does not keep others from uploading`(kind: ResumableProtocol) async throws {
    try await withServer { server in
      let (method, target) = kind.creationTarget("absurd")
      let fields = kind.creationFields("absurd", length: 900_000_000_000_000)
      let absurd = try await Socket(port: server.port).exchange(method, target, fields)
      #expect([201, 413, 507].contains(absurd.status), "\(absurd)")
      let upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      #expect(try await upload.append(Self.content, at: 0).status == kind.storedStatus)
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  // MARK: Addresses

  /// Options, request fields, the beginning of Location.
  private static let addresses: [([String], [String], String)] = [
    ([], ["X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"], "http://localhost/uploads/"),
    (
      ["--trusted-proxy", "127.0.0.1"],
      ["X-Forwarded-Proto: https", "X-Forwarded-Host: up.example", "X-Forwarded-Prefix: /in"],
      "https://up.example/in/uploads/"
    ),
    (
      ["--trusted-proxy", "127.0.0.1", "--public-url", "https://files.example/a"],
      ["X-Forwarded-Proto: http", "X-Forwarded-Host: up.example"], "https://files.example/a/uploads/"
    ),
  ]

  @Test(arguments: addresses)
  func `Location is what the client can reach, and no header of an untrusted client decides it`(
    options: [String],
    fields: [String],
    expected: String
  ) async throws {
    let token = "a-token-for-the-test"
    try await withServer(options + ["--token", token]) { server in
      for kind in ResumableProtocol.allCases {
        let (method, target) = kind.creationTarget("x")
        let all = kind.creationFields("x", length: 3) + fields + ["Authorization: Bearer \(token)"]
        let created = try await Socket(port: server.port).exchange(method, target, all)
        #expect(created.status == 201, "\(created)")
        #expect(created.field("Location")?.hasPrefix(expected) == true, "\(created)")
      }
    }
  }

  @Test(.curl) func `a creation over TLS gets a Location with https`() async throws {
    try await withServer(["--tls", "self-signed"]) { server in
      let fields = ResumableProtocol.tus.creationFields("x", length: 3).flatMap { ["-H", $0] }
      let creation = ["--verbose", "--insecure", "-X", "POST", "-H", "Content-Length: 0", "\(server.url)/uploads"]
      let created = try await Curl.run(creation + fields)
      #expect(created.status == 201, "\(created)")
      let location = try #require(created.field("Location"))
      #expect(location.hasPrefix("\(server.url)/uploads/"), "\(location)")
      let append = ResumableProtocol.tus.appendFields(at: 0, isLast: true).flatMap { ["-H", $0] }
      let patched = try await Curl.run(["--insecure", "-X", "PATCH", "--data-binary", "abc", location] + append)
      #expect(patched.status == 204, "\(patched)")
      try server.uploads.expectOnly("x", Array("abc".utf8))
    }
  }

  // MARK: Origins

  @Test(arguments: ResumableProtocol.allCases)
  func `a PATCH from a foreign origin gets 403, one from an allowed origin is stored`(
    kind: ResumableProtocol
  ) async throws {
    try await withServer(["--allow-origin", "https://app.example"]) { server in
      let upload = try await ResumableUpload.create(kind, port: server.port, length: 3)
      let foreign = try await upload.append([1, 2, 3], at: 0, fields: ["Origin: https://evil.example"])
      #expect(foreign.status == 403, "\(foreign)")
      let preflight = ["Origin: https://evil.example", "Access-Control-Request-Method: PATCH"]
      let asked = try await upload.request("OPTIONS", preflight)
      #expect(asked.field("Access-Control-Allow-Origin") == nil, "\(asked)")
      let own = try await upload.append([1, 2, 3], at: 0, fields: ["Origin: https://app.example"])
      #expect(own.status == kind.storedStatus, "\(own)")
      #expect(own.field("Access-Control-Allow-Origin") == "https://app.example", "\(own)")
      try server.uploads.expectOnly("x", [1, 2, 3])
    }
  }
}
