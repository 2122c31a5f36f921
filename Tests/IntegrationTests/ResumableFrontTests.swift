import Testing
import UploadTestSupport

/// Resumable uploads through the nginx of the example.
extension FrontExampleTests {
  @Test(.nginx)
  func `resumable uploads complete behind an nginx with a path prefix`() async throws {
    let forwarded = "proxy_set_header X-Forwarded-Prefix /up; proxy_set_header Host $http_host;"
    let edit = { (site: String) in site.replacing("proxy_set_header Host $http_host;", with: forwarded) }
    try await withNginx(prefix: "/up/", editing: edit) { server, url in
      for (number, kind) in ResumableProtocol.allCases.enumerated() {
        let (method, target) = kind.creationTarget("\(number)")
        let port = try #require(Int(url.split(separator: ":").last ?? ""))
        let token = ["Authorization: Bearer \(Self.token)"]
        let fields = kind.creationFields("\(number)", length: 10) + token
        let created = try await Socket(port: port).exchange(method, "/up\(target)", fields)
        #expect(created.field("Location")?.hasPrefix("http://localhost/up/uploads/") == true, "\(created)")
        let upload = try ResumableUpload(kind, port: port, created: created)
        try await upload.append(Array("01234".utf8), at: 0, isLast: false, fields: token)
        let last = try await upload.append(Array("56789".utf8), at: 5, fields: token)
        #expect(last.status == kind.storedStatus, "\(last)")
        #expect(try server.uploads.read("\(number)") == Array("0123456789".utf8))
      }
    }
  }

  @Test(.nginx)
  func `send completes behind an nginx that limits bodies to 8 MiB and buffers them`() async throws {
    let edit = { (site: String) in
      site.replacing("client_max_body_size 0;", with: "client_max_body_size 8m;")
        .replacing("proxy_request_buffering off;", with: "proxy_request_buffering on;")
    }
    try await withNginx(editing: edit) { server, url in
      let path = try server.scratch.random(40_000_001, to: "f")
      let ended = try await Sluice.run(["send", "--token", Self.token, "--to", url, path])
      #expect(ended.exit == .status(0), "\(ended)")
      try server.expect("f", equals: path)
      #expect(try server.uploads.visibleNames() == ["f"])
    }
  }
}
