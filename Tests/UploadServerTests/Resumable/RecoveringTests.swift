import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Unfinished uploads of earlier runs of the server, and their expiry.
@Suite struct RecoveringTests {
  private func record(
    _ uploadProtocol: String = "draft",
    offset: UInt64 = 3,
    length: UInt64? = nil,
    expires: Int64 = .max,
    _ change: (inout UnfinishedRecord) -> Void = { _ in }
  ) -> UnfinishedRecord {
    var record = UnfinishedRecord(
      protocolName: uploadProtocol,
      target: "/a.txt",
      path: FileName("a.txt").map { FilePath($0) },
      length: length,
      created: 0,
      expires: expires,
      client: "192.0.2.1",
      remote: "192.0.2.1:1"
    )
    record.offset = offset
    change(&record)
    return record
  }

  private func add(_ record: UnfinishedRecord, _ content: String, to harness: ResumableHarness) {
    harness.store.records[record.id] = record
    harness.store.contents[record.id] = Array(content.utf8)
  }

  private func recover(_ harness: ResumableHarness) throws -> Int {
    let uploads = try harness.uploads
    let (context, loop) = (harness.first.server, harness.loop)
    let count = uploads.recover(on: loop) { RecoveredUpload.publish($0, uploads, context, on: loop) }
    loop.run()
    return count
  }

  @Test func `a recovered upload is interrupted, and can be continued`() async throws {
    try await withResumable { harness in
      let record = record()
      add(record, "abc", to: harness)
      #expect(try recover(harness) == 1)
      let meter = try #require(harness.ledger.active().first)
      #expect(meter.interruption != nil && meter.received == 3 && meter.stored == 3)
      #expect(meter.name == "a.txt" && meter.mode == .resumable)
      let text = request("PATCH /uploads/\(record.id)", append(at: 3, complete: true), body: "def")
      #expect(try harness.first.reply(to: text).statuses == [201])
      #expect(harness.store.text(record.id) == "abcdef")
    }
  }

  @Test func `a finished upload of an earlier run is still known to be complete`() async throws {
    try await withResumable { harness in
      let file = StoredFile(name: NameBytes("a.txt"), size: 3, type: nil, modified: 0)
      let record = record { $0.state = .finished(file) }
      add(record, "abc", to: harness)
      let result = try recover(harness)
      #expect(result == 0)
      #expect(harness.ledger.totals(.incoming).started == 0)
      #expect(try harness.first.reply(to: request("HEAD /uploads/\(record.id)"))["Upload-Complete"] == "?1")
    }
  }

  @Test func `an upload of tus of which all bytes had arrived is published at the start`() async throws {
    try await withResumable { harness in
      let complete = record("tus", length: 3)
      let part = record("tus", length: 3) { $0.properties = ["concat": "partial"] }
      add(complete, "abc", to: harness)
      add(part, "abc", to: harness)
      add(record("draft", length: 3), "abc", to: harness)
      let result = try recover(harness)
      #expect(result == 3)
      guard case .finished(let file) = harness.store.records[complete.id]?.state else {
        Issue.record("not published")
        return
      }
      #expect(file.name == "a.txt" && file.size == 3)
      #expect(harness.store.records[part.id]?.state == .unfinished)
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }

  @Test func `a recovered upload that cannot be published is still an unfinished one`() async throws {
    try await withResumable { harness in
      harness.store.publishFailure = UploadError(.diskFull, "Full.")
      let record = record("tus", length: 3)
      add(record, "abc", to: harness)
      #expect(try recover(harness) == 1)
      #expect(harness.ledger.active().first?.interruption != nil)
      harness.store.publishFailure = nil
      let head = try harness.first.reply(to: request("HEAD /uploads/\(record.id)", tus()))
      #expect(head.statuses == [200])
      #expect(harness.ledger.totals(.incoming).finished == 1)
    }
  }

  @Test func `an expired upload is gone, and is deleted within a minute`() async throws {
    try await withResumable { harness in
      let record = record(expires: 1)
      add(record, "abc", to: harness)
      #expect(try recover(harness) == 1)
      #expect(try harness.first.reply(to: request("HEAD /uploads/\(record.id)")).statuses == [410])
      harness.first.advance(61)
      #expect(harness.store.records.isEmpty)
      guard case .failed(let error) = harness.ledger.drain().ended.first?.ended?.outcome else {
        Issue.record("not failed")
        return
      }
      #expect(error.code == .uploadGone)
      let other = try harness.connect()
      #expect(try other.reply(to: request("HEAD /uploads/\(record.id)")).statuses == [404])
    }
  }

  @Test func `an upload that another server has continued meanwhile is not deleted`() async throws {
    try await withResumable { harness in
      let record = record(expires: 1)
      add(record, "abc", to: harness)
      _ = try recover(harness)
      harness.store.records[record.id]?.expires = .max
      harness.first.advance(61)
      #expect(harness.store.records[record.id] != nil)
      #expect(harness.ledger.totals(.incoming).failed == 0)
    }
  }

  @Test func `the end of a part that has expired is no failure`() async throws {
    try await withResumable { harness in
      add(record("tus", length: 3, expires: 1) { $0.properties = ["concat": "partial"] }, "abc", to: harness)
      _ = try recover(harness)
      harness.first.advance(61)
      #expect(harness.store.records.isEmpty)
      #expect(harness.ledger.totals(.incoming).cancelled == 1)
    }
  }

  @Test func `each request lets the upload expire later`() async throws {
    var limits = UploadLimits()
    limits.expireUnfinished = .seconds(1000)
    try await withResumable(limits: limits) { harness in
      let now = CurrentTime.seconds
      let record = record(expires: now + 10)
      add(record, "abc", to: harness)
      _ = try recover(harness)
      let reply = try harness.first.reply(to: request("HEAD /uploads/\(record.id)"))
      #expect(reply.statuses == [204])
      #expect((harness.store.record?.expires ?? 0) >= now + 1000)
      let entry = try harness.uploads.entry(record.id)
      #expect(entry?.expires == harness.store.record?.expires)
    }
  }

  @Test func `after the server's end nothing expires`() async throws {
    try await withResumable { harness in
      add(record(expires: 1), "abc", to: harness)
      _ = try recover(harness)
      try harness.uploads.stop()
      harness.first.advance(600)
      #expect(harness.store.records.count == 1)
    }
  }
}
