import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct TusConcatenationTests {
  private static let type = ResumableFields.tusType
  private let version: HTTPFields = [.tusResumable: "1.0.0"]

  private func part(_ server: inout ResumableServer, _ content: String, of length: Int? = nil) throws -> String {
    let fields: HTTPFields = [
      .tusResumable: "1.0.0", .uploadLength: "\(length ?? content.utf8.count)", .uploadConcat: "partial",
      .contentType: Self.type, .uploadMetadata: "filename cGFydA==",
    ]
    return try #require(ResumableServer.id(server.send(.tus, .post, nil, fields, body: content)))
  }

  private func join(_ server: inout ResumableServer, _ ids: [String], _ more: HTTPFields = [:]) -> ResumableServer.Reply
  {
    var fields = version
    fields[.uploadConcat] = "final;" + ids.map { "https://a.test/uploads/\($0)" }.joined(separator: " ")
    fields.append(contentsOf: more)
    return server.send(.tus, .post, nil, fields)
  }

  @Test func `a final upload is published with the content of its parts, which are not files`() throws {
    var server = ResumableServer()
    let ids = [try part(&server, "hello"), try part(&server, ""), try part(&server, "world")]
    #expect(server.published.isEmpty)
    let reply = join(&server, ids + ids.prefix(1), [.uploadMetadata: "filename YQ=="])
    #expect(reply.status == 201 && reply[.uploadOffset] == "15" && reply[.tusResumable] == "1.0.0")
    #expect(server.published == [Array("helloworldhello".utf8)])
    let id = try #require(ResumableServer.id(reply))
    #expect(server.resources[id]?.name == "a")
    let head = server.send(.tus, .head, id, version)
    #expect(head.status == 200 && head[.uploadOffset] == "15" && head[.uploadLength] == "15")
    #expect(head[.uploadConcat]?.hasPrefix("final;https://a.test/uploads/") == true)
    #expect(head[.uploadMetadata] == "filename YQ==")
  }

  @Test func `parts can be used again, and do not hand on their metadata`() throws {
    var server = ResumableServer()
    let id = try part(&server, "hello")
    for _ in 0..<2 {
      let reply = join(&server, [id])
      #expect(reply.status == 201)
      #expect(ResumableServer.id(reply).flatMap { server.resources[$0] }?.name == nil)
    }
    #expect(server.published.count == 2)
    let head = server.send(.tus, .head, id, version)
    #expect(head[.uploadConcat] == "partial" && head[.uploadOffset] == "5" && head[.uploadExpires] != nil)
  }

  @Test func `a PATCH on a final upload is forbidden`() throws {
    var server = ResumableServer()
    let whole = try part(&server, "hello")
    let id = try #require(ResumableServer.id(join(&server, [whole])))
    let fields: HTTPFields = [.tusResumable: "1.0.0", .uploadOffset: "5", .contentType: Self.type]
    #expect(server.send(.tus, .patch, id, fields).status == 403)
    #expect(server.send(.tus, .patch, id, fields, body: "more").status == 403)
  }

  @Test func `unfinished, unknown and complete other uploads are no parts`() throws {
    var server = ResumableServer()
    let whole = try part(&server, "hello")
    let unfinished = try part(&server, "hello", of: 10)
    let fields: HTTPFields = [.tusResumable: "1.0.0", .uploadLength: "5", .contentType: Self.type]
    let file = try #require(ResumableServer.id(server.send(.tus, .post, nil, fields, body: "hello")))
    for id in [unfinished, file, "aaaaaaaaaaaaaaaaaaaaaa"] {
      #expect(join(&server, [whole, id]).status == 400)
    }
    #expect(server.published.count == 1)
  }

  @Test func `a final upload with a length or a body is rejected`() throws {
    var server = ResumableServer()
    let id = try part(&server, "hello")
    #expect(join(&server, [id], [.uploadLength: "5"]).status == 400)
    #expect(join(&server, [id], [.uploadDeferLength: "1"]).status == 400)
    let fields: HTTPFields = [
      .tusResumable: "1.0.0", .uploadConcat: "final;/uploads/\(id)", .contentType: Self.type,
    ]
    #expect(server.send(.tus, .post, nil, fields, body: "x").status == 400)
    #expect(server.send(.tus, .post, nil, fields, body: "", isChunked: true).status == 400)
    #expect(server.published.isEmpty)
  }

  @Test func `a final upload over the limit is rejected and forgotten`() throws {
    var server = ResumableServer(ResumableLimits(maxSize: 8))
    let id = try part(&server, "hello")
    let count = server.resources.count
    let reply = join(&server, [id, id])
    #expect(reply.status == 413 && reply[.tusMaxSize] == "8" && server.resources.count == count)
    #expect(server.published.isEmpty)
  }

  @Test func `a part can be continued, and its last request repeated`() throws {
    var server = ResumableServer()
    let id = try part(&server, "hel", of: 5)
    let fields: HTTPFields = [.tusResumable: "1.0.0", .uploadOffset: "3", .contentType: Self.type]
    for _ in 0..<2 {
      let reply = server.send(.tus, .patch, id, fields, body: "lo")
      #expect(reply.status == 204 && reply[.uploadOffset] == "5")
    }
    #expect(server.send(.tus, .patch, id, fields, body: "l").status == 409)
    #expect(server.send(.tus, .head, id, version).status == 200 && server.published.isEmpty)
    #expect(join(&server, [id]).status == 201)
  }

  @Test func `of a long list of parts only is remembered that there was one`() throws {
    var server = ResumableServer()
    let ids = Array(repeating: try part(&server, "a"), count: 1000)
    let reply = join(&server, ids)
    let id = try #require(ResumableServer.id(reply))
    #expect(reply.status == 201 && reply[.uploadOffset] == "1000")
    #expect(server.resources[id]?.resource.isConcatenation == true)
    #expect(server.send(.tus, .head, id, version)[.uploadConcat] == "final")
  }
}
