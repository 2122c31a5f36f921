import Testing
import UploadTestSupport

/// Wrong header fields, offsets, lengths, metadata, checksums, media types and methods of both protocols.
@Suite struct ResumableBadRequestTests {
  private static let content = Array("0123456789".utf8)

  // MARK: Creation

  /// Of an upload of 10 bytes named x, without a body unless it has one.
  private static let creations: [ResumableMistake] = [
    .init(.tus, "POST", without: ["Tus-Resumable"], status: 412),
    .init(.tus, "POST", with: ["Tus-Resumable: 0.2.2"], status: 412),
    .init(.tus, "POST", with: ["Tus-Resumable: 2.0.0"], status: 412),
    .init(.tus, "POST", without: ["Upload-Length"], status: 400),
    .init(.tus, "POST", with: ["Upload-Length: -1"], status: 400),
    .init(.tus, "POST", with: ["Upload-Length: +1"], status: 400),
    .init(.tus, "POST", with: ["Upload-Length: 1.5"], status: 400),
    .init(.tus, "POST", with: ["Upload-Length: ten"], status: 400),
    .init(.tus, "POST", with: ["Upload-Length:"], status: 400),
    .init(.tus, "POST", with: ["Upload-Length: 10", "Upload-Length: 11"], status: 400),
    .init(.tus, "POST", with: ["Upload-Length: 10", "Upload-Defer-Length: 1"], status: 400),
    .init(.tus, "POST", with: ["Upload-Defer-Length: 2"], without: ["Upload-Length"], status: 400),
    .init(.tus, "POST", with: ["Upload-Metadata: filename %%%"], status: 400),
    .init(.tus, "POST", with: ["Upload-Metadata: filename eA==,filename eQ=="], status: 400),
    .init(.tus, "POST", with: ["Upload-Metadata: filename eA== eQ=="], status: 400),
    .init(.tus, "POST", with: ["Upload-Metadata: ,"], status: 400),
    .init(.tus, "POST", with: ["Content-Type: text/plain"], body: "01234", status: 415),
    .init(.tus, "POST", with: ["Content-Type: application/offset+octet-stream"], body: "0123456789A", status: 413),
    .init(.tus, "POST", with: ["Upload-Concat: whole"], status: 400),
    .init(.tus, "POST", with: ["Upload-Concat: final;"], without: ["Upload-Length"], status: 400),
    .init(.tus, "POST", with: ["Upload-Concat: final;/uploads/../../etc"], without: ["Upload-Length"], status: 400),
    .init(.draft, "POST", with: ["Upload-Complete: ?0", "Upload-Length: 4"], body: "01234", status: 400),
    .init(.draft, "POST", with: ["Upload-Complete: ?1", "Upload-Length: 11"], body: "0123456789", status: 400),
    .init(.draft, "POST", with: ["Upload-Complete: ?1", "Upload-Length: 9"], body: "0123456789", status: 400),
  ]

  @Test(arguments: creations) func `a creation with a mistake is rejected and leaves nothing`(
    mistake: ResumableMistake
  ) async throws {
    try await withServer { server in
      let target = mistake.kind.creationTarget("x").target
      let fields = mistake.fields(mistake.kind.creationFields("x", length: Self.content.count))
      let socket = try Socket(port: server.port)
      let rejected = try await socket.exchange(mistake.method, target, fields, body: mistake.body)
      #expect(rejected.status == mistake.status, "\(rejected)")
      expectProtocolFields(rejected, mistake)
      #expect(try server.uploads.visibleNames() == [])
      // That of a creation with a body may have been created before the mistake was seen.
      if mistake.body.isEmpty { #expect(try server.uploads.unfinishedContents() == []) }
    }
  }

  // MARK: PATCH and other requests to an upload

  /// To an upload of 10 bytes with 4 stored.
  private static let appends: [ResumableMistake] = [
    .init(.tus, "PATCH", without: ["Tus-Resumable"], body: "456789", status: 412),
    .init(.tus, "PATCH", with: ["Tus-Resumable: 1.0.1"], body: "456789", status: 412),
    .init(.tus, "PATCH", without: ["Content-Type"], body: "456789", status: 415),
    .init(.tus, "PATCH", with: ["Content-Type: application/octet-stream"], body: "456789", status: 415),
    .init(.tus, "PATCH", without: ["Upload-Offset"], body: "456789", status: 400),
    .init(.tus, "PATCH", with: ["Upload-Offset: -4"], body: "456789", status: 400),
    .init(.tus, "PATCH", with: ["Upload-Offset: four"], body: "456789", status: 400),
    .init(.tus, "PATCH", with: ["Upload-Offset: 0"], body: "0123456789", status: 409),
    .init(.tus, "PATCH", with: ["Upload-Offset: 5"], body: "56789", status: 409),
    .init(.tus, "PATCH", with: ["Upload-Offset: 999999999999"], body: "5", status: 409),
    .init(.tus, "PATCH", with: ["Upload-Length: 11"], body: "456789A", status: 400),
    .init(.tus, "PATCH", with: ["Upload-Checksum: crc32 AAAA"], body: "456789", status: 400),
    .init(.tus, "PATCH", with: ["Upload-Checksum: sha1"], body: "456789", status: 400),
    .init(.tus, "PATCH", with: ["Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00="], body: "456789", status: 460),
    .init(.tus, "PATCH", body: "456789A", status: 413, keepsUpload: false),
    .init(.tus, "POST", status: 405),
    .init(.tus, "PUT", body: "456789", status: 405),
    .init(.draft, "PATCH", without: ["Content-Type"], body: "456789", status: 415),
    .init(.draft, "PATCH", with: ["Content-Type: application/octet-stream"], body: "456789", status: 415),
    .init(.draft, "PATCH", without: ["Upload-Offset"], body: "456789", status: 400),
    .init(.draft, "PATCH", with: ["Upload-Offset: -4"], body: "456789", status: 400),
    .init(.draft, "PATCH", with: ["Upload-Offset: 4.0"], body: "456789", status: 400),
    .init(.draft, "PATCH", with: ["Upload-Offset: 0"], body: "0123456789", status: 409),
    .init(.draft, "PATCH", with: ["Upload-Offset: 5"], body: "56789", status: 409),
    .init(.draft, "PATCH", without: ["Upload-Complete"], body: "456789", status: 400),
    .init(.draft, "PATCH", with: ["Upload-Complete: 1"], body: "456789", status: 400),
    .init(.draft, "PATCH", with: ["Upload-Complete: ?2"], body: "456789", status: 400),
    .init(.draft, "PATCH", with: ["Upload-Length: 11"], body: "456789A", status: 400),
    .init(.draft, "PATCH", with: ["Upload-Complete: ?1"], body: "45678", status: 400),
    .init(.draft, "PATCH", body: "456789A", status: 400, keepsUpload: false),
    .init(.draft, "HEAD", without: ["Content-Type", "Upload-Complete"], status: 400),
    .init(.draft, "HEAD", without: ["Content-Type", "Upload-Offset"], status: 400),
    .init(.draft, "PUT", body: "456789", status: 405),
  ]

  @Test(arguments: appends) func `a request to an upload with a mistake changes nothing of it`(
    mistake: ResumableMistake
  ) async throws {
    try await withServer { server in
      let kind = mistake.kind
      let upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      try await upload.append(Array(Self.content[..<4]), at: 0, isLast: false)
      let fields = mistake.fields(kind.appendFields(at: 4, isLast: true))
      let socket = try Socket(port: server.port)
      let rejected = try await socket.exchange(mistake.method, upload.path, fields, body: mistake.body)
      #expect(rejected.status == mistake.status, "\(rejected)")
      expectProtocolFields(rejected, mistake)
      if mistake.status == 409 { #expect(rejected.field("Upload-Offset") == "4", "\(rejected)") }
      #expect(try server.uploads.visibleNames() == [])
      guard mistake.keepsUpload else {
        let status = try await upload.request("HEAD").status
        #expect(status == 404 || status == 410)
        return
      }
      let offset = try await upload.offset()
      // A body that is too short is kept as far as it goes.
      let kept = kind == .draft && mistake.body.count == 5 && mistake.status == 400 ? [4, 9] : [4]
      #expect(kept.contains(offset))
      let last = try await upload.append(Array(Self.content[offset...]), at: offset)
      #expect(last.status == kind.storedStatus, "\(last)")
      try server.uploads.expectOnly("x", Self.content)
    }
  }

  /// Every response of tus states its version; none of a mistake in the draft's protocol says that the upload is over.
  private func expectProtocolFields(_ rejected: HTTPResponse, _ mistake: ResumableMistake) {
    switch mistake.kind {
    case .tus:
      #expect(rejected.field("Tus-Resumable") == "1.0.0", "\(rejected)")
      if mistake.status == 412 { #expect(rejected.field("Tus-Version")?.contains("1.0.0") == true, "\(rejected)") }
    case .draft: #expect(rejected.field("Upload-Complete") != "?1", "\(rejected)")
    }
  }

  // MARK: IDs

  private static let ids = ["AAAAAAAAAAAAAAAAAAAAAA", "short", "..%2F..%2Fetc%2Fpasswd", "%00", "a/b", "ü"]

  /// A path that is none, or is invalid in itself, may be rejected as such.
  private static func statuses(_ id: String) -> Set<Int> {
    id.allSatisfy { $0.isASCII && $0.isLetter } ? [404] : [400, 404]
  }

  @Test(arguments: ResumableProtocol.allCases, ids)
  func `an unknown or malformed ID gets 404`(kind: ResumableProtocol, id: String) async throws {
    try await withServer { server in
      let fields = [kind.versionField]
      for method in ["HEAD", "GET", "DELETE"] {
        let found = try await Socket(port: server.port).exchange(method, "/uploads/\(id)", fields)
        #expect(Self.statuses(id).contains(found.status), "\(method) \(found)")
        #expect(found.field("Upload-Offset") == nil)
      }
      let append = kind.appendFields(at: 0, isLast: true)
      let patched = try await Socket(port: server.port).exchange("PATCH", "/uploads/\(id)", append, body: [1])
      #expect(Self.statuses(id).contains(patched.status), "\(patched)")
      try await server.expectEmptyAndWell()
    }
  }

  @Test func `the parts of a concatenation must exist and be finished, and may be repeated`() async throws {
    try await withServer { server in
      var parts: [ResumableUpload] = []
      for text in ["ab", "cd"] {
        let fields = ["Upload-Concat: partial"]
        let part = try await ResumableUpload.create(.tus, port: server.port, length: 2, fields: fields)
        if text == "ab" { try await part.append(Array(text.utf8), at: 0) }
        parts.append(part)
      }
      func concatenate(_ urls: String) async throws -> HTTPResponse {
        let fields = ["Tus-Resumable: 1.0.0", "Upload-Concat: final;\(urls)", "Upload-Metadata: filename eA=="]
        return try await Socket(port: server.port).exchange("POST", "/uploads", fields)
      }
      let both = "\(parts[0].path) http://localhost\(parts[1].path) \(parts[0].path)"
      #expect(try await concatenate(both).status == 400)
      #expect(try await concatenate("\(parts[0].path) /uploads/AAAAAAAAAAAAAAAAAAAAAA").status >= 400)
      #expect(try server.uploads.visibleNames() == [])
      try await parts[1].append(Array("cd".utf8), at: 0)
      let created = try await concatenate(both)
      #expect(created.status == 201, "\(created)")
      let whole = try ResumableUpload(.tus, port: server.port, created: created)
      #expect(try await whole.offset() == 6)
      #expect(try await whole.append([1], at: 6).status == 403)
      #expect(try server.uploads.visibleNames() == ["x"])
      #expect(try server.uploads.read("x") == Array("abcdab".utf8))
    }
  }
}
