import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Uploads whose paths have directories, times and trees, and requests that make directories.
@Suite struct DirectoryUploadTests {
  @Test func `the path of a PUT is stored, reported and returned as the canonical one`() async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /photos/a%20b/c.txt", body: "x"))
      let response = try harness.received()
      #expect(response.contains(#""name":"photos/a b/c.txt""#))
      #expect(response.contains("\r\nLocation: ../../files/photos/a%20b/c.txt\r\n"))
      #expect(harness.store.published == [["photos/a b/c.txt"]])
      try harness.send(request("PUT /files/photos/a%20b/c.txt", body: "x"))
      #expect(try harness.received().contains("\r\nLocation: ../../../files/photos/a%20b/c.txt\r\n"))
    }
  }

  @Test func `a path that leads out is rejected before the body, and stores nothing`() async throws {
    try await withHandler { harness in
      for path in ["/../x", "/files/../x", "/a/%2e%2e/x", "/files/a/../../b"] {
        try harness.send(request("PUT \(path)", body: "x"))
        #expect(try harness.statuses() == [400], "\(path)")
      }
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test func `a form with paths=keep keeps the directories of its file names`() async throws {
    try await withHandler { harness in
      let parts = [
        FormText.file("d/e/a.txt", "1"), FormText.file("b.txt", "2"), FormText.file(#"C:\x\c.txt"#, "3"),
      ]
      let form = parts.joined() + FormText.end
      try harness.send(request("POST /file-upload?paths=keep", [FormText.type], body: form))
      #expect(try harness.received().contains(#""url":"./files/d/e/a.txt""#))
      try harness.send(request("POST /file-upload", [FormText.type], body: form))
      #expect(try harness.statuses() == [201])
      #expect(harness.store.published == [["d/e/a.txt", "b.txt", "c.txt"], ["a.txt", "b.txt", "c.txt"]])
    }
  }

  @Test func `a form with a path that leads out is rejected as a whole`() async throws {
    try await withHandler { harness in
      let form = FormText.file("a.txt", "1") + FormText.file("../b.txt", "2") + FormText.end
      try harness.send(request("POST /file-upload?paths=keep", [FormText.type], body: form))
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published.isEmpty)
    }
  }

  @Test(
    arguments: [("1700000000", 1_700_000_000), ("1700000000.75", 1_700_000_000), ("soon", nil), ("-1", nil)]
      as [(String, Int64?)]
  )
  func `the time in X-OC-Mtime is set and acknowledged, and a malformed one is ignored`(
    text: String,
    expected: Int64?
  ) async throws {
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["X-OC-Mtime: \(text)"], body: "x"))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 201 "))
      #expect(response.contains("\r\nX-OC-Mtime: accepted\r\n") == (expected != nil))
      #expect(harness.store.sink?.request?.modified == expected)
    }
  }

  @Test func `a server that keeps no times ignores X-OC-Mtime`() async throws {
    var limits = UploadLimits()
    limits.paths.keepsTimes = false
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /a", ["X-OC-Mtime: 1700000000"], body: "x"))
      let response = try harness.received()
      #expect(!response.contains("X-OC-Mtime") && harness.store.sink?.request?.modified == nil)
    }
  }

  @Test func `an interrupted upload is kept in its directory`() async throws {
    var limits = UploadLimits()
    limits.onCut = .keep
    try await withHandler(limits: limits) { harness in
      try harness.send(request("PUT /d/a", ["Content-Length: 10"]) + "abc")
      harness.disconnect()
      #expect(harness.store.sink?.name == "d/a.partial")
    }
  }

  @Test func `uploads belong to the tree that their request states, and a form is one by itself`() async throws {
    try await withHandler { harness in
      let tree = #"Sluice-Tree: id="abc", name="photos", files=2"#
      let group = UploadGroup(id: "abc", name: "photos", files: 2)
      try harness.send(request("PUT /a", [tree, "Content-Length: 1"]))
      #expect(harness.ledger.active().first?.group == group)
      try harness.send("x")
      try harness.send(request("PUT /b", ["Sluice-Tree: malformed", "Content-Length: 1"]))
      #expect(harness.ledger.active().count == 1 && harness.ledger.active().first?.group == nil)
      try harness.send("x")
      let part = FormText.file("a.txt", "1")
      try harness.send(request("POST /file-upload", [FormText.type, tree, "Content-Length: 500"]) + part)
      #expect(harness.ledger.active().first?.group == group)
    }
    try await withHandler { harness in
      // Both are one form's, which has not ended.
      let parts = FormText.file("a.txt", "1") + FormText.file("b.txt", "2")
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 500"]) + parts)
      let groups = harness.ledger.active().map(\.group?.id)
      #expect(groups.count == 2 && groups[0] != nil && groups[0] == groups[1])
    }
  }
}

/// Requests that make directories.
@Suite struct DirectoryCreationTests {
  private func server(_ limits: UploadLimits = UploadLimits()) -> ServerConfiguration {
    var configuration = RunningServer.configuration
    configuration.limits.paths = limits.paths
    return configuration
  }

  private func mkcol(_ path: String, _ server: RunningServer, _ fields: [String] = []) async throws -> String {
    try await WireClient.exchange(request("MKCOL \(path)", ["Connection: close"] + fields), port: server.port)
  }

  @Test func `MKCOL makes a directory with its parents once, and reports one that exists with 405`() async throws {
    let store = BrowsingProbe.store()
    try await RunningServer.with(store: store) { server in
      let made = try await mkcol("/files/a/b%20c/", server)
      #expect(made.hasPrefix("HTTP/1.1 201 Created\r\n") && made.contains("Location: ../../../files/a/b%20c/\r\n"))
      for path in ["/files/a/b%20c", "/a/", "/files/"] {
        let again = try await mkcol(path, server)
        #expect(again.hasPrefix("HTTP/1.1 405 "), "\(path): \(again)")
      }
      let short = try await mkcol("/d/", server)
      #expect(short.hasPrefix("HTTP/1.1 201 "))
      #expect(server.ledger.rejectedCount == 0)
    }
  }

  @Test func `MKCOL beneath a file gets 409, with a body 415, and 403 where directories are dropped`() async throws {
    let store = BrowsingProbe.store()
    store.add("f", [1])
    try await RunningServer.with(store: store) { server in
      let beneath = try await mkcol("/files/f/d/", server)
      #expect(beneath.hasPrefix("HTTP/1.1 409 "), "\(beneath)")
      let body = try await mkcol("/files/d/", server, ["Content-Length: 1"])
      #expect(body.hasPrefix("HTTP/1.1 415 "), "\(body)")
    }
    var limits = UploadLimits()
    limits.paths.keepsDirectories = false
    try await RunningServer.with(server(limits), store: store) { server in
      let flat = try await mkcol("/files/d/", server)
      #expect(flat.hasPrefix("HTTP/1.1 403 ") && flat.contains("--flat"), "\(flat)")
    }
  }

  @Test func `a server that begins no new uploads makes directories of trees that it is receiving only`() async throws {
    try await RunningServer.with(store: BrowsingProbe.store()) { server in
      let group = UploadGroup(id: "t1", name: "p", files: 2)
      let meter = UploadMeter(direction: .incoming, mode: .stream, name: "p/a", size: 1, remote: "", group: group)
      server.ledger.begin(meter)
      server.accept(false)
      for fields in [[], [#"Sluice-Tree: id="t2""#]] {
        let rejected = try await mkcol("/files/p/d/", server, fields)
        #expect(rejected.hasPrefix("HTTP/1.1 503 "), "\(rejected)")
      }
      let made = try await mkcol("/files/p/d/", server, [#"Sluice-Tree: id="t1""#])
      #expect(made.hasPrefix("HTTP/1.1 201 "), "\(made)")
      server.ledger.end(meter, .cancelled)
    }
  }

  @Test func `MKCOL needs the access token`() async throws {
    var configuration = RunningServer.configuration
    configuration.access.token = try AccessToken("12345678")
    try await RunningServer.with(configuration, store: BrowsingProbe.store()) { server in
      let without = try await mkcol("/files/d/", server)
      #expect(without.hasPrefix("HTTP/1.1 401 "))
      let with = try await mkcol("/files/d/", server, ["Authorization: Bearer 12345678"])
      #expect(with.hasPrefix("HTTP/1.1 201 "))
    }
  }
}
