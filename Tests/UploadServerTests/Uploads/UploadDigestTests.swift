import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Digests of `hello` that requests state, request, or send in a trailer.
@Suite struct UploadDigestTests {
  private static let digest = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"
  private static let digest512 =
    "sha-512=:m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==:"
  private static let text = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

  @Test(arguments: ["Repr-Digest", "Content-Digest"]) func `a stated digest that matches is in the response`(
    field: String
  )
    async throws
  {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["\(field): md5=:AA==:, \(Self.digest)"], body: "hello"))
      let response = try harness.received()
      #expect(response.contains("HTTP/1.1 201 ") && response.contains("\r\nRepr-Digest: \(Self.digest)\r\n"))
      #expect(response.contains(#""type":"text/plain","sha256":"\#(Self.text)","url":"./files/a"}]}"#))
    }
  }

  @Test(arguments: [
    [digest.replacing("LPJ", with: "LPK")], [digest, digest512.replacing("m3H", with: "m3I")],
    [digest.replacing("LPJ", with: "LPK"), digest512],
  ]) func `an upload whose content does not match a stated digest gets 400 and is not stored`(digests: [String])
    async throws
  {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Repr-Digest: \(digests.joined(separator: ", "))"], body: "hello"))
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published == [] && harness.ledger.totals(.incoming).failed == 1)
      try harness.send(request("PUT /a", ["Repr-Digest: \(Self.digest), \(Self.digest512)"], body: "hello"))
      #expect(try harness.statuses() == [201])
    }
  }

  @Test(arguments: ["sha-256=abc", "sha-256=:AAAA:", "(", "sha-256"])
  func `a malformed digest gets 400 before the body arrives`(
    value: String
  ) async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Repr-Digest: \(value)", "Content-Length: 5"]))
      #expect(try harness.statuses() == [400])
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test func `without a digest in the request none is computed, unless the server is configured to`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", body: "hello"))
      let response = try harness.received()
      #expect(!response.contains("sha256") && !response.contains("Repr-Digest"))
      #expect(harness.store.sink?.hash == nil)
      try harness.send(request("PUT /a", ["Repr-Digest: md5=:AA==:"], body: "hello"))
      #expect(harness.store.sink?.hash == nil)
    }
    try await withHandler(digests: [.sha256]) { harness in
      try harness.send(request("PUT /a", body: "hello"))
      #expect(try harness.received().contains(#""sha256":"\#(Self.text)""#))
    }
  }

  @Test func `the digest that Want-Repr-Digest prefers is in the response`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Want-Repr-Digest: sha-256=1, sha-512=9"], body: "hello"))
      let response = try harness.received()
      #expect(response.contains("\r\nRepr-Digest: \(Self.digest512)\r\n") && !response.contains("\"sha256\""))
      try harness.send(request("PUT /a", ["Want-Repr-Digest: sha-256=x"], body: "hello"))
      #expect(try harness.statuses() == [400])
    }
  }

  private func chunked(_ fields: [String], trailers: [String]) -> String {
    request("PUT /a", ["Transfer-Encoding: chunked"] + fields)
      + "2\r\nhe\r\n3\r\nllo\r\n0\r\n" + trailers.map { $0 + "\r\n" }.joined() + "\r\n"
  }

  @Test(arguments: [[], ["Trailer: Repr-Digest"]], [digest, digest512])
  func `a digest that only the trailer states is checked as well`(
    fields: [String],
    digest: String
  ) async throws {
    try await withHandler { harness in
      try harness.send(chunked(fields, trailers: ["Repr-Digest: \(digest)"]))
      let response = try harness.received()
      #expect(response.contains("HTTP/1.1 201 ") && response.contains(digest), "\(response)")
      // An announced digest is computed as sha-256 while the content arrives, any other from the stored content.
      #expect((harness.store.sink?.hash != nil) == !fields.isEmpty)
      #expect((harness.store.sink?.request?.late != nil) == (fields.isEmpty || digest == Self.digest512))
      let wrong = digest.replacing("LPJ", with: "LPK").replacing("m3H", with: "m3I")
      try harness.send(chunked(fields, trailers: ["Repr-Digest: \(wrong)"]))
      try harness.send(chunked(fields, trailers: ["Repr-Digest: sha-256=nonsense"]))
      #expect(try harness.statuses() == [400, 400])
      #expect(harness.store.published == [["a"]])
    }
  }

  @Test func `a digest in the trailer that contradicts the one in the headers gets 400`() async throws {
    try await withHandler { harness in
      let other = "Repr-Digest: \(Self.digest.replacing("LPJ", with: "LPK"))"
      try harness.send(chunked(["Repr-Digest: \(Self.digest)"], trailers: [other]))
      #expect(try harness.statuses() == [400])
    }
  }

  @Test func `an interrupted upload gets 400 even if the data received matches its digest`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Repr-Digest: \(Self.digest)", "Content-Length: 50"]) + "hello")
      harness.sendEnd()
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published == [])
      #expect(harness.store.sink?.isAborted == true)
    }
  }

  private func form(_ parts: [(fields: String, content: String)]) -> String {
    let body = parts.enumerated().map { index, part in
      "--b\r\nContent-Disposition: form-data; name=f; filename=\(index)\r\n\(part.fields)\r\n\(part.content)\r\n"
    }
    let type = "Content-Type: multipart/form-data; boundary=b"
    return request("POST /file-upload", [type], body: body.joined() + "--b--\r\n")
  }

  @Test func `the digest that a form's part states is checked and reported for its file alone`() async throws {
    try await withHandler { harness in
      try harness.send(form([("Content-Digest: \(Self.digest)\r\n", "hello"), ("", "x")]))
      let response = try harness.received()
      #expect(
        response.contains(#"{"name":"0","size":5,"type":"text/plain","sha256":"\#(Self.text)","url":"./files/0"}"#)
      )
      #expect(response.contains(#"{"name":"1","size":1,"type":"text/plain","url":"./files/1"}"#))
      #expect(!response.contains("Repr-Digest"), "the field could not say which file it means")
      try harness.send(form([("", "x"), ("Repr-Digest: \(Self.digest)\r\n", "hello!")]))
      try harness.send(form([("Repr-Digest: ?\r\n", "hello")]))
      #expect(try harness.statuses() == [400, 400])
      #expect(harness.store.published == [["0", "1"]])
    }
  }
}
