import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Uploads of tus that consist of others.
@Suite struct ConcatenationTests {
  /// Creates a complete part with the content "abc".
  private func part(_ harness: ResumableHarness) throws -> String {
    let path = try harness.createTus(["Upload-Length: 3", "Upload-Concat: partial", "Content-Length: 0"])
    let reply = try harness.first.reply(to: request("PATCH " + path, tusAppend(at: 0), body: "abc"))
    #expect(reply.statuses == [204])
    return path
  }

  private func final(_ parts: [String]) -> String {
    let fields = ["Upload-Concat: final;" + parts.joined(separator: " "), "Content-Length: 0"]
    return request("POST /uploads", tus(fields))
  }

  @Test func `a part may be repeated as often as its URL fits into a header field`() async throws {
    try await withResumable { harness in
      let path = try part(harness)
      let reply = try harness.first.reply(to: final(Array(repeating: path, count: 500)))
      #expect(reply.statuses == [201])
      let id = try #require(reply.path.flatMap { UnfinishedID($0.dropFirst("/uploads/".count)) })
      #expect(harness.store.contents[id]?.count == 1500)
      #expect(harness.store.records.count == 2)
    }
  }

  @Test(arguments: ["/uploads/AAAAAAAAAAAAAAAAAAAAAA", "/uploads/../../etc/passwd", "/files/a", ""])
  func `a part that does not exist is rejected, and leaves nothing`(other: String) async throws {
    try await withResumable { harness in
      let path = try part(harness)
      let reply = try harness.first.reply(to: final(other.isEmpty ? [] : [path, other]))
      #expect(reply.statuses == [400])
      #expect(reply["Location"] == nil, "there is no upload")
      #expect(harness.store.records.count == 1)
    }
  }

  @Test func `a part of another token does not exist`() async throws {
    var rules = AccessRules()
    rules.token = try AccessToken("secret-token-1")
    try await withResumable(access: AccessGate(rules)) { harness in
      var record = UnfinishedRecord(
        protocolName: "tus",
        target: "/uploads",
        length: 3,
        created: 0,
        expires: .max,
        client: "192.0.2.1",
        remote: "192.0.2.1:1"
      )
      (record.owner, record.offset, record.properties) = ("0123", 3, ["concat": "partial"])
      harness.store.records[record.id] = record
      let fields = [
        "Upload-Concat: final;/uploads/\(record.id)", "Content-Length: 0", "Authorization: Bearer secret-token-1",
      ]
      let reply = try harness.first.reply(to: request("POST /uploads", tus(fields)))
      #expect(reply.statuses == [400])
      #expect(harness.store.records.count == 1)
    }
  }

  @Test func `a file over --max-size is rejected before anything is copied`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 5
    try await withResumable(limits: limits) { harness in
      let path = try part(harness)
      #expect(try harness.first.reply(to: final([path, path])).statuses == [413])
      #expect(harness.store.records.count == 1 && harness.store.contents.count == 1)
    }
  }

  @Test func `of a file that is cancelled while its parts are copied nothing is left`() async throws {
    try await withResumable { harness in
      let path = try part(harness)
      harness.store.stepsAtOnce = false
      try harness.first.send(final([path]))
      // The creation.
      harness.store.finishSteps()
      #expect(harness.store.records.count == 2)
      try #require(harness.ledger.active().last { $0.interruption == nil }).cancel()
      harness.loop.run()
      harness.store.stepsAtOnce = true
      harness.store.finishSteps()
      harness.loop.run()
      #expect(harness.store.records.count == 1)
      #expect(harness.ledger.totals(.incoming).finished == 0)
    }
  }

  @Test func `more URLs than fit into the headers are rejected`() async throws {
    try await withResumable { harness in
      let path = try part(harness)
      let url = "https://files.example/a/prefix/of/some/length/and/some/more" + path
      let reply = try harness.first.reply(to: final(Array(repeating: url, count: 1000)))
      #expect([400, 431].contains(reply.status))
      #expect(harness.store.records.count == 1)
    }
  }
}
