import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// `Content-Digest` of a request of a resumable upload: it describes the content of that request alone.
@Suite struct ResumableDigestTests {
  /// SHA-256 of "hello".
  private let hello = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"

  @Test func `a request whose content has its digest is stored`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let fields = append(at: 0, complete: false, ["Content-Digest: \(hello)"])
      let reply = try harness.first.reply(to: request("PATCH " + path, fields, body: "hello"))
      #expect(reply.statuses == [204])
      #expect(reply["Upload-Offset"] == "5")
      #expect(harness.store.sink?.isProvisional == true)
      let rest = request("PATCH " + path, append(at: 5, complete: true), body: "!")
      #expect(try harness.first.reply(to: rest).statuses == [201], "it is not the digest of the whole file")
    }
  }

  @Test(arguments: ["draft", "tus"])
  func `a request whose content has another digest is rejected, and nothing of it counts`(name: String) async throws {
    try await withResumable { harness in
      let isTus = name == "tus"
      let path = isTus ? try harness.createTus(["Upload-Length: 9", "Content-Length: 0"]) : try harness.create()
      let digest = ["Content-Digest: \(hello)"]
      let fields = isTus ? tusAppend(at: 0, digest) : append(at: 0, complete: false, digest)
      let reply = try harness.first.reply(to: request("PATCH " + path, fields, body: "hallo"))
      #expect(reply.statuses == [400])
      if !isTus { #expect(reply["Upload-Complete"] == "?0" && reply["Upload-Offset"] == "0") }
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.store.record?.offset == 0 && harness.store.record?.state == .unfinished)
      let again = try harness.first.reply(to: request("PATCH " + path, fields, body: "hello"))
      #expect(again.statuses == [204])
    }
  }

  @Test func `the digest may come in an announced trailer section, otherwise it is rejected`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let body = "5\r\nhello\r\n0\r\nContent-Digest: \(hello)\r\n\r\n"
      let chunked = ["Transfer-Encoding: chunked"]
      let silent = try harness.first.reply(
        to: request("PATCH " + path, append(at: 0, complete: false, chunked)) + body
      )
      #expect(silent.statuses == [400])
      #expect(silent["Upload-Offset"] == "5", "the bytes have arrived")
      let announced = append(at: 5, complete: false, chunked + ["Trailer: Content-Digest"])
      let other = try harness.connect()
      #expect(try other.reply(to: request("PATCH " + path, announced) + body).statuses == [204])
      #expect(harness.store.sink?.isProvisional == true)
    }
  }

  @Test func `a creation without content is rejected with the digest of the file, which it does not contain`()
    async throws
  {
    try await withResumable { harness in
      let fields = ["Upload-Complete: ?0", "Content-Length: 0", "Content-Digest: \(hello)"]
      let reply = try harness.first.reply(to: request("PUT /a", fields))
      #expect(reply.statuses == [400])
      #expect(harness.store.records.isEmpty)
    }
  }

  @Test func `a malformed digest is rejected before the body is read`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let fields = append(at: 0, complete: false, ["Content-Digest: sha-256=:AAAA:"])
      let reply = try harness.first.reply(to: request("PATCH " + path, fields, body: "hello"))
      #expect(reply.statuses == [400])
      #expect(harness.store.sinks.isEmpty)
    }
  }
}
