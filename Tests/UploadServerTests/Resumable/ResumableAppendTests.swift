import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Requests to resources of resumable uploads.
@Suite struct ResumableAppendTests {
  @Test func `an upload is continued in several requests on one connection, and stored under its name`() async throws {
    try await withResumable { harness in
      let path = try harness.create("a.txt", length: 6)
      let first = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: false), body: "abc"))
      #expect(first.statuses == [204])
      #expect(first["Upload-Offset"] == "3")
      #expect(first["Upload-Complete"] == "?0")
      let head = try harness.first.reply(to: request("HEAD " + path))
      #expect(head.statuses == [204])
      #expect(head["Upload-Offset"] == "3")
      #expect(head["Upload-Length"] == "6")
      #expect(head["Cache-Control"] == "no-store")
      let last = try harness.first.reply(to: request("PATCH " + path, append(at: 3, complete: true), body: "def"))
      #expect(last.statuses == [201])
      #expect(last["Upload-Complete"] == "?1")
      #expect(last["Location"] == "../files/a.txt")
      #expect(last.text.contains(#""name":"a.txt","size":6"#))
      let totals = harness.ledger.totals(.incoming)
      #expect(totals.started == 1 && totals.finished == 1)
    }
  }

  @Test func `pipelined requests on a resource are served in order`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let text =
        request("HEAD " + path) + request("PATCH " + path, append(at: 0, complete: false), body: "abc")
        + request("GET " + path) + request("PATCH " + path, append(at: 3, complete: true), body: "def")
        + request("HEAD " + path)
      let reply = try harness.first.reply(to: text)
      #expect(reply.statuses == [204, 204, 204, 201, 204])
      #expect(reply["Upload-Complete"] == "?1")
      #expect(reply["Upload-Offset"] == "6")
    }
  }

  @Test func `a stale offset is rejected with 409 and the right one, and costs nothing`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      _ = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: false), body: "abc"))
      let reply = try harness.first.reply(to: request("PATCH " + path, append(at: 1, complete: true), body: "bcd"))
      #expect(reply.statuses == [409])
      #expect(reply["Upload-Offset"] == "3")
      #expect(reply["Content-Type"] == "application/problem+json")
      #expect(reply.text.contains("\"expected-offset\":3") && reply.text.contains("\"provided-offset\":1"))
      #expect(harness.ledger.rejectedCount == 0, "it belongs to the normal course of resuming")
      let last = try harness.first.reply(to: request("PATCH " + path, append(at: 3, complete: true), body: "def"))
      #expect(last.statuses == [201])
    }
  }

  @Test(arguments: ["", "x", "../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA/x", "%00"])
  func `an unknown or malformed ID gets 404`(id: String) async throws {
    try await withResumable { harness in
      for method in ["HEAD", "GET", "DELETE"] where !id.isEmpty {
        let reply = try harness.first.reply(to: request("\(method) /uploads/\(id)"))
        #expect(reply.statuses == [404], "\(method)")
        #expect(reply["Upload-Offset"] == nil)
      }
      let patch = request("PATCH /uploads/" + id, append(at: 0, complete: true), body: "abc")
      #expect(try harness.first.reply(to: patch).statuses == [id.isEmpty ? 405 : 404])
      #expect(harness.ledger.rejectedCount == (id.isEmpty ? 1 : 0))
    }
  }

  @Test func `more bytes than the length end the upload, which is gone from then on`() async throws {
    try await withResumable { harness in
      let path = try harness.create(length: 4)
      let fields = append(at: 0, complete: false, ["Transfer-Encoding: chunked"])
      let reply = try harness.first.reply(to: request("PATCH " + path, fields) + "5\r\nhello\r\n0\r\n\r\n")
      #expect(reply.statuses == [400])
      #expect(reply["Content-Type"] == "application/problem+json")
      #expect(reply.text.contains("inconsistent-upload-length"))
      let other = try harness.connect()
      #expect(try other.reply(to: request("HEAD " + path)).statuses == [410])
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
  }

  @Test func `a repeated final request gets the same response again`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let text = request("PATCH " + path, append(at: 0, complete: true), body: "abc")
      let first = try harness.first.reply(to: text)
      let second = try harness.first.reply(to: text)
      #expect(first.statuses == [201] && second.statuses == [201])
      #expect(second.text.contains(#""name":"a.txt","size":3"#))
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }

  @Test func `DELETE cancels an upload, which is unknown afterwards`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      #expect(try harness.first.reply(to: request("DELETE " + path)).statuses == [204])
      #expect(try harness.first.reply(to: request("HEAD " + path)).statuses == [404])
      #expect(harness.store.records.isEmpty)
      #expect(harness.ledger.totals(.incoming).cancelled == 1)
    }
  }

  @Test func `a DELETE that the store cannot do is reported, and the upload remains`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      _ = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: false), body: "abc"))
      harness.store.removeFailure = UploadError(.storageFailed, "Read-only.")
      #expect(try harness.first.reply(to: request("DELETE " + path)).statuses == [500])
      let other = try harness.connect()
      #expect(try other.reply(to: request("HEAD " + path))["Upload-Offset"] == "3")
      #expect(harness.ledger.totals(.incoming).cancelled == 0)
      harness.store.removeFailure = nil
      #expect(try other.reply(to: request("DELETE " + path)).statuses == [204])
      #expect(harness.ledger.totals(.incoming).cancelled == 1)
    }
  }

  @Test func `DELETE of a finished upload forgets it, and the file stays`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      _ = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: true), body: "abc"))
      #expect(try harness.first.reply(to: request("DELETE " + path)).statuses == [204])
      #expect(try harness.first.reply(to: request("HEAD " + path)).statuses == [404])
      let totals = harness.ledger.totals(.incoming)
      #expect(totals.finished == 1 && totals.cancelled == 0)
    }
  }

  @Test func `other methods on a resource get 405, and a HEAD with a body 400`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let reply = try harness.first.reply(to: request("POST " + path, ["Content-Length: 0"]))
      #expect(reply.statuses == [405])
      #expect(reply["Allow"] == "GET, HEAD, PATCH, DELETE, OPTIONS")
      #expect(try harness.first.reply(to: request("HEAD " + path, body: "x")).statuses == [400])
    }
  }

  // MARK: The body

  @Test func `bytes that arrive while the store prepares are queued, and nothing more is read`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.stepsAtOnce = false
      try harness.first.send(request("PATCH " + path, append(at: 0, complete: true, ["Content-Length: 6"])) + "abc")
      #expect(harness.store.sinks.isEmpty)
      #expect(harness.first.readsOnTurn() == 0)
      harness.store.stepsAtOnce = true
      harness.store.finishSteps()
      #expect(harness.store.sink?.text == "abc")
      #expect(try harness.first.reply(to: "def").statuses == [201])
      #expect(harness.store.sink?.text == "abcdef")
    }
  }

  @Test func `100 Continue is sent once the bytes can be stored`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.stepsAtOnce = false
      let fields = append(at: 0, complete: true, ["Content-Length: 3", "Expect: 100-continue"])
      #expect(try harness.first.reply(to: request("PATCH " + path, fields)).statuses == [])
      harness.first.channel.read()
      harness.store.stepsAtOnce = true
      harness.store.finishSteps()
      #expect(try harness.first.reply().statuses == [100])
      #expect(try harness.first.reply(to: "abc").statuses == [201])
    }
  }

  @Test func `a request that is rejected gets no 100 Continue`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let fields = append(at: 7, complete: true, ["Content-Length: 3", "Expect: 100-continue"])
      #expect(try harness.first.reply(to: request("PATCH " + path, fields)).statuses == [409])
    }
  }

  @Test func `without room in the store nothing is read`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.beginsWithRoom = false
      try harness.first.send(request("PATCH " + path, append(at: 0, complete: true, ["Content-Length: 6"])) + "abc")
      #expect(harness.first.readsOnTurn() == 0)
      let sink = try #require(harness.store.sink)
      let before = harness.first.wire.reads
      sink.hasRoom = true
      #expect(harness.first.wire.reads > before)
      #expect(try harness.first.reply(to: "def").statuses == [201])
    }
  }

  // MARK: tus

  @Test func `tus: an upload is continued, and the response to the last request is 204`() async throws {
    try await withResumable { harness in
      let path = try harness.createTus(["Upload-Length: 6", "Content-Length: 0"])
      let first = try harness.first.reply(to: request("PATCH " + path, tusAppend(at: 0), body: "abc"))
      #expect(first.statuses == [204])
      #expect(first["Upload-Offset"] == "3")
      let head = try harness.first.reply(to: request("HEAD " + path, tus()))
      #expect(head.statuses == [200])
      #expect(head["Upload-Offset"] == "3" && head["Upload-Length"] == "6")
      let last = try harness.first.reply(to: request("PATCH " + path, tusAppend(at: 3), body: "def"))
      #expect(last.statuses == [204])
      #expect(last["Upload-Offset"] == "6")
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }

  @Test func `tus: a resource keeps its protocol`() async throws {
    try await withResumable { harness in
      let path = try harness.createTus(["Upload-Length: 6", "Content-Length: 0"])
      let reply = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: true), body: "abc"))
      #expect(reply.statuses == [412])
      let draft = try harness.create()
      #expect(try harness.first.reply(to: request("HEAD " + draft, tus())).statuses == [204])
    }
  }

  @Test func `tus: a resource of another server on the directory keeps its protocol, too`() async throws {
    try await withResumable { harness in
      let path = try harness.createTus(["Upload-Length: 6", "Content-Length: 0"])
      let id = try #require(harness.store.record?.id)
      let other = try ResumableHarness(limits: UploadLimits())
      other.store.records = harness.store.records
      #expect(try other.first.reply(to: request("HEAD " + path)).statuses == [412])
      #expect(try other.first.reply(to: request("HEAD " + path, tus())).statuses == [200])
      let entry = try other.uploads.entry(id)
      #expect(entry?.uploadProtocol == .tus)
      _ = try? other.first.channel.finish(acceptAlreadyClosed: true)
    }
  }

  @Test func `tus: bytes with a wrong checksum are discarded`() async throws {
    try await withResumable { harness in
      let path = try harness.createTus(["Upload-Length: 5", "Content-Length: 0"])
      // SHA-1 of "hello".
      let right = "Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00="
      let wrong = try harness.first.reply(to: request("PATCH " + path, tusAppend(at: 0, [right]), body: "hallo"))
      #expect(wrong.statuses == [460])
      #expect(harness.store.sink?.isProvisional == true && harness.store.sink?.isAborted == true)
      #expect(try harness.first.reply(to: request("HEAD " + path, tus()))["Upload-Offset"] == "0")
      let reply = try harness.first.reply(to: request("PATCH " + path, tusAppend(at: 0, [right]), body: "hello"))
      #expect(reply.statuses == [204])
    }
  }

  @Test func `tus: POST with X-HTTP-Method-Override is the stated method`() async throws {
    try await withResumable { harness in
      let path = try harness.createTus(["Upload-Length: 3", "Content-Length: 0"])
      let head = request("POST " + path, tus(["X-HTTP-Method-Override: HEAD", "Content-Length: 0"]))
      #expect(try harness.first.reply(to: head)["Upload-Offset"] == "0")
      let patch = request("POST " + path, tusAppend(at: 0, ["X-HTTP-Method-Override: PATCH"]), body: "abc")
      #expect(try harness.first.reply(to: patch).statuses == [204])
    }
  }

  @Test func `tus: parts are concatenated to a file, and are no files themselves`() async throws {
    try await withResumable { harness in
      var paths: [String] = []
      for text in ["abc", "def"] {
        let path = try harness.createTus(["Upload-Length: 3", "Upload-Concat: partial", "Content-Length: 0"])
        _ = try harness.first.reply(to: request("PATCH " + path, tusAppend(at: 0), body: text))
        paths.append(path)
      }
      #expect(harness.ledger.totals(.incoming).finished == 0)
      let whole = ["Upload-Concat: final;" + paths.joined(separator: " "), "Content-Length: 0"]
      let reply = try harness.first.reply(to: request("POST /uploads", tus(whole)))
      #expect(reply.statuses == [201])
      let path = try #require(reply.path)
      let id = try #require(UnfinishedID(path.dropFirst("/uploads/".count)))
      #expect(harness.store.text(id) == "abcdef")
      #expect(harness.ledger.totals(.incoming).finished == 1)
      let unfinished = try harness.createTus(["Upload-Length: 3", "Upload-Concat: partial", "Content-Length: 0"])
      let bad = ["Upload-Concat: final;\(paths[0]) \(unfinished)", "Content-Length: 0"]
      #expect(try harness.first.reply(to: request("POST /uploads", tus(bad))).statuses == [400])
    }
  }

  @Test func `tus: every response states the version, also one of the server itself`() async throws {
    var rules = AccessRules()
    rules.token = try AccessToken("secret-token-1")
    try await withResumable(access: AccessGate(rules)) { harness in
      let reply = try harness.first.reply(to: request("POST /uploads", tus(["Upload-Length: 3", "Content-Length: 0"])))
      #expect(reply.statuses == [401])
      #expect(reply["Tus-Resumable"] == "1.0.0")
    }
  }
}
