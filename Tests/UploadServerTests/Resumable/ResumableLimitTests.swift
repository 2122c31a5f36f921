import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// The server's limits and checks apply to resumable uploads.
@Suite struct ResumableLimitTests {
  private let empty = ["Upload-Complete: ?0", "Content-Length: 0"]

  @Test func `beyond the limit of unfinished uploads, a creation gets 429`() async throws {
    var limits = UploadLimits()
    limits.maxUnfinished = 3
    limits.maxUnfinishedPerClient = 2
    try await withResumable(limits: limits) { harness in
      let first = try harness.create()
      _ = try harness.create()
      let reply = try harness.first.reply(to: request("PUT /a", empty))
      #expect(reply.statuses == [429])
      #expect(reply["Retry-After"] == "5")
      #expect(reply["Upload-Complete"] == "?0")
      let other = try harness.connect(address: "192.0.2.9")
      #expect(try other.reply(to: request("PUT /a", empty)).statuses == [201])
      #expect(try other.reply(to: request("PUT /a", empty)).statuses == [429], "of all clients together")
      #expect(harness.ledger.rejectedCount == 2)
      #expect(try harness.first.reply(to: request("DELETE " + first)).statuses == [204])
      #expect(try harness.first.reply(to: request("PUT /a", empty)).statuses == [201])
    }
  }

  @Test func `interrupted uploads do not count as uploads at the same time`() async throws {
    var limits = UploadLimits()
    limits.maxUploads = 1
    limits.maxUploadsPerClient = 1
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      _ = try harness.create()
      try harness.first.send(request("PATCH " + path, append(at: 0, complete: false, ["Content-Length: 3"])) + "a")
      let other = try harness.connect(address: "192.0.2.9")
      #expect(try other.reply(to: request("PUT /b", body: "b")).statuses == [503])
      #expect(try other.reply(to: request("PUT /b", empty)).statuses == [503])
      #expect(try other.reply(to: request("GET " + path)).statuses == [204], "reading is no upload")
      #expect(try harness.first.reply(to: "bc").statuses == [204])
      #expect(try other.reply(to: request("PUT /b", body: "b")).statuses == [201])
    }
  }

  @Test func `a file over --max-size is rejected by its stated length, and deleted when it exceeds it`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 4
    try await withResumable(limits: limits) { harness in
      let stated = try harness.first.reply(to: request("PUT /a", empty + ["Upload-Length: 5"]))
      #expect(stated.statuses == [413])
      #expect(stated["Upload-Limit"]?.contains("max-size=4") == true)
      let path = try harness.create()
      let fields = append(at: 0, complete: false, ["Transfer-Encoding: chunked"])
      let reply = try harness.first.reply(to: request("PATCH " + path, fields) + "5\r\nhello\r\n")
      #expect(reply.statuses == [413])
      #expect(reply["Upload-Complete"] == "?1")
      #expect(harness.store.sink?.isAborted == true)
      #expect(harness.store.record?.state == .gone)
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
  }

  @Test func `a PATCH whose stated length shows that the file is over --max-size deletes the upload`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 4
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      let reply = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: true), body: "hello"))
      #expect(reply.statuses == [413])
      #expect(reply["Upload-Complete"] == "?1")
      #expect(harness.store.record?.state == .gone)
    }
  }

  @Test func `an upload expires no earlier than its lifetime after its last request`() {
    var limits = UploadLimits()
    limits.expireUnfinished = .seconds(1)
    // 100 stands for each time before 101.
    #expect(limits.expiry(after: 100) == 102)
    #expect(limits.expiry(after: .max) == .max && limits.expiry(after: .max - 1) == .max)
  }

  @Test func `a finished upload states how long it is remembered although that is not recorded yet`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      let text = request("PATCH " + path, append(at: 0, complete: true), body: "abc")
      #expect(try harness.first.reply(to: text).statuses == [201])
      for id in harness.store.records.keys { harness.store.records[id]?.expires = CurrentTime.seconds + 86_400 }
      let limit = try harness.first.reply(to: request("HEAD " + path))["Upload-Limit"]
      #expect(["max-age=600", "max-age=599", "max-age=598"].contains(limit))
    }
  }

  @Test func `a PATCH with a stale offset does not cost the upload, even over --max-size`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 4
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      let reply = try harness.first.reply(to: request("PATCH " + path, append(at: 3, complete: true), body: "hello"))
      #expect(reply.statuses == [413])
      #expect(reply["Upload-Complete"] == "?0")
      #expect(harness.store.record?.state == .unfinished)
    }
  }

  @Test func `a request over --max-append-size leaves the upload unchanged`() async throws {
    var limits = UploadLimits()
    limits.maxAppendSize = 4
    try await withResumable(limits: limits) { harness in
      let path = try harness.create()
      let reply = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: false), body: "hello"))
      #expect(reply.statuses == [413])
      #expect(reply["Upload-Complete"] == "?0")
      #expect(reply["Upload-Limit"]?.contains("max-append-size=4") == true)
      #expect(try harness.first.reply(to: request("HEAD " + path))["Upload-Offset"] == "0")
    }
  }

  @Test func `a type that is not accepted ends the upload, whichever request shows it`() async throws {
    var limits = UploadLimits()
    limits.types = MediaTypeRules(denied: [try MediaTypePattern("image/gif")])
    try await withResumable(limits: limits) { harness in
      let declared = try harness.first.reply(to: request("PUT /a", empty + ["Content-Type: image/gif"]))
      #expect(declared.statuses == [415])
      #expect(declared["Upload-Complete"] == "?1")
      let path = try harness.create("a")
      let start = request("PATCH " + path, append(at: 0, complete: false), body: "GIF8")
      #expect(try harness.first.reply(to: start).statuses == [204])
      let end = try harness.first.reply(to: request("PATCH " + path, append(at: 4, complete: true), body: "9a"))
      #expect(end.statuses == [415], "the detection continues with the next request")
      #expect(end["Upload-Complete"] == "?1")
      #expect(try harness.first.reply(to: request("HEAD " + path)).statuses == [410])
    }
  }

  @Test func `the type that the first request has shown is recorded`() async throws {
    try await withResumable { harness in
      let path = try harness.create("a")
      let page = "<!DOCTYPE html><html>" + String(repeating: "x", count: 5000)
      let reply = try harness.first.reply(to: request("PATCH " + path, append(at: 0, complete: false), body: page))
      #expect(reply.statuses == [204])
      let type = harness.store.record?.detectedType ?? nil
      #expect(type == "text/html")
      _ = try harness.first.reply(to: request("PATCH " + path, append(at: page.utf8.count, complete: true), body: "x"))
      #expect(harness.store.sink?.request?.type == "text/html")
    }
  }

  @Test func `digests of the creation are compared with the whole content`() async throws {
    // SHA-256 of "hello".
    let right = "Repr-Digest: sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"
    let wrong = "Repr-Digest: sha-256=:AAAAul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"
    try await withResumable { harness in
      for (digest, status) in [(right, 201), (wrong, 400)] {
        let creation = try harness.first.reply(to: request("PUT /a", empty + [digest]))
        let path = try #require(creation.path)
        let half = request("PATCH " + path, append(at: 0, complete: false), body: "he")
        #expect(try harness.first.reply(to: half).statuses == [204])
        let rest = request("PATCH " + path, append(at: 2, complete: true), body: "llo")
        let reply = try harness.first.reply(to: rest)
        #expect(reply.statuses == [status])
        #expect(reply["Upload-Complete"] == "?1")
      }
      #expect(harness.ledger.totals(.incoming).failed == 1)
    }
  }

  @Test func `malformed digests and preconditions are rejected before the upload is created`() async throws {
    try await withResumable { harness in
      for field in ["Repr-Digest: sha-256=:AAAA:", "If-None-Match: x"] {
        let result = try harness.first.reply(to: request("PUT /a", empty + [field])).statuses
        #expect(result == [400], "\(field)")
      }
      #expect(harness.store.records.isEmpty)
    }
  }

  @Test func `a content encoding, or a range, is rejected`() async throws {
    try await withResumable { harness in
      let path = try harness.create()
      for (field, status) in [("Content-Encoding: gzip", 415), ("Content-Range: bytes 0-1/2", 400)] {
        let text = request("PATCH " + path, append(at: 0, complete: false, [field]), body: "ab")
        #expect(try harness.first.reply(to: text).statuses == [status], "\(field)")
      }
    }
  }
}
