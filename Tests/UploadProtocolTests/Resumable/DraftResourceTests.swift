import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct DraftResourceTests {
  private static let type = ResumableFields.partialUploadType

  /// A server with an upload of which 5 bytes have arrived.
  private func started(length: String? = "10", limits: ResumableLimits = ResumableLimits(maxAge: 60)) throws
    -> (ResumableServer, String)
  {
    var server = ResumableServer(limits)
    var fields: HTTPFields = [.uploadComplete: "?0"]
    fields[.uploadLength] = length
    let reply = server.send(.draft, .post, nil, fields, body: "hello")
    return (server, try #require(ResumableServer.id(reply)))
  }

  private func append(_ offset: String, _ complete: String = "?1", _ more: HTTPFields = [:]) -> HTTPFields {
    var fields: HTTPFields = [.contentType: Self.type, .uploadOffset: offset, .uploadComplete: complete]
    fields.append(contentsOf: more)
    return fields
  }

  @Test(arguments: [.head, .get] as [HTTPRequest.Method])
  func `HEAD and GET state offset, length, limits and that the upload is not complete`(method: HTTPRequest.Method)
    throws
  {
    var (server, id) = try started()
    let reply = server.send(.draft, method, id)
    #expect(reply.status == 204)
    #expect(
      reply.fields == [
        .uploadOffset: "5", .uploadComplete: "?0", .uploadLength: "10", .uploadLimit: "max-age=60",
        .cacheControl: "no-store",
      ]
    )
  }

  @Test func `HEAD and DELETE end a running request on the upload, GET does not`() {
    for (method, ends) in [(.head, true), (.get, false), (.delete, true)] as [(HTTPRequest.Method, Bool)] {
      let head = HTTPRequest(method: method, scheme: nil, authority: nil, path: "/", headerFields: [:])
      let request = ResumableRequest(head: head, bodyLength: 0, id: "../x", limits: ResumableLimits(), now: 0)
      var exchange = DraftExchange(request)
      #expect(exchange.start() == .find(id: "../x", endsOther: ends))
      guard case .respond(let response) = exchange.found(nil) else {
        Issue.record("no response")
        continue
      }
      #expect(response.status == 404 && response.error?.code == .notFound)
    }
  }

  @Test(
    arguments: [
      [.uploadOffset: "5"], [.uploadComplete: "?0"], [.uploadIncomplete: "?1", .uploadDraftInteropVersion: "3"],
    ] as [HTTPFields]
  ) func `a HEAD that states an offset or an end is rejected`(fields: HTTPFields) throws {
    var (server, id) = try started()
    #expect(server.send(.draft, .head, id, fields).status == 400)
  }

  @Test func `a PATCH that ends the upload gets the response of the target`() throws {
    var (server, id) = try started()
    let reply = server.send(.draft, .patch, id, append("5"), body: "world")
    #expect(reply.isStored && reply[.uploadOffset] == "10" && reply[.uploadComplete] == "?1")
    #expect(server.published == [Array("helloworld".utf8)])
    let head = server.send(.draft, .head, id)
    #expect(head.status == 204 && head[.uploadComplete] == "?1" && head[.uploadOffset] == "10")
  }

  @Test func `a PATCH that does not end the upload gets 204, also when it is empty or reaches the length`() throws {
    var (server, id) = try started()
    for (offset, body) in [("5", ""), ("5", "wor"), ("8", "ld"), ("10", "")] {
      let reply = server.send(.draft, .patch, id, append(offset, "?0"), body: body)
      let end = (Int(offset) ?? 0) + body.count
      #expect(reply.status == 204 && reply[.uploadOffset] == "\(end)" && reply[.uploadComplete] == "?0")
    }
    #expect(server.published.isEmpty)
    #expect(server.send(.draft, .patch, id, append("10"), body: "").isStored)
    #expect(server.published == [Array("helloworld".utf8)])
  }

  @Test func `an interrupted PATCH keeps what has arrived, and the upload continues there`() throws {
    var (server, id) = try started()
    #expect(server.send(.draft, .patch, id, append("5"), body: "world", arriving: 2).status == 0)
    let head = server.send(.draft, .head, id)
    #expect(head[.uploadOffset] == "7" && head[.uploadComplete] == "?0")
    #expect(server.send(.draft, .patch, id, append("7"), body: "rld").isStored)
    #expect(server.published == [Array("helloworld".utf8)])
  }

  @Test(
    arguments: [
      [.contentType: "a/b", .uploadOffset: "5", .uploadComplete: "?1"], [.uploadOffset: "5", .uploadComplete: "?1"],
      [.uploadOffset: "5", .uploadComplete: "?1", .uploadDraftInteropVersion: "6"],
    ] as [HTTPFields]
  ) func `a PATCH with another media type is rejected`(fields: HTTPFields) throws {
    var (server, id) = try started()
    let reply = server.send(.draft, .patch, id, fields, body: "world")
    #expect(reply.status == 415 && reply[.uploadComplete] == "?0")
    #expect(server.resources[id]?.resource.offset == 5)
  }

  @Test(arguments: [3, 4, 5, 6, 7])
  func `until version 7 a PATCH without Upload-Complete ends the upload, and until 5 its type does not matter`(
    number: Int
  ) throws {
    var (server, id) = try started()
    var fields: HTTPFields = [.uploadOffset: "5", .uploadDraftInteropVersion: "\(number)"]
    if number >= 6 { fields[.contentType] = Self.type }
    #expect(server.send(.draft, .patch, id, fields, body: "world").isStored)
  }

  @Test(arguments: ["8", "9", "10", "11", nil])
  func `from version 8 on a PATCH without Upload-Complete is rejected`(number: String?) throws {
    var (server, id) = try started()
    var fields: HTTPFields = [.contentType: Self.type, .uploadOffset: "5"]
    fields[.uploadDraftInteropVersion] = number
    let reply = server.send(.draft, .patch, id, fields, body: "world")
    #expect(reply.status == 400 && reply.problem == nil && reply[.uploadComplete] == "?0")
    #expect(server.resources[id]?.resource.offset == 5)
  }

  @Test(arguments: [nil, "", "x", "-5", "5.0", "5, 5", "?1", "99999999999999999999"])
  func `a PATCH without a valid offset is rejected, and the upload unchanged`(offset: String?) throws {
    var (server, id) = try started()
    var fields = append("5")
    fields[.uploadOffset] = offset
    let reply = server.send(.draft, .patch, id, fields, body: "world")
    #expect(reply.status == 400 && server.resources[id]?.resource.offset == 5)
  }

  @Test(arguments: ["0", "4", "6"])
  func `a PATCH at another offset gets 409 with the right one, and the upload stays usable`(offset: String) throws {
    var (server, id) = try started()
    // Even with more bytes than the length.
    for body in ["world", "world and more"] {
      let reply = server.send(.draft, .patch, id, append(offset, "?0"), body: body)
      #expect(reply.status == 409 && reply[.uploadOffset] == "5" && reply[.uploadComplete] == "?0")
      #expect(reply.problem == .mismatchingOffset(expected: 5, provided: UInt64(offset) ?? 0))
    }
    #expect(server.send(.draft, .patch, id, append("5"), body: "world").isStored)
  }

  @Test(arguments: [false, true])
  func `more bytes than the length end the upload for good`(isChunked: Bool) throws {
    var (server, id) = try started()
    let reply = server.send(.draft, .patch, id, append("5"), body: "world and more", isChunked: isChunked)
    #expect(reply.status == 400 && reply.problem == .inconsistentLength && reply[.uploadComplete] == "?0")
    for method in [.head, .get, .delete] as [HTTPRequest.Method] {
      #expect(server.send(.draft, method, id).status == 410)
    }
    #expect(server.send(.draft, .patch, id, append("5"), body: "world").status == 410)
    #expect(server.published.isEmpty)
  }

  @Test func `lengths that contradict the known one are rejected, and the upload stays usable`() throws {
    var (server, id) = try started()
    for (fields, body) in [
      (append("5", "?0", [.uploadLength: "11"]), "world"), (append("5", "?1"), "wor"), (append("5", "?1"), ""),
      (append("5", "?0", [.uploadLength: "4"]), ""),
    ] {
      let reply = server.send(.draft, .patch, id, fields, body: body)
      #expect(reply.status == 400 && reply.problem == .inconsistentLength)
      #expect(server.resources[id]?.resource.offset == 5)
    }
    let short = server.send(.draft, .patch, id, append("5"), body: "wor", isChunked: true)
    #expect(short.status == 400 && short.problem == .inconsistentLength && short[.uploadOffset] == "8")
    #expect(server.send(.draft, .patch, id, append("8", "?1", [.uploadLength: "10"]), body: "ld").isStored)
  }

  @Test func `the length becomes known by Upload-Length or by a last request of known size`() throws {
    var (server, id) = try started(length: nil)
    #expect(server.send(.draft, .head, id)[.uploadLength] == nil)
    let contradiction = server.send(.draft, .patch, id, append("5", "?1", [.uploadLength: "9"]), body: "world")
    #expect(contradiction.status == 400 && server.resources[id]?.resource.state == .unfinished)
    #expect(server.send(.draft, .patch, id, append("5"), body: "world", arriving: 1).status == 0)
    #expect(server.send(.draft, .head, id)[.uploadLength] == "10")
    #expect(server.send(.draft, .patch, id, append("6"), body: "orld").isStored)

    (server, id) = try started(length: nil)
    #expect(server.send(.draft, .patch, id, append("5", "?0", [.uploadLength: "7"])).status == 204)
    #expect(server.send(.draft, .head, id)[.uploadLength] == "7")
    (server, id) = try started(length: nil)
    #expect(server.send(.draft, .patch, id, append("5", "?0", [.uploadLength: "4"])).status == 400)
    #expect(server.send(.draft, .patch, id, append("5"), body: "!", isChunked: true).isStored)
  }

  @Test func `the last request again gets the same response again, and nothing else changes the file`() throws {
    var (server, id) = try started()
    let first = server.send(.draft, .patch, id, append("5"), body: "world")
    for (offset, body) in [("5", "world"), ("10", ""), ("0", "helloworld")] {
      let again = server.send(.draft, .patch, id, append(offset), body: body)
      #expect(again.isStored && again.fields == first.fields)
    }
    let stale = server.send(.draft, .patch, id, append("5"), body: "wor")
    #expect(stale.status == 409 && stale[.uploadOffset] == "10")
    #expect(server.send(.draft, .patch, id, append("5"), body: "world", isChunked: true).status == 409)
    #expect(server.send(.draft, .patch, id, append("10"), body: "more").status == 400)
    #expect(server.send(.draft, .patch, id, append("5", "?1", [.uploadLength: "9"]), body: "world").status == 409)
    #expect(server.resources[id]?.resource.state == .finished && server.published.count == 1)
  }

  @Test func `limits are checked before the offset, and leave the upload unchanged where that is stale`() throws {
    var (server, id) = try started(length: nil, limits: ResumableLimits(maxSize: 8, maxAppendSize: 6, maxAge: 60))
    let size = server.send(.draft, .patch, id, append("7"), body: "wo")
    #expect(size.status == 413 && size[.uploadComplete] == "?0" && size[.uploadLimit] != nil)
    let body = server.send(.draft, .patch, id, append("0"), body: "world!!")
    #expect(body.status == 413 && body[.uploadComplete] == "?0")
    #expect(server.resources[id]?.resource.offset == 5 && server.resources[id]?.resource.state == .unfinished)
    #expect(server.send(.draft, .patch, id, append("5"), body: "!").isStored)
  }

  @Test(arguments: [("world", [:]), ("", [.uploadLength: "9"])] as [(String, HTTPFields)])
  func `an upload that turns out to be over the limit is gone, as the response says`(
    body: String,
    more: HTTPFields
  ) throws {
    var (server, id) = try started(length: nil, limits: ResumableLimits(maxSize: 8, maxAge: 60))
    let reply = server.send(.draft, .patch, id, append("5", "?0", more), body: body)
    #expect(reply.status == 413 && reply[.uploadComplete] == "?1" && reply[.uploadLimit] != nil)
    #expect(server.send(.draft, .head, id).status == 410)
  }

  @Test func `DELETE cancels the upload, which is unknown then`() throws {
    var (server, id) = try started()
    let reply = server.send(.draft, .delete, id)
    #expect(reply.status == 204 && reply.fields.isEmpty)
    for method in [.head, .get, .delete] as [HTTPRequest.Method] {
      let reply = server.send(.draft, method, id)
      #expect(reply.status == 404 && reply[.uploadOffset] == nil)
    }
    #expect(server.send(.draft, .patch, id, append("5"), body: "world").status == 404)
  }

  @Test(arguments: [.post, .put] as [HTTPRequest.Method])
  func `other methods are not allowed at an upload`(method: HTTPRequest.Method) throws {
    var (server, id) = try started()
    let reply = server.send(.draft, method, id, append("5"), body: "world")
    #expect(reply.status == 405 && reply[.allow] == "HEAD, GET, PATCH, DELETE, OPTIONS")
  }
}
