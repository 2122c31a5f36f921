import NIOEmbedded
import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// The type detection of uploads whose first bytes this server has not received itself, or only as parts.
@Suite struct ResumedDetectionTests {
  private static let gif = "GIF89a" + String(repeating: "x", count: 3000)

  private func limits() throws -> UploadLimits {
    var limits = UploadLimits()
    limits.types = MediaTypeRules(denied: [try MediaTypePattern("image/gif")])
    return limits
  }

  /// Adds an upload of which an earlier run, or another server, has received the first bytes.
  private func add(
    _ uploadProtocol: ResumableProtocol,
    _ content: some StringProtocol,
    length: Int? = nil,
    to harness: ResumableHarness
  ) -> UnfinishedRecord {
    var record = UnfinishedRecord(
      protocolName: uploadProtocol.rawValue,
      target: "/a",
      path: FileName("a").map { FilePath($0) },
      length: length.map { UInt64($0) },
      created: 0,
      expires: .max,
      client: "192.0.2.1",
      remote: "192.0.2.1:1"
    )
    record.offset = UInt64(content.utf8.count)
    harness.store.records[record.id] = record
    harness.store.contents[record.id] = Array(content.utf8)
    return record
  }

  private func recover(_ harness: ResumableHarness) throws {
    let uploads = try harness.uploads
    let (context, loop) = (harness.first.server, harness.loop)
    _ = uploads.recover(on: loop) { RecoveredUpload.publish($0, uploads, context, on: loop) }
    loop.run()
  }

  @Test(arguments: [1, 3, 8, 1444], [true, false])
  func `a type that is not accepted is found although the server was restarted in between`(
    count: Int,
    isRestart: Bool
  ) async throws {
    try await withResumable(limits: limits()) { harness in
      let record = add(.draft, Self.gif.prefix(count), to: harness)
      if isRestart { try recover(harness) }
      let rest = String(Self.gif.dropFirst(count))
      let path = "PATCH /uploads/\(record.id)"
      let reply = try harness.first.reply(to: request(path, append(at: count, complete: true), body: rest))
      #expect(reply.statuses == [415])
      #expect(harness.store.records[record.id]?.state == .gone)
    }
  }

  @Test func `an upload of tus is inspected again, too`() async throws {
    try await withResumable(limits: limits()) { harness in
      let record = add(.tus, "GIF", length: Self.gif.utf8.count, to: harness)
      let text = request("PATCH /uploads/\(record.id)", tusAppend(at: 3), body: String(Self.gif.dropFirst(3)))
      let reply = try harness.first.reply(to: text)
      #expect(reply.statuses == [415])
      #expect(harness.ledger.totals(.incoming).finished == 0)
    }
  }

  @Test func `a recovered upload of which all bytes had arrived is not published as a type that is not accepted`()
    async throws
  {
    try await withResumable(limits: limits()) { harness in
      let record = add(.tus, "GIF89a", length: 6, to: harness)
      try recover(harness)
      #expect(harness.ledger.totals(.incoming).finished == 0)
      #expect(try harness.first.reply(to: request("HEAD /uploads/\(record.id)", tus())).statuses == [415])
      #expect(harness.store.records[record.id]?.state == .gone)
    }
  }

  @Test func `a type that was detected under other limits is checked again`() async throws {
    try await withResumable(limits: limits()) { harness in
      let record = add(.draft, Self.gif, to: harness)
      harness.store.records[record.id]?.detectedType = "image/gif"
      let text = request("PATCH /uploads/\(record.id)", append(at: Self.gif.utf8.count, complete: true), body: "x")
      let reply = try harness.first.reply(to: text)
      #expect(reply.statuses == [415])
    }
  }

  @Test func `the type is stored with a file of which the first bytes came before a restart`() async throws {
    try await withResumable { harness in
      let record = add(.draft, "GIF8", to: harness)
      let text = request("PATCH /uploads/\(record.id)", append(at: 4, complete: true), body: "9a")
      let reply = try harness.first.reply(to: text)
      #expect(reply.statuses == [201])
      #expect(harness.store.sink?.request?.type == "image/gif")
    }
  }

  @Test func `more than the bytes that are read again is inspected by these alone`() async throws {
    try await withResumable(limits: limits()) { harness in
      let count = ResumableUploads.inspectedAgain + 5
      let record = add(.draft, "GIF89a" + String(repeating: "x", count: count - 6), to: harness)
      let text = request("PATCH /uploads/\(record.id)", append(at: count, complete: true), body: "x")
      let reply = try harness.first.reply(to: text)
      #expect(reply.statuses == [415])
    }
  }

  @Test func `a concatenation of parts that show no type alone is inspected as a whole`() async throws {
    try await withResumable(limits: limits()) { harness in
      var paths: [String] = []
      for content in ["GIF8", "9a"] {
        let fields = ["Upload-Length: \(content.utf8.count)", "Upload-Concat: partial", "Content-Length: 0"]
        let path = try harness.createTus(fields)
        let reply = try harness.first.reply(to: request("PATCH " + path, tusAppend(at: 0), body: content))
        #expect(reply.statuses == [204])
        paths.append(path)
      }
      let fields = ["Upload-Concat: final;" + paths.joined(separator: " "), "Content-Length: 0"]
      #expect(try harness.first.reply(to: request("POST /uploads", tus(fields))).statuses == [415])
      #expect(harness.ledger.totals(.incoming).finished == 0)
    }
  }

  @Test func `an upload is marked while its parts are copied into it, so that the next start deletes it`() async throws
  {
    try await withResumable { harness in
      let fields = ["Upload-Length: 3", "Upload-Concat: partial", "Content-Length: 0"]
      let path = try harness.createTus(fields)
      _ = try harness.first.reply(to: request("PATCH " + path, tusAppend(at: 0), body: "abc"))
      harness.store.stepsAtOnce = false
      let final = tus(["Upload-Concat: final;" + path, "Content-Length: 0"])
      try harness.first.send(request("POST /uploads", final))
      // The creation.
      harness.store.finishSteps()
      #expect(harness.store.records.values.filter { $0.properties["concatenating"] != nil }.count == 1)
      harness.store.stepsAtOnce = true
      harness.store.finishSteps()
      harness.loop.run()
      #expect(harness.ledger.totals(.incoming).finished == 1)
      #expect(harness.store.records.values.allSatisfy { $0.properties["concatenating"] == nil })
    }
  }
}
