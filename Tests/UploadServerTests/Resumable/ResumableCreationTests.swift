import NIOEmbedded
import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Requests that create resumable uploads, or ask for their limits.
@Suite struct ResumableCreationTests {
  @Test(arguments: ["POST /stream-upload?name=a.txt", "PUT /a.txt"])
  func `a creation without content says where the upload continues`(line: String) async throws {
    try await withResumable { harness in
      let reply = try harness.first.reply(to: request(line, ["Upload-Complete: ?0", "Content-Length: 0"]))
      #expect(reply.statuses == [201])
      let record = try #require(harness.store.record)
      #expect(reply["Location"] == "http://localhost/uploads/\(record.id)")
      #expect(reply["Upload-Offset"] == "0")
      #expect(reply["Upload-Complete"] == "?0")
      #expect(reply["Upload-Limit"]?.contains("max-age=") == true)
      #expect(record.path?.description == "a.txt")
      #expect(record.state == .unfinished)
      #expect(harness.ledger.active().first?.interruption != nil)
    }
  }

  @Test func `a creation with all content responds as a plain upload does`() async throws {
    try await withResumable { harness in
      let fields = ["Upload-Complete: ?1", "Content-Type: text/plain"]
      let reply = try harness.first.reply(to: request("PUT /a.txt", fields, body: "hello"))
      #expect(reply.statuses == [201])
      #expect(reply["Upload-Complete"] == "?1")
      #expect(reply.text.contains(#""files":[{"name":"a.txt","size":5,"type":"text/plain""#))
      #expect(harness.ledger.totals(.incoming).finished == 1)
      #expect(harness.ledger.totals(.incoming).started == 1)
    }
  }

  @Test(arguments: [("3", "Upload-Incomplete: ?1"), ("6", "Upload-Complete: ?0")])
  func `a client of a known version gets the interim response 104 before its body is read`(
    version: String,
    field: String
  ) async throws {
    try await withResumable { harness in
      let fields = ["Upload-Draft-Interop-Version: \(version)", field, "Content-Length: 3"]
      let interim = try harness.first.reply(to: request("PUT /a", fields))
      #expect(interim.statuses == [104])
      #expect(interim.text.hasPrefix("104 Upload Resumption Supported\r\n"))
      let record = try #require(harness.store.record)
      #expect(interim["Location"] == "http://localhost/uploads/\(record.id)")
      #expect(interim["Content-Length"] == nil)
      #expect(interim["Transfer-Encoding"] == nil)
      #expect(try harness.first.reply(to: "abc").statuses == [201])
    }
  }

  @Test(
    arguments: [
      [], ["Upload-Draft-Interop-Version: 99"], ["Upload-Draft-Interop-Version: 6", "Connection: close"],
    ]
      as [[String]]
  )
  func `a client without a known version, or of one request, gets the whole protocol without 104`(version: [String])
    async throws
  {
    try await withResumable { harness in
      let reply = try harness.first.reply(to: request("PUT /a", ["Upload-Complete: ?0"] + version, body: "abc"))
      #expect(reply.statuses == [201])
      #expect(reply["Upload-Offset"] == "3")
      #expect(harness.store.record?.offset == 3)
    }
  }

  @Test func `without a store for unfinished uploads a part of a file gets 501, and OPTIONS 405`() async throws {
    try await withHandler { harness in
      let result = try harness.reply(to: request("PUT /a", ["Upload-Complete: ?0"], body: "abc")).statuses
      #expect(result == [501])
      #expect(harness.store.published == [])
      #expect(try harness.reply(to: request("OPTIONS /a")).statuses == [405])
    }
  }

  @Test func `OPTIONS of a target says the limits of uploads there`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 1000
    try await withResumable(limits: limits) { harness in
      for path in ["/stream-upload", "/a.txt"] {
        let reply = try harness.first.reply(to: request("OPTIONS " + path))
        #expect(reply.statuses == [200])
        #expect(reply["Upload-Limit"]?.contains("max-size=1000") == true)
        #expect(reply["Content-Length"] == "0")
      }
      let reply = try harness.first.reply(to: request("OPTIONS /healthz"))
      #expect(reply.statuses == [405])
      #expect(reply["Allow"] == "GET, HEAD")
    }
  }

  @Test func `the path of tus uploads is no file name`() async throws {
    try await withResumable { harness in
      let reply = try harness.first.reply(to: request("PUT /uploads", body: "abc"))
      #expect(reply.statuses == [405])
      #expect(reply["Allow"] == "OPTIONS, POST")
    }
  }

  @Test func `tus: a creation needs the protocol's version, and its metadata name the file`() async throws {
    try await withResumable { harness in
      let missing = try harness.first.reply(to: request("POST /uploads", ["Upload-Length: 5", "Content-Length: 0"]))
      #expect(missing.statuses == [412])
      #expect(missing["Tus-Version"] == "1.0.0")
      // "a.txt" and "text/plain".
      let fields = [
        "Upload-Length: 5", "Upload-Metadata: filename YS50eHQ=,filetype dGV4dC9wbGFpbg==", "Content-Length: 0",
      ]
      let reply = try harness.first.reply(to: request("POST /uploads/", tus(fields)))
      #expect(reply.statuses == [201])
      #expect(reply["Tus-Resumable"] == "1.0.0")
      let record = try #require(harness.store.record)
      #expect(record.path?.description == "a.txt")
      #expect(record.declaredType == "text/plain")
      #expect(record.length == 5)
      #expect(reply["Location"] == "http://localhost/uploads/\(record.id)")
    }
  }

  @Test(arguments: [
    "PUT /files/d/e/a.txt", "PUT /d/e/a.txt", "POST /stream-upload?paths=keep&name=d/e/a.txt",
    "POST /stream-upload?name=d%2Fe%2Fa.txt&paths=keep",
  ])
  func `a creation keeps the directories of its path, and its time`(line: String) async throws {
    try await withResumable { harness in
      let fields = ["Upload-Complete: ?1", "X-OC-Mtime: 1700000000.5", "Sluice-Tree: id=\"t\", name=\"d\", files=2"]
      let reply = try harness.first.reply(to: request(line, fields, body: "abc"))
      #expect(reply.statuses == [201])
      #expect(reply["X-OC-Mtime"] == "accepted")
      #expect(reply["Location"]?.hasSuffix("files/d/e/a.txt") == true)
      let record = try #require(harness.store.record)
      #expect(record.path?.description == "d/e/a.txt" && record.modified == 1_700_000_000)
      #expect(record.group == UploadGroup(id: "t", name: "d", files: 2))
    }
  }

  @Test func `tus: metadata may state directories and the time, which are dropped where the server keeps none`()
    async throws
  {
    // "d/a.txt", "keep", "1700000000".
    let metadata = "Upload-Metadata: filename ZC9hLnR4dA==,paths a2VlcA==,mtime MTcwMDAwMDAwMA=="
    let creation = request("POST /uploads", tus(["Upload-Length: 5", metadata, "Content-Length: 0"]))
    try await withResumable { harness in
      #expect(try harness.first.reply(to: creation).statuses == [201])
      let record = try #require(harness.store.record)
      #expect(record.path?.description == "d/a.txt" && record.modified == 1_700_000_000)
      // "../a".
      let hostile = ["Upload-Length: 5", "Upload-Metadata: relativePath Li4vYQ==", "Content-Length: 0"]
      #expect(try harness.first.reply(to: request("POST /uploads", tus(hostile))).statuses == [400])
    }
    var limits = UploadLimits()
    (limits.paths.keepsDirectories, limits.paths.keepsTimes) = (false, false)
    try await withResumable(limits: limits) { harness in
      #expect(try harness.first.reply(to: creation).statuses == [201])
      let record = try #require(harness.store.record)
      #expect(record.path?.description == "a.txt" && record.path?.wasAltered == true && record.modified == nil)
    }
  }

  @Test func `tus: OPTIONS describes the protocol, and an empty file is stored at once`() async throws {
    try await withResumable { harness in
      let options = try harness.first.reply(to: request("OPTIONS /uploads"))
      #expect(options.statuses == [200])
      #expect(options["Tus-Version"] == "1.0.0")
      #expect(options["Tus-Extension"]?.contains("creation") == true)
      let reply = try harness.first.reply(to: request("POST /uploads", tus(["Upload-Length: 0", "Content-Length: 0"])))
      #expect(reply.statuses == [201])
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }

  @Test func `a failed creation is no upload`() async throws {
    try await withResumable { harness in
      harness.store.createFailure = UploadError(.diskFull, "Full.")
      let reply = try harness.first.reply(to: request("PUT /a", ["Upload-Complete: ?0", "Content-Length: 0"]))
      #expect(reply.statuses == [507])
      #expect(reply["Upload-Complete"] == "?0")
      #expect(harness.ledger.totals(.incoming).started == 0)
      harness.store.createFailure = nil
      _ = try harness.create()
    }
  }

  @Test func `an upload that its client cannot know is deleted`() async throws {
    try await withResumable { harness in
      harness.store.stepsAtOnce = false
      try harness.first.send(request("PUT /a", ["Upload-Complete: ?0", "Content-Length: 3"]) + "a")
      harness.first.disconnect()
      harness.store.stepsAtOnce = true
      harness.store.finishSteps()
      #expect(harness.store.records.isEmpty)
      #expect(harness.ledger.totals(.incoming).cancelled == 1)
    }
  }

  // MARK: Location

  @Test func `behind a trusted proxy the location is the one of the proxy`() async throws {
    var rules = AccessRules()
    rules.trustedProxies = [try AddressRange(parsing: "192.0.2.1")]
    let fields = [
      "Upload-Complete: ?0", "Content-Length: 0", "X-Forwarded-Proto: https", "X-Forwarded-Host: files.example",
    ]
    try await withResumable(access: AccessGate(rules)) { harness in
      for (prefix, path) in [("", ""), ("/box/", "/box"), ("//evil.example", ""), ("/a\"b", "")] {
        let reply = try harness.first.reply(to: request("PUT /a", fields + ["X-Forwarded-Prefix: \(prefix)"]))
        #expect(reply["Location"]?.hasPrefix("https://files.example\(path)/uploads/") == true, "\(prefix)")
      }
      let other = try harness.connect(address: "192.0.2.9")
      let reply = try other.reply(to: request("PUT /a", fields + ["X-Forwarded-Prefix: /box"]))
      #expect(reply["Location"]?.hasPrefix("http://localhost/uploads/") == true)
    }
  }

  @Test func `the public URL overrides what the client used`() async throws {
    try await withResumable(publicURL: "https://files.example/box/") { harness in
      let reply = try harness.first.reply(to: request("PUT /a", ["Upload-Complete: ?0", "Content-Length: 0"]))
      #expect(reply["Location"]?.hasPrefix("https://files.example/box/uploads/") == true)
    }
  }

  @Test func `an upload belongs to the tree of the request that continues it`() async throws {
    try await withResumable { harness in
      let first = #"Sluice-Tree: id="first", name="d", files=2"#
      let creation = ["Upload-Complete: ?0", "Upload-Length: 5", "Content-Length: 3", first]
      let created = try harness.first.reply(to: request("PUT /a.txt", creation) + "abc")
      let path = try #require(created.path)
      #expect(harness.ledger.active().map(\.group?.id) == ["first"])
      let second = #"Sluice-Tree: id="second", name="d", files=2"#
      let begun = request("PATCH " + path, append(at: 3, complete: true, [second, "Content-Length: 2"]))
      try harness.first.send(begun)
      harness.loop.run()
      #expect(harness.ledger.active().map(\.group?.id) == ["second"])
      #expect(harness.store.record?.group?.id == "second", "also after a restart")
      #expect(try harness.first.reply(to: "de").statuses == [201])
    }
  }
}
