import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct TusResourceTests {
  private static let type = ResumableFields.tusType
  /// The checksum of HELLO.
  private static let right = "sha1 xl+Z+MU3atrd3EbVy89XYvnlXrc="
  private let version: HTTPFields = [.tusResumable: "1.0.0"]

  /// A server with an upload of 10 bytes, of which 5 have arrived.
  private func started(_ limits: ResumableLimits = ResumableLimits(maxAge: 60)) throws -> (ResumableServer, String) {
    var server = ResumableServer(limits)
    let fields: HTTPFields = [.tusResumable: "1.0.0", .uploadLength: "10", .contentType: Self.type]
    let reply = server.send(.tus, .post, nil, fields, body: "hello")
    return (server, try #require(ResumableServer.id(reply)))
  }

  private func append(_ offset: String?, _ more: HTTPFields = [:]) -> HTTPFields {
    var fields: HTTPFields = [.tusResumable: "1.0.0", .contentType: Self.type]
    fields[.uploadOffset] = offset
    fields.append(contentsOf: more)
    return fields
  }

  @Test func `PATCH requests continue the upload, and the last one publishes it`() throws {
    var (server, id) = try started()
    let part = server.send(.tus, .patch, id, append("5"), body: "wor")
    #expect(part.status == 204)
    let expires = HTTPDate.text(ResumableServer.now + 60)
    #expect(part.fields == [.tusResumable: "1.0.0", .uploadOffset: "8", .uploadExpires: expires])
    let last = server.send(.tus, .patch, id, append("8"), body: "ld", isChunked: true)
    #expect(last.status == 204 && last.fields == [.tusResumable: "1.0.0", .uploadOffset: "10"])
    #expect(server.published == [Array("helloworld".utf8)])
  }

  @Test func `an interrupted PATCH keeps what has arrived`() throws {
    var (server, id) = try started()
    _ = server.send(.tus, .patch, id, append("5"), body: "world", arriving: 3)
    #expect(server.send(.tus, .head, id, version)[.uploadOffset] == "8")
    #expect(server.send(.tus, .patch, id, append("8"), body: "ld").status == 204)
    #expect(server.published == [Array("helloworld".utf8)])
  }

  @Test func `a HEAD after all bytes have arrived publishes the upload, a GET does not`() throws {
    var (server, id) = try started()
    _ = server.send(.tus, .patch, id, append("5"), body: "world", arriving: 5)
    #expect(server.send(.tus, .get, id, version)[.uploadOffset] == "10" && server.published.isEmpty)
    #expect(server.send(.tus, .patch, id, append("5"), body: "world").status == 409 && server.published.isEmpty)
    let head = server.send(.tus, .head, id, version)
    #expect(head.status == 200 && head[.uploadOffset] == "10" && head[.uploadLength] == "10")
    #expect(server.published == [Array("helloworld".utf8)])
    #expect(server.send(.tus, .head, id, version).status == 200 && server.published.count == 1)
  }

  @Test(arguments: [nil, "", "-5", "x", "5.0", "+5", "5, 5", "0x5", "9223372036854775808"])
  func `a PATCH without a valid offset is rejected, and the upload unchanged`(offset: String?) throws {
    var (server, id) = try started()
    let reply = server.send(.tus, .patch, id, append(offset), body: "world")
    #expect(reply.status == 400 && server.resources[id]?.resource.offset == 5)
  }

  @Test(arguments: ["0", "4", "6", "9223372036854775807"])
  func `a PATCH at another offset gets 409 with the current one`(offset: String) throws {
    var (server, id) = try started()
    for body in ["", "world and more"] where offset != "9223372036854775807" || body.isEmpty {
      let reply = server.send(.tus, .patch, id, append(offset), body: body)
      #expect(reply.status == 409 && reply[.uploadOffset] == "5" && reply[.tusResumable] == "1.0.0")
    }
    #expect(server.resources[id]?.resource.state == .unfinished)
  }

  @Test(arguments: [nil, "application/octet-stream", "application/partial-upload", "x"])
  func `a PATCH of another media type is rejected with 415`(type: String?) throws {
    var (server, id) = try started()
    var fields = append("5")
    fields[.contentType] = type
    #expect(server.send(.tus, .patch, id, fields, body: "world").status == 415)
    #expect(server.resources[id]?.resource.offset == 5)
  }

  @Test(arguments: [false, true])
  func `more bytes than the length are rejected with 413, and end the upload`(isChunked: Bool) throws {
    var (server, id) = try started()
    let reply = server.send(.tus, .patch, id, append("5"), body: "world and more", isChunked: isChunked)
    #expect(reply.status == 413 && server.published.isEmpty)
    for method in [.head, .get, .delete] as [HTTPRequest.Method] {
      let reply = server.send(.tus, method, id, version)
      #expect(reply.status == 410 && reply[.uploadOffset] == nil)
    }
  }

  @Test func `the length may be repeated, but not changed or deferred again`() throws {
    var (server, id) = try started()
    #expect(server.send(.tus, .patch, id, append("5", [.uploadLength: "10"]), body: "wor").status == 204)
    for fields in [
      [.uploadLength: "11"], [.uploadLength: "9"], [.uploadLength: "-1"], [.uploadLength: "x"],
      [.uploadLength: "10", .uploadDeferLength: "1"],
    ] as [HTTPFields] {
      #expect(server.send(.tus, .patch, id, append("8", fields), body: "ld").status == 400)
    }
    #expect(server.resources[id]?.resource.offset == 8 && server.resources[id]?.resource.length == 10)
  }

  @Test func `the last request again gets 204 again, and nothing else changes the file`() throws {
    var (server, id) = try started()
    for _ in 0..<3 {
      let reply = server.send(.tus, .patch, id, append("5"), body: "world")
      #expect(reply.status == 204 && reply[.uploadOffset] == "10")
    }
    #expect(server.send(.tus, .patch, id, append("10")).status == 204)
    #expect(server.send(.tus, .patch, id, append("5"), body: "wor").status == 409)
    #expect(server.send(.tus, .patch, id, append("10"), body: "more").status == 413)
    #expect(server.send(.tus, .patch, id, append("10"), body: "more", isChunked: true).status == 413)
    #expect(server.resources[id]?.resource.state == .finished && server.published.count == 1)
  }

  // MARK: Checksums

  @Test func `a matching checksum keeps the body, another one discards it with 460`() throws {
    var (server, id) = try started()
    let wrong = server.send(.tus, .patch, id, append("5", [.uploadChecksum: Self.right]), body: "wrong")
    #expect(wrong.status == 460 && wrong[.tusResumable] == "1.0.0")
    #expect(server.send(.tus, .head, id, version)[.uploadOffset] == "5")
    _ = server.send(.tus, .patch, id, append("5", [.uploadChecksum: Self.right]), body: "world", arriving: 3)
    #expect(server.send(.tus, .head, id, version)[.uploadOffset] == "5")
    for checksum in ["crc32 AAAAAA==", "sha1", "sha1 x"] {
      #expect(server.send(.tus, .patch, id, append("5", [.uploadChecksum: checksum]), body: "world").status == 400)
    }
    let right = server.send(.tus, .patch, id, append("5", [.uploadChecksum: Self.right]), body: "HELLO")
    #expect(right.status == 204 && server.published.count == 1)
  }

  @Test func `a checksum in the trailer section is compared, and must be there where it is announced`() throws {
    var (server, id) = try started()
    let fields = append("5", [.trailer: "X, upload-checksum"])
    for (trailers, status) in [
      (nil, 400), ([:], 400), ([.uploadChecksum: "sha1 x"], 400), ([.uploadChecksum: "crc AAAA"], 400),
      ([.uploadChecksum: Self.right], 460),
    ] as [(HTTPFields?, Int)] {
      let reply = server.send(.tus, .patch, id, fields, body: "world", isChunked: true, trailers: trailers)
      #expect(reply.status == status && server.resources[id]?.resource.offset == 5)
    }
    let right: HTTPFields = [.uploadChecksum: Self.right]
    #expect(server.send(.tus, .patch, id, fields, body: "HELLO", isChunked: true, trailers: right).status == 204)
  }

  // MARK: Termination, limits, methods

  @Test func `DELETE ends an upload, which is unknown then, and keeps a published file`() throws {
    var (server, id) = try started()
    #expect(server.send(.tus, .delete, id, version).status == 204)
    for method in [.head, .get, .delete] as [HTTPRequest.Method] {
      let reply = server.send(.tus, method, id, version)
      #expect(reply.status == 404 && reply[.uploadOffset] == nil && reply[.tusResumable] == "1.0.0")
    }
    #expect(server.send(.tus, .patch, id, append("5"), body: "world").status == 404)
    (server, id) = try started()
    _ = server.send(.tus, .patch, id, append("5"), body: "world")
    #expect(server.send(.tus, .delete, id, version).status == 204 && server.published.count == 1)
    #expect(server.send(.tus, .head, id, version).status == 404)
  }

  @Test func `a body over the limit of one request is rejected, and what was stored of it is kept`() throws {
    var (server, id) = try started(ResumableLimits(maxAppendSize: 5, maxAge: 60))
    #expect(server.send(.tus, .patch, id, append("0"), body: "world!").status == 413)
    #expect(server.resources[id]?.resource.offset == 5)
    server.limits.maxAppendSize = 4
    let checked = append("5", [.uploadChecksum: Self.right])
    #expect(server.send(.tus, .patch, id, checked, body: "HELLO", isChunked: true).status == 413)
    #expect(server.resources[id]?.resource.offset == 5)
    #expect(server.send(.tus, .patch, id, append("5"), body: "world", isChunked: true).status == 413)
    #expect(server.resources[id]?.resource.offset == 8)
  }

  @Test func `other methods are not allowed at an upload, and an overridden one counts`() throws {
    var (server, id) = try started()
    for method in [.post, .put] as [HTTPRequest.Method] {
      let reply = server.send(.tus, method, id, append("5"), body: "world")
      #expect(reply.status == 405 && reply[.allow] == "HEAD, GET, PATCH, DELETE, OPTIONS")
    }
    #expect(server.send(.tus, .post, id, append("5", [.methodOverride: "PATCH"]), body: "world").status == 204)
    #expect(server.published == [Array("helloworld".utf8)])
  }

  @Test func `failures outside the protocol have the version, and for limits the largest size`() throws {
    let head = HTTPRequest(method: .patch, scheme: nil, authority: nil, path: "/", headerFields: append("0"))
    let request = ResumableRequest(head: head, bodyLength: 5, id: "x", limits: ResumableLimits(maxSize: 9), now: 0)
    let exchange = TusExchange(request)
    let full = exchange.failed(UploadError(.diskFull, "full"), status: 507, isFinal: false, offset: 3)
    #expect(full.status == 507 && full.fields == [.tusResumable: "1.0.0"] && full.error?.message == "full")
    let size = exchange.failed(UploadError(.tooLarge, ""), status: 413, isFinal: true, offset: nil)
    #expect(size.fields == [.tusResumable: "1.0.0", .tusMaxSize: "9"])
    let taken = exchange.failed(UploadError(.nameTaken, ""), status: 409, isFinal: true, offset: 3)
    #expect(taken.fields == [.tusResumable: "1.0.0", .uploadOffset: "3"])
  }
}
