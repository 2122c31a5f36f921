import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// A server that begins no new uploads, because its program quits when the running ones have finished.
@Suite struct AdmissionTests {
  private func own(_ server: ServerContext) -> String { "Sluice-Process: \(server.admission.process)" }

  @Test(arguments: [
    request("PUT /a", body: "hello"), request("POST /stream-upload?name=a", body: "hello"),
    request("POST /file-upload", [FormText.type], body: FormText.file("a", "1") + "--b--\r\n"),
    request("PUT /a", ["Upload-Complete: ?0", "Content-Length: 0"]),
    request("POST /uploads", tus(["Upload-Length: 5", "Content-Length: 0"])),
  ])
  func `new uploads of every kind get 503 and the time after which to retry`(_ text: String) async throws {
    try await withResumable { harness in
      harness.first.server.admission.setClosed(true)
      let reply = try harness.first.reply(to: text)
      #expect(reply.status == 503 && reply["Retry-After"] != nil, "\(reply.text)")
      #expect(reply.text.contains("accepts no new uploads"))
      #expect(harness.ledger.totals(.incoming).started == 0 && harness.first.isOpen)
    }
  }

  @Test func `running uploads finish, also the further files of a form, and the next one is rejected`() async throws {
    try await withHandler { harness in
      let form = FormText.file("a", "1") + FormText.file("b", "2") + "--b--\r\n"
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: \(form.utf8.count)"]))
      try harness.send(String(form.prefix(90)))
      harness.server.admission.setClosed(true)
      try harness.send(String(form.dropFirst(90)))
      #expect(try harness.statuses() == [201])
      try harness.send(request("PUT /c", body: "x"))
      #expect(try harness.statuses() == [503])
      harness.server.admission.setClosed(false)
      try harness.send(request("PUT /c", body: "x"))
      #expect(try harness.statuses() == [201])
    }
  }

  @Test func `an unfinished resumable upload continues`() async throws {
    try await withResumable { harness in
      let path = try harness.create(length: 10)
      harness.first.server.admission.setClosed(true)
      try harness.first.expect(204, from: "PATCH \(path)", append(at: 0, complete: false), body: "01234")
      try harness.first.expect(201, from: "PATCH \(path)", append(at: 5, complete: true), body: "56789")
    }
  }

  @Test func `uploads of the same process begin all the same, and pages are served`() async throws {
    try await withHandler { harness in
      harness.server.admission.setClosed(true)
      try harness.send(request("PUT /a", [own(harness.server)], body: "hello"))
      #expect(try harness.statuses() == [201])
      try harness.send(request("PUT /a", ["Sluice-Process: 000000000000000000000000"], body: "hello"))
      #expect(try harness.statuses() == [503])
      try harness.send(request("GET /"))
      #expect(try harness.statuses() == [200])
    }
  }

  @Test func `small files that repeat the headers of accepted ones are rejected, those of the same process are not`()
    async throws
  {
    for isOwn in [false, true] {
      try await withHandler { harness in
        let fields = isOwn ? [own(harness.server)] : []
        func put(_ name: String) -> String { request("PUT /\(name)", fields, body: "x") }
        for name in ["a", "b"] { try harness.send(put(name)) }
        #expect(try harness.statuses() == [201, 201])
        harness.server.admission.setClosed(true)
        try harness.send(put("c") + put("d"))
        #expect(try harness.statuses() == (isOwn ? [201, 201] : [503, 503]))
      }
    }
  }

  private let tree = #"Sluice-Tree: id="t1", name="p", files=4"#

  @Test func `files of a tree that is being received begin, those of others do not`() async throws {
    try await withResumable { harness in
      let connection = harness.first
      try connection.expect(201, from: "PUT /p/a", [tree], body: "1")
      connection.server.admission.setClosed(true)
      let other = #"Sluice-Tree: id="t2", name="p", files=4"#
      for fields in [[], [other]] {
        try connection.expect(503, from: "PUT /p/x", fields, body: "2")
        try connection.expect(503, from: "PUT /p/x", fields + ["Upload-Complete: ?0", "Content-Length: 0"])
      }
      try connection.expect(201, from: "PUT /p/b", [tree], body: "2")
      let created = try connection.reply(
        to: request("PUT /p/c", [tree, "Upload-Complete: ?0", "Upload-Length: 1", "Content-Length: 0"])
      )
      #expect(created.status == 201)
      let path = try #require(created.path)
      try connection.expect(201, from: "PATCH \(path)", append(at: 0, complete: true, [tree]), body: "3")
      try connection.expect(201, from: "PUT /p/d/d", [tree], body: "4")
      // As many as stated.
      try connection.expect(503, from: "PUT /p/e", [tree], body: "5")
    }
  }

  @Test func `small files of a tree that is being received are still stored together`() async throws {
    try await withHandler { harness in
      func put(_ name: String) -> String { request("PUT /\(name)", [tree], body: "x") }
      for name in ["a", "b"] { try harness.send(put(name)) }
      #expect(try harness.statuses() == [201, 201])
      harness.server.admission.setClosed(true)
      try harness.send(put("c") + put("d"))
      #expect(try harness.statuses() == [201, 201])
      #expect(harness.store.groups.last == ["c", "d"])
      try harness.send(put("e"))
      #expect(try harness.statuses() == [503])
    }
  }

  @Test func `a raw upload is rejected with its first byte`() async throws {
    try await RawHarness.with { harness in
      harness.server.admission.setClosed(true)
      try harness.send("hello")
      #expect(try harness.received().contains(#""status":503"#))
      #expect(harness.store.sinks.isEmpty)
    }
  }
}
