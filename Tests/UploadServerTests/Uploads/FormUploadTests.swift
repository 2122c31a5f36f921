import NIOCore
import Testing
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadServer

@Suite struct FormUploadTests {
  @Test func `every file of a form is an upload of its own, and all are published together`() async throws {
    try await withHandler { harness in
      let files = [
        FormText.file("a.txt", "first"), FormText.field("note", "ignored"),
        FormText.file("", "\u{1}unnamed", ["Content-Type: image/png"]), FormText.file("dir/b", ""),
      ]
      try harness.send(FormText.post(files.joined()))
      #expect(try harness.statuses() == [201])
      #expect(harness.store.sinks.map(\.text) == ["first", "\u{1}unnamed", ""])
      #expect(harness.store.published.count == 1)
      let names = harness.store.published[0]
      #expect(names.count == 3 && names[0] == "a.txt" && names[2] == "b")
      #expect(names[1].hasPrefix("upload-") && names[1].hasSuffix(".png"), "\(names)")
      #expect(harness.store.sinks.map(\.type) == ["text/plain", "image/png", "application/octet-stream"])
      #expect(Set(harness.store.sinks.map(\.meter.request)).count == 1)
      #expect(harness.ledger.totals(.incoming).finished == 3)
    }
  }

  @Test func `a form that arrives one byte at a time is stored`() async throws {
    try await withHandler { harness in
      let body = FormText.file("a", "x\r\n--y") + FormText.file("b", "-b") + FormText.end
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: \(body.utf8.count)"]))
      for letter in body.unicodeScalars { try harness.send(String(letter)) }
      #expect(try harness.statuses() == [201])
      #expect(harness.store.sinks.map(\.text) == ["x\r\n--y", "-b"])
    }
  }

  @Test func `when one file of a form cannot be stored, the whole form fails`() async throws {
    try await withHandler { harness in
      let length = "Content-Length: 100000000"
      try harness.send(request("POST /file-upload", [FormText.type, length]))
      try harness.send(FormText.file("a", "1") + FormText.file("b", "2") + "--b\r\nContent-Disposition: form-data; ")
      try harness.send("filename=c\r\n\r\nthird")
      #expect(harness.store.sinks.count == 3)
      harness.store.sink?.fail(UploadError(.diskFull, "Full."))
      #expect(try harness.statuses() == [507])
      #expect(harness.store.discarded == ["a", "b"])
      #expect(harness.store.published.isEmpty)
      #expect(harness.ledger.totals(.incoming).failed == 3)
      try harness.send("more")
      #expect(harness.store.sinks.count == 3)
    }
  }

  /// A store does so when its threads have been shut down.
  @Test func `a store that fails within the call that begins an upload fails the form`() async throws {
    try await withHandler { harness in
      let length = "Content-Length: 100000000"
      try harness.send(request("POST /file-upload", [FormText.type, length]))
      try harness.send(FormText.file("a", "1"))
      harness.store.beginFailure = UploadError(.storageFailed, "No.")
      try harness.send(FormText.file("b", "2") + "--b\r\n")
      #expect(try harness.statuses() == [500])
      #expect(harness.store.discarded == ["a"])
      #expect(harness.ledger.totals(.incoming).failed == 2)
      #expect(harness.ledger.activeCount(.incoming) == 0)
    }
  }

  @Test func `a file that cannot be staged fails its form with one response`() async throws {
    try await withHandler { harness in
      harness.store.stagesAtOnce = false
      try harness.send(FormText.post(FormText.file("a", "1"), FormText.file("b", "2")))
      #expect(try harness.received() == "")
      harness.store.sinks[0].finishStaging()
      harness.store.sinks[1].fail(UploadError(.storageFailed, "No."))
      #expect(try harness.statuses() == [500])
      #expect(harness.store.discarded == ["a"])
      try harness.send(request("GET /x"))
      #expect(try harness.statuses() == [200])
    }
  }

  @Test func `a file that is staged after its form has failed is discarded`() async throws {
    try await withHandler { harness in
      harness.store.stagesAtOnce = false
      harness.store.abortsAtOnce = false
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 100000000"]))
      try harness.send(FormText.file("a", "1") + FormText.file("b", "2") + FormText.file("c", "3") + "--b\r\n")
      harness.store.sinks[1].fail(UploadError(.storageFailed, "No."))
      #expect(try harness.statuses() == [500])
      #expect(harness.store.sinks[0].isAborted && harness.store.sinks[2].isAborted)
      harness.store.sinks[0].finishStaging()
      harness.store.sinks[2].fail(UploadError(.storageFailed, "Late."))
      #expect(harness.store.discarded == ["a"])
      #expect(try harness.received() == "")
    }
  }

  @Test func `a form whose files cannot be published fails with the store's error`() async throws {
    try await withHandler { harness in
      harness.store.publishFailure = UploadError(.nameTaken, "Taken.")
      try harness.send(FormText.post(FormText.file("a", "1"), FormText.file("b", "2")))
      #expect(try harness.statuses() == [409])
      #expect(harness.ledger.totals(.incoming).failed == 2)
    }
  }

  @Test(arguments: [
    FormText.field("a", "b") + FormText.end, FormText.end, FormText.file("", "") + FormText.end,
  ])
  func `a form without a file is rejected`(body: String) async throws {
    try await withHandler { harness in
      try harness.send(request("POST /file-upload", [FormText.type], body: body))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 400 "))
      #expect(response.contains("contains no file"))
      #expect(harness.store.sinks.isEmpty)
    }
  }

  @Test(arguments: [FormText.file("a", "1"), FormText.file("a", "1") + "--b", "--b\r\nContent-Dispo", "", "text"])
  func `an incomplete form gets 400 and stores nothing, even when its Content-Length is right`(body: String)
    async throws
  {
    try await withHandler { harness in
      try harness.send(request("POST /file-upload", [FormText.type], body: body))
      #expect(try harness.statuses() == [400])
      #expect(harness.store.published.isEmpty)
      try harness.send(request("GET /x"))
      #expect(try harness.statuses() == [200])
    }
  }

  @Test func `the size of a part is exact when stated, otherwise an upper limit or unknown`() async throws {
    try await withHandler { harness in
      try harness.send(FormText.post(FormText.file("a", "12345")))
      let only = try #require(harness.store.sink?.meter)
      #expect((only.size, only.sizeExact) == (5, false), "a form's only file is as large as it can be")
      try harness.send(FormText.post(FormText.file("a", "12345", ["Content-Length: 5"]), FormText.file("b", "1")))
      let stated = harness.store.sinks[1].meter
      #expect((stated.size, stated.sizeExact) == (5, true))
      let last = harness.store.sinks[2].meter
      #expect((last.size, last.sizeExact) == (1, false))
      try harness.send(request("POST /file-upload", [FormText.type, "Transfer-Encoding: chunked"]))
      let form = FormText.file("a", "1") + FormText.end
      try harness.send(String(form.utf8.count, radix: 16) + "\r\n" + form + "\r\n0\r\n\r\n")
      let unknown = try #require(harness.store.sink?.meter)
      #expect((unknown.size, unknown.sizeExact) == (nil, false))
    }
  }

  @Test func `lengths at the limit of 64 bits do not overflow`() async throws {
    try await withHandler { harness in
      let length = "Content-Length: \(UInt64.max)"
      try harness.send(request("POST /file-upload", [FormText.type, length]))
      try harness.send(FormText.file("a", "1") + FormText.file("b", "2", [length]) + "--b\r\n")
      let (first, second) = (harness.store.sinks[0].meter, harness.store.sinks[1].meter)
      #expect(try #require(first.size) > UInt64.max - 1000 && !first.sizeExact)
      #expect(second.size == .max && second.sizeExact)
      try harness.send("Content-Disposition: form-data; filename=c\r\nContent-Length: 99999999999999999999\r\n\r\n")
      #expect(harness.store.sinks[2].meter.sizeExact == false, "a length of more than 64 bits is ignored")
    }
    try await withHandler { harness in
      let part = "--b\r\nContent-Disposition: form-data; filename=c\r\n\r\n"
      try harness.send(request("POST /file-upload", [FormText.type], body: part))
      #expect(harness.store.sink?.meter.size == 0, "nothing is left of the request for this part")
      #expect(try harness.statuses() == [400])
    }
    try await withHandler { harness in
      try harness.send(request("PUT /a", ["Content-Length: \(UInt64.max)"]) + "1")
      #expect(harness.store.sink?.meter.size == .max)
    }
  }

  @Test func `by default a form may have a thousand files, and with more gets 413`() async throws {
    let files = (1...1000).map { FormText.file("\($0)", "x") }
    try await withHandler { harness in
      try harness.send(FormText.post(files.joined()))
      #expect(try harness.statuses() == [201])
      #expect(harness.store.published.first?.count == 1000)
    }
    try await withHandler { harness in
      try harness.send(FormText.post(files.joined() + FormText.file("1001", "x")))
      #expect(try harness.statuses() == [413])
      #expect(harness.store.published.isEmpty)
      #expect(harness.store.discarded.count == 1000)
    }
  }

  @Test func `the size limit applies to each file, not to the form`() async throws {
    var limits = UploadLimits()
    limits.maxSize = 5
    try await withHandler(limits: limits) { harness in
      try harness.send(FormText.post(FormText.file("a", "12345"), FormText.file("b", "12345")))
      #expect(try harness.statuses() == [201])
      try harness.send(FormText.post(FormText.file("a", "1"), FormText.file("b", "123456")))
      #expect(try harness.statuses() == [413])
      #expect(harness.store.discarded == ["a"])
    }
  }

  @Test func `a form with more files than the configured limit gets 413, and none is stored`() async throws {
    var limits = UploadLimits()
    limits.form.files = 2
    try await withHandler(limits: limits) { harness in
      try harness.send(FormText.post(FormText.file("a", "1"), FormText.file("b", "2")))
      #expect(try harness.statuses() == [201])
      try harness.send(FormText.post(FormText.file("a", "1"), FormText.file("b", "2"), FormText.file("c", "3")))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 413 ") && response.contains("more than 2 files"), "\(response)")
      #expect(harness.store.discarded == ["a", "b"])
    }
  }

  @Test func `each file of a form counts towards the upload limit, and so does a form before its first file`()
    async throws
  {
    var limits = UploadLimits()
    limits.maxUploads = 2
    try await withHandler(limits: limits) { harness in
      try harness.send(FormText.post(FormText.file("a", "1"), FormText.file("b", "2")))
      #expect(try harness.statuses() == [201])
      try harness.send(FormText.post(FormText.file("a", "1"), FormText.file("b", "2"), FormText.file("c", "3")))
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 503 ") && response.contains("\r\nRetry-After: "))
      #expect(harness.store.discarded == ["a", "b"])
    }
    limits.maxUploads = 1
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 500"]))
      #expect(harness.server.uploadRejection?.code == .tooManyUploads)
      try harness.send(FormText.file("a", "1"))
      #expect(harness.store.sinks.count == 1, "the form was admitted in place of its first file")
      #expect(harness.server.uploadRejection?.code == .tooManyUploads)
      harness.disconnect()
      #expect(harness.server.uploadRejection == nil)
    }
    try await withHandler(limits: limits) { harness in
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 500"]) + "--b\r\n")
      harness.disconnect()
      #expect(harness.server.uploadRejection == nil)
    }
  }

  @Test func `a form's staged file has the phase peer until the next file or the end of the body arrives`() async throws
  {
    try await withHandler { harness in
      harness.store.stagesAtOnce = false
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 500"]))
      try harness.send(FormText.file("a", "1") + "--b\r\n")
      let first = harness.store.sinks[0]
      first.meter.phase = .finishing
      first.finishStaging()
      #expect(first.meter.phase == .peer)
      try harness.send(String(FormText.file("b", "2").dropFirst("--b\r\n".count)) + "--b--\r\n")
      #expect(first.meter.phase == .finishing, "the client now sends the next file")
      let second = harness.store.sinks[1]
      second.meter.phase = .finishing
      second.finishStaging()
      #expect(second.meter.phase == .peer)
    }
    try await withHandler { harness in
      harness.store.publishesAtOnce = false
      try harness.send(FormText.post(FormText.file("a", "1")))
      #expect(harness.store.sink?.meter.phase == .finishing)
    }
  }

  @Test func `reads stop while eight files are being staged`() async throws {
    try await withHandler { harness in
      harness.store.stagesAtOnce = false
      try harness.send(request("POST /file-upload", [FormText.type, "Content-Length: 100000"]))
      for number in 1...8 { try harness.send(FormText.file("\(number)", "x")) }
      #expect(harness.readsOnTurn() > 0, "the end of the eighth file has not arrived")
      try harness.send("--b\r\n")
      #expect(harness.readsOnTurn() == 0)
      harness.store.sinks[3].finishStaging()
      #expect(harness.readsOnTurn() > 0)
    }
  }
}
