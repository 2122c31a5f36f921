import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct DraftCreationTests {
  private let problem = ProblemDocument.inconsistentLength

  @Test func `OPTIONS states the limits, whatever fields the request has`() {
    var server = ResumableServer(ResumableLimits(maxSize: 100, maxAppendSize: 10, maxAge: 60))
    for fields in [[:], [.uploadOffset: "x", .uploadComplete: "?1"], [.contentType: "a/b"]] as [HTTPFields] {
      let reply = server.send(.draft, .options, nil, fields)
      #expect(reply.status == 200 && reply[.uploadLimit] == "max-size=100, max-append-size=10")
    }
    #expect(server.send(.draft, .options, "x")[.uploadLimit] == "max-size=100, max-append-size=10")
    server.limits = ResumableLimits()
    #expect(server.send(.draft, .options)[.uploadLimit] == "min-size=0")
  }

  @Test func `an empty creation responds with 201, the URL, the limits and the offset 0`() throws {
    var server = ResumableServer(ResumableLimits(maxSize: 100, maxAge: 60))
    let reply = server.send(.draft, .post, nil, [.uploadComplete: "?0", .uploadLength: "50"])
    #expect(reply.status == 201 && reply[.uploadOffset] == "0" && reply[.uploadComplete] == "?0")
    #expect(reply[.uploadLimit] == "max-size=100, max-age=60" && reply.interim.isEmpty && !reply.isStored)
    let id = try #require(ResumableServer.id(reply))
    #expect(server.resources[id]?.resource.length == 50)
  }

  @Test(arguments: [3, 4, 5, 6, 7, 8, 9, 10])
  func `a creation with a body of a known version gets 104 with the URL, the limits and the version`(number: Int) {
    var server = ResumableServer(ResumableLimits(maxAge: 60))
    let field: HTTPField.Name = number == 3 ? .uploadIncomplete : .uploadComplete
    let fields: HTTPFields = [.uploadDraftInteropVersion: "\(number)", field: number == 3 ? "?0" : "?1"]
    let reply = server.send(.draft, .put, nil, fields, body: "hello")
    #expect(reply.isStored && reply[field] == (number == 3 ? "?0" : "?1") && reply[.uploadOffset] == "5")
    #expect(reply.interim.map(\.status) == [104])
    let interim = reply.interim.first?.fields ?? [:]
    #expect(interim[.uploadDraftInteropVersion] == "\(number)")
    #expect(interim[.location]?.hasPrefix("https://a.test/prefix/uploads/") == true)
    #expect(interim[.uploadLimit] == (number <= 6 ? "expires=60" : "max-age=60"))
    #expect(server.published == [Array("hello".utf8)])
  }

  @Test(arguments: [nil, "11", "2", "x", "6.5"])
  func `a creation of another version is performed without 104`(number: String?) {
    var server = ResumableServer()
    var fields: HTTPFields = [.uploadComplete: "?1"]
    fields[.uploadDraftInteropVersion] = number
    let reply = server.send(.draft, .post, nil, fields, body: "hello")
    #expect(reply.isStored && reply.interim.isEmpty && server.published.count == 1)
  }

  @Test func `a part of the file is kept, and the response states its offset`() throws {
    var server = ResumableServer()
    let reply = server.send(.draft, .post, nil, [.uploadComplete: "?0"], body: "hello", isChunked: true)
    #expect(reply.status == 201 && reply[.uploadOffset] == "5" && reply[.uploadComplete] == "?0")
    #expect(reply[.location] != nil && server.published.isEmpty)
  }

  @Test func `an empty file is published by an empty creation that ends the upload`() {
    var server = ResumableServer()
    #expect(server.send(.draft, .post, nil, [.uploadComplete: "?1"]).isStored)
    #expect(server.published == [[]])
  }

  @Test(
    arguments: [
      ([.uploadComplete: "?1", .uploadLength: "4"], "hello"), ([.uploadComplete: "?1", .uploadLength: "6"], "hello"),
      ([.uploadComplete: "?0", .uploadLength: "4"], "hello"), ([.uploadComplete: "?1", .uploadLength: "1"], ""),
    ] as [(HTTPFields, String)]
  ) func `a creation whose lengths contradict each other is rejected`(fields: HTTPFields, body: String) {
    var server = ResumableServer()
    let reply = server.send(.draft, .post, nil, fields, body: body)
    #expect(reply.status == 400 && reply.problem == problem && reply[.uploadComplete] == "?0")
    #expect(server.resources.isEmpty)
  }

  @Test func `an invalid length is ignored`() throws {
    var server = ResumableServer()
    for length in ["-5", "x", "5.0", "5, 5", "99999999999999999999"] {
      let reply = server.send(.draft, .post, nil, [.uploadComplete: "?0", .uploadLength: length])
      let id = try #require(ResumableServer.id(reply))
      #expect(reply.status == 201 && server.resources[id]?.resource.length == nil, "\(length)")
    }
  }

  @Test func `a creation that continues somewhere, or does not say whether it ends, is rejected`() {
    var server = ResumableServer()
    #expect(server.send(.draft, .post, nil, [.uploadComplete: "?0", .uploadOffset: "5"]).status == 400)
    #expect(server.send(.draft, .post, nil, [.uploadComplete: "maybe"]).status == 400)
    #expect(server.resources.isEmpty)
    #expect(server.send(.draft, .post, nil, [.uploadComplete: "?0", .uploadOffset: "0"]).status == 201)
  }

  @Test func `a file over the limit is rejected for good, with the limits`() {
    var server = ResumableServer(ResumableLimits(maxSize: 4, maxAge: 60))
    for reply in [
      server.send(.draft, .post, nil, [.uploadComplete: "?1"], body: "hello"),
      server.send(.draft, .post, nil, [.uploadComplete: "?0", .uploadLength: "5"]),
    ] {
      #expect(reply.status == 413 && reply[.uploadComplete] == "?1" && reply[.uploadLimit] == "max-size=4")
    }
    #expect(server.resources.isEmpty)
    let chunked = server.send(.draft, .post, nil, [.uploadComplete: "?1"], body: "hello", isChunked: true)
    #expect(chunked.status == 413 && chunked[.uploadComplete] == "?1")
    #expect(chunked[.uploadLimit] == "max-size=4, max-age=60")
    #expect(server.resources.values.map(\.resource.state) == [.gone] && server.published.isEmpty)
  }

  @Test func `a body over the limit of one request is rejected, but the upload may continue`() throws {
    var server = ResumableServer(ResumableLimits(maxAppendSize: 4, maxAge: 60))
    let known = server.send(.draft, .post, nil, [.uploadComplete: "?1"], body: "hello")
    #expect(known.status == 413 && known[.uploadComplete] == "?0" && known[.uploadLimit] == "max-append-size=4")
    #expect(server.resources.isEmpty)
    let reply = server.send(.draft, .post, nil, [.uploadComplete: "?1"], body: "hello", isChunked: true)
    #expect(reply.status == 413 && reply[.uploadComplete] == "?0" && reply[.uploadOffset] == "3")
    #expect(ResumableServer.id(reply).flatMap { server.resources[$0]?.resource.state } == .unfinished)
  }

  @Test func `failures outside the protocol say whether the client may continue`() {
    let head = HTTPRequest(
      method: .post,
      scheme: nil,
      authority: nil,
      path: "/",
      headerFields: [.uploadComplete: "?1"]
    )
    let request = ResumableRequest(head: head, bodyLength: 5, id: nil, limits: ResumableLimits(maxSize: 9), now: 0)
    var exchange = DraftExchange(request)
    _ = exchange.start()
    _ = exchange.created(location: "/uploads/x", expires: 60)
    let full = exchange.failed(UploadError(.diskFull, ""), status: 507, isFinal: false, offset: 3)
    #expect(full.status == 507 && full.fields == [.uploadOffset: "3", .uploadComplete: "?0", .location: "/uploads/x"])
    let type = exchange.failed(UploadError(.unsupportedType, ""), status: 415, isFinal: true, offset: 3)
    #expect(type.status == 415 && type.fields == [.uploadComplete: "?1"])
    let taken = exchange.failed(UploadError(.nameTaken, ""), status: 409, isFinal: true, offset: nil)
    #expect(taken.fields == [.uploadOffset: "0", .uploadComplete: "?1"])
    let size = exchange.failed(UploadError(.tooLarge, ""), status: 413, isFinal: true, offset: nil)
    #expect(size.fields == [.uploadComplete: "?1", .uploadLimit: "max-size=9, max-age=60"])
  }
}
