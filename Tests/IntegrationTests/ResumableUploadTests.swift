import Foundation
import Testing
import UploadTestSupport

/// Uploads over several requests by both protocols, written byte by byte.
@Suite struct ResumableUploadTests {
  private static let size = 3 << 20
  /// Bytes before the interruption: none, around a block and a slab, unaligned ones, all but one.
  private static let cuts = [0, 1, 511, 4096, 65_537, 1_000_003, 2 << 20, (3 << 20) - 1]

  @Test(arguments: ResumableProtocol.allCases, cuts)
  func `an upload that is interrupted at any byte continues there and is stored intact`(
    kind: ResumableProtocol,
    cut: Int
  ) async throws {
    try await withServer { server in
      let content = SplitMix64.bytes(Self.size)
      let upload = try await ResumableUpload.create(kind, port: server.port, length: content.count)
      #expect(try await upload.offset() == 0)
      #expect(try server.uploads.visibleNames() == [])
      try await upload.interrupt(content, at: 0, sending: cut)
      #expect(try await upload.offset() == cut)
      #expect(try server.uploads.visibleNames() == [])
      let last = try await upload.append(Array(content[cut...]), at: cut)
      #expect(last.status == kind.storedStatus, "\(last)")
      #expect(last.field("Upload-Offset") == "\(content.count)")
      try server.uploads.expectOnly("x", content)
      #expect(try await upload.offset() == content.count)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `no offset is lower than the one before, however often the connection is reset`(
    kind: ResumableProtocol
  ) async throws {
    try await withServer { server in
      let content = SplitMix64.bytes(6_000_011)
      let upload = try await ResumableUpload.create(kind, port: server.port, length: content.count)
      var generator = SplitMix64(seed: 15)
      var offset = 0
      for _ in 0..<20 {
        let count = Int.random(in: 0..<400_000, using: &generator)
        let sent = min(count, content.count - offset - 1)
        try await upload.reset(content, at: offset, sending: sent)
        let stored = try await upload.offset()
        #expect(stored >= offset && stored <= offset + sent)
        offset = stored
      }
      let last = try await upload.append(Array(content[offset...]), at: offset)
      #expect(last.status == kind.storedStatus, "\(last)")
      try server.uploads.expectOnly("x", content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `an upload of many small requests is stored intact`(kind: ResumableProtocol) async throws {
    try await withServer { server in
      let content = SplitMix64.bytes(200_000)
      let upload = try await ResumableUpload.create(kind, port: server.port, length: content.count)
      for start in stride(from: 0, to: content.count, by: 9_973) {
        let end = min(start + 9_973, content.count)
        let isLast = end == content.count
        let response = try await upload.append(Array(content[start..<end]), at: start, isLast: isLast)
        #expect(response.status == (isLast ? kind.storedStatus : 204), "\(response)")
        #expect(response.field("Upload-Offset") == "\(end)")
      }
      try server.uploads.expectOnly("x", content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `an empty file is stored by the last request that needs no content`(kind: ResumableProtocol) async throws {
    try await withServer { server in
      let upload = try await ResumableUpload.create(kind, port: server.port, length: 0)
      // In tus the creation has completed it.
      if kind == .draft { #expect(try await upload.append([], at: 0).status == 201) }
      try server.uploads.expectOnly("x", [])
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a length that is unknown at first is stated by a later request`(kind: ResumableProtocol) async throws {
    try await withServer { server in
      let content = SplitMix64.bytes(100_000)
      let upload = try await ResumableUpload.create(kind, port: server.port, length: nil)
      #expect(try await upload.request("HEAD").field("Upload-Length") == nil)
      try await upload.append(Array(content[..<40_000]), at: 0, isLast: false)
      let length = ["Upload-Length: \(content.count)"]
      let last = try await upload.append(Array(content[40_000...]), at: 40_000, fields: length)
      #expect(last.status == kind.storedStatus, "\(last)")
      try server.uploads.expectOnly("x", content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `the last request repeated after a lost response gets the same response`(kind: ResumableProtocol) async throws {
    try await withServer { server in
      let content = SplitMix64.bytes(5000)
      let upload = try await ResumableUpload.create(kind, port: server.port, length: content.count)
      let first = try await upload.append(content, at: 0)
      for repeated in [try await upload.append(content, at: 0), try await upload.append([], at: content.count)] {
        #expect(repeated.status == first.status, "\(repeated)")
        #expect(repeated.body == first.body)
        #expect(repeated.field("Upload-Offset") == first.field("Upload-Offset"))
      }
      try server.uploads.expectOnly("x", content)
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a cancelled upload is gone and leaves no content`(kind: ResumableProtocol) async throws {
    try await withServer { server in
      let content = SplitMix64.bytes(100_000)
      let upload = try await ResumableUpload.create(kind, port: server.port, length: content.count)
      try await upload.interrupt(content, at: 0, sending: 50_000)
      #expect(try await upload.request("DELETE").status == 204)
      #expect(try await upload.request("HEAD").status == 404)
      #expect(try await upload.append([1], at: 0, isLast: false).status == 404)
      #expect(try server.uploads.visibleNames() == [])
      #expect(try server.uploads.unfinishedContents() == [])
    }
  }

  @Test(arguments: [true, false])
  func `an expected digest is compared with all of the content of an interrupted upload`(isRight: Bool) async throws {
    try await withServer { server in
      let content = SplitMix64.bytes(100_000)
      let text = Digest.of(isRight ? content : content.reversed())
      let digest = stride(from: 0, to: 64, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
      let fields = ["Repr-Digest: sha-256=:\(Data(digest).base64EncodedString()):"]
      let upload = try await ResumableUpload.create(.draft, port: server.port, length: content.count, fields: fields)
      try await upload.interrupt(content, at: 0, sending: 30_001)
      let last = try await upload.append(Array(content[30_001...]), at: 30_001)
      #expect(last.status == (isRight ? 201 : 400), "\(last)")
      #expect(last.field("Upload-Complete") == "?1")
      #expect(try server.uploads.visibleNames() == (isRight ? ["x"] : []))
    }
  }
}
