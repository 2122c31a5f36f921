import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Clients, users and disks that do what they should not.
@Suite struct ResumableMisuseTests {
  private let empty = ["Upload-Complete: ?0", "Content-Length: 0"]

  private func id(_ path: String) throws -> UnfinishedID {
    try #require(UnfinishedID(path.dropFirst("/uploads/".count)))
  }

  // MARK: Creations

  @Test func `without directories, a creation below the path of uploads is no plain upload of a part of the file`()
    async throws
  {
    var limits = UploadLimits()
    limits.paths.keepsDirectories = false
    try await withResumable(limits: limits) { harness in
      let reply = try harness.first.reply(to: request("PUT /uploads/a.txt", ["Upload-Complete: ?0"], body: "abc"))
      #expect(reply.statuses == [201])
      #expect(reply["Upload-Offset"] == "3")
      #expect(harness.files.published.isEmpty && harness.store.record?.path?.description == "a.txt")
      #expect(try harness.first.reply(to: request("PUT /uploads/b.txt", body: "abc")).statuses == [201])
      #expect(harness.files.published == [["b.txt"]])
    }
  }

  @Test(arguments: ["a.txt", "AAAAAAAAAAAAAAAAAAAAAA", "a/b"], [["Upload-Complete: ?0"], []])
  func `with directories, nothing is created below the path of uploads, and the response names the right path`(
    name: String,
    fields: [String]
  ) async throws {
    try await withResumable { harness in
      let reply = try harness.first.reply(to: request("PUT /uploads/\(name)", fields, body: "abc"))
      #expect(reply.statuses == [405])
      #expect(reply.text.contains("/files/uploads/\(name)"))
      #expect(harness.files.published.isEmpty && harness.store.record == nil)
    }
  }

  @Test(arguments: ["Via: 1.1 proxy", "Forwarded: for=192.0.2.7", "X-Forwarded-For: 192.0.2.7"])
  func `through a proxy there is no interim response`(field: String) async throws {
    try await withResumable { harness in
      let fields = ["Upload-Draft-Interop-Version: 8", "Upload-Complete: ?0", field]
      let reply = try harness.first.reply(to: request("PUT /a", fields, body: "abc"))
      #expect(reply.statuses == [201])
    }
  }

  @Test func `ten thousand creations leave as many uploads as are allowed`() async throws {
    var limits = UploadLimits()
    limits.maxUnfinished = 50
    limits.maxUnfinishedPerClient = 20
    try await withResumable(limits: limits) { harness in
      for index in 0..<10_000 {
        if index % 1000 == 0 { _ = harness.ledger.drain() }
        let status = try harness.first.reply(to: request("PUT /a", empty + ["Upload-Length: 9000000000000"])).status
        guard status == (index < 20 ? 201 : 429) else {
          Issue.record("status \(status) of creation \(index)")
          return
        }
      }
      #expect(harness.store.records.count == 20)
      #expect(harness.ledger.activeCount(.incoming) == 20)
    }
  }

  @Test func `a client of HTTP 1.0 may create, read and continue an upload`() async throws {
    try await withResumable { harness in
      let fields = ["Upload-Complete: ?0", "Upload-Draft-Interop-Version: 8"]
      let creation = request("PUT /a", fields, body: "abc").replacing("HTTP/1.1", with: "HTTP/1.0")
      let reply = try harness.first.reply(to: creation)
      #expect(reply.statuses == [201])
      let path = try #require(reply.path)
      let other = try harness.connect()
      let rest = request("PATCH " + path, append(at: 3, complete: true), body: "def")
      #expect(try other.reply(to: rest.replacing("HTTP/1.1", with: "HTTP/1.0")).statuses == [201])
    }
  }

  // MARK: Lengths and ranges

  @Test func `the meter learns a length that the creation did not state`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let meter = try #require(harness.ledger.active().first)
      #expect(meter.size == nil)
      try harness.first.send(request("PATCH " + path, append(at: 0, complete: true, ["Content-Length: 6"])) + "abc")
      #expect(meter.size == 6)
      #expect(try harness.first.reply(to: "def").statuses == [201])
      let tusPath = try harness.createTus(["Upload-Defer-Length: 1", "Content-Length: 0"])
      let deferred = try #require(harness.ledger.active().first)
      let fields = tusAppend(at: 0, ["Upload-Length: 9"])
      #expect(try harness.first.reply(to: request("PATCH " + tusPath, fields, body: "abc")).statuses == [204])
      #expect(deferred.size == 9)
    }
  }

  @Test func `GET with a range, and a HEAD that states an offset, change nothing`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let reply = try harness.first.reply(to: request("GET " + path, ["Range: bytes=0-1", "If-None-Match: *"]))
      #expect(reply.statuses == [204])
      #expect(try harness.first.reply(to: request("HEAD " + path, ["Upload-Offset: 7"])).statuses == [400])
      #expect(harness.store.record?.offset == 0)
    }
  }

  // MARK: Several requests

  @Test func `a newer request replaces one that still waits for the store`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.stepsAtOnce = false
      let old = request("PATCH " + path, append(at: 0, complete: false), body: "abc")
      try harness.first.send(old)
      let other = try harness.connect()
      #expect(try other.reply(to: request("PATCH " + path, append(at: 0, complete: false), body: "xyz")).statuses == [])
      harness.store.stepsAtOnce = true
      harness.store.finishSteps()
      harness.loop.run()
      #expect(try other.reply()["Upload-Offset"] == "3")
      #expect(!harness.first.isOpen)
      #expect(try harness.store.text(id(path)) == "xyz")
    }
  }

  @Test func `cancelling a file that is already published keeps the record that heals a lost response`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      (harness.store.endsAtOnce, harness.store.abortsTooLate) = (false, true)
      let last = request("PATCH " + path, append(at: 0, complete: true), body: "abc")
      try harness.first.send(last)
      try #require(harness.ledger.active().first).cancel()
      harness.loop.run()
      harness.store.sink?.finish()
      harness.loop.run()
      #expect(try harness.first.reply().statuses == [201])
      #expect(try harness.first.reply(to: last).statuses == [201])
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }

  @Test func `of finished uploads no more are remembered than may be unfinished`() async throws {
    var limits = UploadLimits()
    limits.maxUnfinished = 3
    try await withResumable(limits: limits) { harness in
      for index in 0..<10 {
        let reply = try harness.first.reply(to: request("PUT /\(index)", ["Upload-Complete: ?1"], body: "abc"))
        #expect(reply.statuses == [201])
      }
      #expect(harness.store.records.count == 3)
      #expect(harness.ledger.totals(.incoming).finished == 10)
    }
  }

  @Test func `the server's end during publishing does not lose the file`() async throws {
    var limits = UploadLimits()
    limits.grace = .seconds(5)
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      harness.store.endsAtOnce = false
      try harness.first.send(request("PATCH " + path, append(at: 0, complete: true), body: "abc"))
      harness.first.quiesce()
      harness.first.advance(6)
      harness.ledger.cancelAll()
      harness.loop.run()
      harness.store.sink?.finish()
      harness.loop.run()
      #expect(harness.ledger.totals(.incoming).finished == 1)
      guard case .finished = harness.store.record?.state else {
        Issue.record("not published")
        return
      }
    }
  }

  @Test func `data behind the body is not part of the upload`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let text = request("PATCH " + path, append(at: 0, complete: true), body: "abc") + "defghi\r\n\r\n"
      let reply = try harness.first.reply(to: text)
      #expect(reply.statuses.first == 201)
      #expect(try harness.store.text(id(path)) == "abc")
    }
  }

  // MARK: Time

  @Test func `an upload does not expire while a request takes longer than its lifetime`() async throws {
    var limits = UploadLimits()
    limits.expireUnfinished = .seconds(1000)
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      let id = try id(path)
      let now = CurrentTime.seconds
      harness.store.records[id]?.expires = now + 10
      var record = try #require(harness.store.record)
      record.expires = now + 10
      let uploads = try harness.uploads
      uploads.interrupt(record)
      uploads.activate(record)
      harness.first.advance(61)
      #expect((harness.store.record?.expires ?? 0) >= now + 1000)
      uploads.interrupt(record)
    }
  }

  // MARK: The store

  @Test func `an upload whose record has disappeared no longer counts`() async throws {
    var limits = UploadLimits()
    limits.maxUnfinishedPerClient = 1
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      harness.store.records = [:]
      #expect(try harness.first.reply(to: request("HEAD " + path)).statuses == [404])
      #expect(harness.ledger.totals(.incoming).failed == 1)
      _ = try harness.create()
    }
  }

  @Test func `an upload that another server has finished is finished here, too`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let file = StoredFile(name: NameBytes("a.txt"), size: 0, type: nil, modified: 0)
      harness.store.records[try id(path)]?.state = .finished(file)
      #expect(try harness.first.reply(to: request("HEAD " + path))["Upload-Complete"] == "?1")
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }
}
