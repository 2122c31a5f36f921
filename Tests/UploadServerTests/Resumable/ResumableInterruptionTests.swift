import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Requests of resumable uploads that end early, and uploads that no request continues.
@Suite struct ResumableInterruptionTests {
  /// Begins a PATCH request of ten bytes, of which three arrive.
  private func begin(_ path: String, on connection: HandlerHarness) throws {
    try connection.send(request("PATCH " + path, append(at: 0, complete: true, ["Content-Length: 10"])) + "abc")
  }

  private func id(_ path: String) throws -> UnfinishedID {
    try #require(UnfinishedID(path.dropFirst("/uploads/".count)))
  }

  // MARK: Cut requests

  @Test func `what has arrived when the connection breaks is kept, and the upload is interrupted, not failed`()
    async throws
  {
    try await withResumable { harness in
      let path = try harness.create()
      try begin(path, on: harness.first)
      let meter = try #require(harness.ledger.active().first)
      #expect(meter.interruption == nil && meter.received == 3)
      harness.first.disconnect(IOError(errnoCode: 104, reason: "reset"))
      #expect(meter.interruption != nil && meter.phase == .interrupted)
      #expect(harness.ledger.totals(.incoming).failed == 0)
      let other = try harness.connect()
      #expect(try other.reply(to: request("HEAD " + path))["Upload-Offset"] == "3")
      let reply = try other.reply(to: request("PATCH " + path, append(at: 3, complete: true), body: "defghij"))
      #expect(reply.statuses == [201])
      #expect(try harness.store.text(id(path)) == "abcdefghij")
      #expect(meter.received == 10 && harness.ledger.totals(.incoming).started == 1)
    }
  }

  @Test func `with --on-cut keep an interrupted resumable upload is not stored as a partial file`() async throws {
    var limits = UploadLimits()
    limits.onCut = .keep
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      try begin(path, on: harness.first)
      harness.first.disconnect()
      #expect(harness.files.published.isEmpty && harness.store.record?.state == .unfinished)
      #expect(harness.store.record?.offset == 3)
    }
  }

  @Test func `a client that times out, or closes its sending side, gets an error with the offset`() async throws {
    var limits = UploadLimits()
    limits.idleTimeout = .seconds(20)
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      try begin(path, on: harness.first)
      harness.first.advance(21)
      let late = try harness.first.reply()
      #expect(late.statuses == [408])
      #expect(late["Upload-Complete"] == "?0")
      #expect(late["Upload-Offset"] == "3")
      let other = try harness.connect()
      try other.send(request("PATCH " + path, append(at: 3, complete: true, ["Content-Length: 7"])) + "def")
      other.sendEnd()
      let cut = try other.reply()
      #expect(cut.statuses == [400])
      #expect(cut["Upload-Offset"] == "6")
      #expect(harness.ledger.totals(.incoming).failed == 0)
    }
  }

  @Test func `at the end of the grace period what has arrived is kept`() async throws {
    var limits = UploadLimits()
    limits.grace = .seconds(5)
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      try begin(path, on: harness.first)
      harness.first.quiesce()
      #expect(try harness.first.reply().statuses == [])
      harness.first.advance(6)
      #expect(try harness.first.reply().statuses == [503])
      #expect(harness.store.record?.offset == 3)
      #expect(harness.ledger.active().first?.interruption != nil)
    }
  }

  @Test func `bytes whose checksum could not be compared do not count`() async throws {
    try await withResumable { harness in
      let path = try harness.createTus(["Upload-Length: 5", "Content-Length: 0"])
      let fields = tusAppend(at: 0, ["Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", "Content-Length: 5"])
      try harness.first.send(request("PATCH " + path, fields) + "hel")
      harness.first.disconnect()
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.store.record?.offset == 0)
      #expect(harness.ledger.active().first?.received == 0)
    }
  }

  @Test func `an error of the store ends the request, and the client may go on`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      try begin(path, on: harness.first)
      harness.store.sink?.fail(UploadError(.diskFull, "Full."))
      let reply = try harness.first.reply()
      #expect(reply.statuses == [507])
      #expect(reply["Upload-Complete"] == "?0")
      #expect(reply["Upload-Offset"] == "0")
      harness.store.appendFailure = UploadError(.storageFailed, "Failed.")
      let other = try harness.connect()
      let failed = try other.reply(to: request("PATCH " + path, append(at: 0, complete: false), body: "abc"))
      #expect(failed.statuses == [500])
      harness.store.appendFailure = nil
      let third = try harness.connect()
      let stored = try third.reply(to: request("PATCH " + path, append(at: 0, complete: false), body: "abc"))
      #expect(stored.statuses == [204])
    }
  }

  @Test func `a file that cannot be published for now stays an unfinished upload`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.publishFailure = UploadError(.diskFull, "Full.")
      let failed = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: true), body: "abc"))
      #expect(failed.statuses == [507])
      #expect(failed["Upload-Offset"] == "3")
      harness.store.publishFailure = nil
      let empty = request("PATCH " + path, append(at: 3, complete: true, ["Content-Length: 0"]))
      #expect(try harness.first.reply(to: empty).statuses == [201])
    }
  }

  @Test func `a final request whose name exists already is rejected, and the upload is gone`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.publishFailure = UploadError(.nameTaken, "Taken.")
      let failed = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: true), body: "abc"))
      #expect(failed.statuses == [409])
      #expect(failed["Upload-Complete"] == "?1")
      #expect(failed["Upload-Offset"] == "3", "clients expect it in every 409")
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
  }

  // MARK: Newer requests

  @Test(arguments: ["HEAD", "DELETE"])
  func `a newer request ends an older one, and waits until its bytes are recorded`(method: String) async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.endsAtOnce = false
      try begin(path, on: harness.first)
      let other = try harness.connect()
      #expect(try other.reply(to: request("\(method) " + path)).statuses == [])
      #expect(harness.first.isOpen)
      harness.store.sink?.finish()
      let reply = try other.reply()
      #expect(reply.statuses == [204])
      if method == "HEAD" { #expect(reply["Upload-Offset"] == "3") }
      harness.loop.run()
      #expect(!harness.first.isOpen)
      #expect(try harness.first.reply().statuses == [])
    }
  }

  @Test func `GET does not disturb a running request`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      try begin(path, on: harness.first)
      let other = try harness.connect()
      #expect(try other.reply(to: request("GET " + path)).statuses == [204])
      #expect(try harness.first.reply(to: "defghij").statuses == [201])
    }
  }

  @Test func `of many newer requests each one ends the one before it`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.endsAtOnce = false
      try begin(path, on: harness.first)
      let connections = try (0..<5).map { _ in try harness.connect() }
      for connection in connections { try begin(path, on: connection) }
      harness.store.endsAtOnce = true
      harness.store.sinks.forEach { $0.finish() }
      harness.loop.run()
      let statuses = try connections.map { try $0.reply().statuses }
      // The offset of all of them is stale by then.
      #expect(statuses == Array(repeating: [409], count: 5))
      #expect(harness.store.record?.offset == 3)
    }
  }

  @Test func `a request that publishes the file is not ended, and the newer one finds it complete`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.endsAtOnce = false
      try harness.first.send(request("PATCH " + path, append(at: 0, complete: true), body: "abc"))
      let other = try harness.connect()
      #expect(try other.reply(to: request("HEAD " + path)).statuses == [])
      harness.store.sink?.finish()
      #expect(try harness.first.reply().statuses == [201])
      #expect(try other.reply()["Upload-Complete"] == "?1")
    }
  }

  // MARK: Cancelling

  @Test func `cancelling an upload deletes it, with and without a running request`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      try begin(path, on: harness.first)
      let running = try #require(harness.ledger.active().first)
      running.cancel()
      harness.loop.run()
      let reply = try harness.first.reply()
      #expect(reply.statuses == [403])
      #expect(reply["Upload-Complete"] == "?1")
      #expect(harness.store.records.isEmpty)
      let other = try harness.connect()
      let creation = try other.reply(to: request("PUT /b", ["Upload-Complete: ?0", "Content-Length: 0"]))
      #expect(creation.statuses == [201])
      let idle = try #require(harness.ledger.active().first)
      idle.cancel()
      harness.loop.run()
      #expect(harness.store.records.isEmpty)
      #expect(harness.ledger.totals(.incoming).cancelled == 2)
    }
  }

  @Test func `cancelling while the bytes of a request are recorded deletes the upload afterwards`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.store.endsAtOnce = false
      try begin(path, on: harness.first)
      let meter = try #require(harness.ledger.active().first)
      harness.first.disconnect()
      meter.cancel()
      harness.loop.run()
      harness.store.sink?.finish()
      harness.loop.run()
      #expect(harness.store.records.isEmpty)
      #expect(harness.ledger.totals(.incoming).cancelled == 1)
    }
  }

  @Test func `the end of all uploads at the server's end keeps what has arrived of unfinished ones`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      harness.ledger.cancelAll()
      harness.loop.run()
      #expect(harness.store.record?.state == .unfinished)
      try begin(path, on: harness.first)
      harness.ledger.cancelAll()
      harness.loop.run()
      #expect(try harness.first.reply().statuses == [503])
      #expect(harness.store.record?.offset == 3)
    }
  }
}
