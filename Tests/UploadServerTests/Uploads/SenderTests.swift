import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// The sender's name that requests state, and the directories of senders.
@Suite struct SenderTests {
  private static let anna = "Sluice-Sender: Anna%20M%C3%BCller"

  private func perSender(isFlat: Bool = false) -> UploadLimits {
    var limits = UploadLimits()
    limits.paths.isPerSender = true
    limits.paths.keepsDirectories = !isFlat
    return limits
  }

  @Test(arguments: ["PUT /a", "POST /stream-upload?name=a"])
  func `the header field names the sender of a plain upload`(line: String) async throws {
    try await withHandler { harness in
      try harness.send(request(line, [Self.anna], body: "x"))
      #expect(try harness.statuses() == [201])
      #expect(harness.store.sink?.meter.sender == "Anna Müller")
      #expect(harness.store.sink?.name == "a")
      try harness.send(request(line, body: "x"))
      #expect(harness.store.sink?.meter.sender == nil)
    }
  }

  @Test(arguments: ["PUT /a", "POST /stream-upload", "MKCOL /d", "POST /file-upload"])
  func `a malformed name is rejected before the body`(line: String) async throws {
    try await withHandler { harness in
      let fields = ["Sluice-Sender: %zz", FormText.type, "Expect: 100-continue"]
      let body = line.hasPrefix("MKCOL") ? [] : ["Content-Length: 100000"]
      try harness.send(request(line, fields + body))
      #expect(try harness.statuses() == [400])
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test func `a form names its sender in the header, or in a field before the first file`() async throws {
    try await withHandler { harness in
      let named = FormText.field("sender", "Ben") + FormText.file("a", "1") + FormText.file("b", "2") + FormText.end
      try harness.send(request("POST /file-upload", [FormText.type], body: named))
      try harness.send(request("POST /file-upload", [FormText.type, Self.anna], body: named))
      let late = FormText.file("a", "1") + FormText.field("sender", "Ben") + FormText.file("b", "2") + FormText.end
      try harness.send(request("POST /file-upload", [FormText.type], body: late))
      #expect(try harness.statuses() == [201, 201, 201])
      let senders = harness.store.sinks.map(\.meter.sender)
      #expect(senders == ["Ben", "Ben", "Anna Müller", "Anna Müller", nil, nil])
    }
  }

  @Test(arguments: [
    (String(repeating: "a", count: 101), 400), (String(repeating: "a", count: 401), 413), ("\u{202E}", 201),
  ])
  func `a form's field is checked as the header is`(name: String, status: Int) async throws {
    try await withHandler { harness in
      try harness.send(FormText.post(FormText.field("sender", name), FormText.file("a", "1")))
      #expect(try harness.statuses() == [status])
      #expect(harness.store.sinks.count == (status == 201 ? 1 : 0))
    }
  }

  // MARK: Directories

  @Test func `each sender has a directory, which paths are below and URLs contain`() async throws {
    try await withHandler(limits: perSender()) { harness in
      try harness.send(request("PUT /photos/a.txt", [Self.anna], body: "x"))
      let response = try harness.received()
      #expect(response.contains("\r\nLocation: ../files/Anna%20M%C3%BCller/photos/a.txt\r\n"))
      #expect(response.contains(#""name":"Anna Müller/photos/a.txt""#))
      try harness.send(request("PUT /files/b.txt", body: "x"))
      #expect(try harness.received().contains("\r\nLocation: ../files/unknown/b.txt\r\n"))
      try harness.send(request("PUT /c.txt", ["Sluice-Sender: ..%2F..%2Fetc"], body: "x"))
      #expect(try harness.statuses() == [201])
      let paths = harness.store.published.flatMap { $0 }
      #expect(paths == ["Anna Müller/photos/a.txt", "unknown/b.txt", ".._.._etc/c.txt"])
    }
  }

  @Test func `a generated name is in the sender's directory, too`() async throws {
    try await withHandler(limits: perSender()) { harness in
      try harness.send(request("POST /stream-upload", [Self.anna, "Content-Type: image/png"], body: "\u{1}"))
      #expect(try harness.statuses() == [201])
      let path = try #require(harness.store.published.first?.first)
      #expect(path.hasPrefix("Anna Müller/upload-") && path.hasSuffix(".png"), "\(path)")
    }
  }

  @Test func `the files of a form are below the directory of its sender, and the form keeps its name`() async throws {
    try await withHandler(limits: perSender()) { harness in
      let form = FormText.field("sender", "Ben") + FormText.file("d/a", "1") + FormText.file("b", "2") + FormText.end
      try harness.send(request("POST /file-upload?paths=keep", [FormText.type], body: form))
      #expect(try harness.received().contains(#""url":"./files/Ben/d/a""#))
      #expect(harness.store.published == [["Ben/d/a", "Ben/b"]])
      #expect(harness.store.sink?.meter.group?.name == "d")
    }
  }

  @Test func `with --flat the sender's directory is the only one`() async throws {
    try await withHandler(limits: perSender(isFlat: true)) { harness in
      try harness.send(request("PUT /photos/a.txt", [Self.anna], body: "x"))
      #expect(try harness.received().contains("\r\nLocation: ../files/Anna%20M%C3%BCller/a.txt\r\n"))
      try harness.send(request("MKCOL /d"))
      #expect(try harness.statuses() == [403])
      #expect(harness.store.published == [["Anna Müller/a.txt"]])
    }
  }

  @Test func `a directory that a client makes is below the sender's`() async throws {
    var configuration = RunningServer.configuration
    configuration.limits.paths.isPerSender = true
    try await RunningServer.with(configuration) { server in
      let fields = ["Connection: close", Self.anna]
      let made = try await WireClient.exchange(request("MKCOL /d/e", fields), port: server.port)
      #expect(made.hasPrefix("HTTP/1.1 201 "))
      #expect(made.contains("\r\nLocation: ../files/Anna%20M%C3%BCller/d/e/\r\n"))
    }
  }

  @Test func `a precondition is about the file in the sender's directory`() async throws {
    try await withHandler(limits: perSender()) { harness in
      try harness.send(request("PUT /a", [Self.anna, "If-None-Match: *"], body: "x"))
      #expect(try harness.statuses() == [201])
      #expect(harness.store.conditions.first??.path?.description == "Anna Müller/a")
    }
  }

  @Test func `a path that becomes too deep below the sender's directory is rejected`() async throws {
    let path = "/" + String(repeating: "d/", count: DirectoryPath.maximumDepth) + "a"
    try await withHandler(limits: perSender()) { harness in
      try harness.send(request("PUT \(path)", [Self.anna], body: "x"))
      #expect(try harness.statuses() == [400])
      #expect(harness.store.sinks.isEmpty)
    }
  }

  // MARK: Resumable uploads

  @Test func `resumable uploads of both protocols have a sender, which their record keeps`() async throws {
    try await withResumable { harness in
      let empty = ["Upload-Complete: ?0", "Content-Length: 0", Self.anna]
      try harness.first.expect(201, from: "PUT /a", empty)
      #expect(harness.store.record?.sender?.description == "Anna Müller")
      #expect(harness.ledger.active().first?.sender == "Anna Müller")
    }
    try await withResumable { harness in
      // Its value is "Ben".
      let metadata = "Upload-Metadata: filename YQ==,sender QmVu"
      _ = try harness.createTus(["Upload-Length: 3", metadata])
      #expect(harness.store.record?.sender?.description == "Ben")
    }
    try await withResumable { harness in
      let metadata = "Upload-Metadata: filename YQ==,sender QmVu"
      _ = try harness.createTus(["Upload-Length: 3", metadata, Self.anna])
      #expect(harness.store.record?.sender?.description == "Anna Müller")
    }
  }

  @Test(arguments: [
    ["Sluice-Sender: %zz", "Upload-Length: 3"], ["Upload-Metadata: sender /w==", "Upload-Length: 3"],
  ])
  func `a malformed name creates no resumable upload`(fields: [String]) async throws {
    try await withResumable { harness in
      let reply = try harness.first.reply(to: request("POST /uploads", tus(fields + ["Content-Length: 0"])))
      #expect(reply.status == 400)
      #expect(harness.store.record == nil)
    }
  }

  @Test func `a resumable upload is published in the directory of its sender`() async throws {
    try await withResumable(limits: perSender()) { harness in
      let fields = ["Upload-Complete: ?1", Self.anna]
      let reply = try harness.first.reply(to: request("PUT /d/a.txt", fields, body: "abc"))
      #expect(reply.status == 201)
      #expect(reply.text.contains(#""url":"../files/Anna%20M%C3%BCller/d/a.txt""#))
      let generated = ["Upload-Complete: ?1", "Content-Type: image/png"]
      let other = try harness.first.reply(to: request("POST /stream-upload", generated, body: "\u{1}"))
      #expect(other.text.contains(#""name":"unknown/upload-"#), "\(other.text)")
    }
  }
}
