import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

/// The requests that known clients send, as their sources and documentation show.
@Suite struct ResumableClientTests {
  /// `filename`, as the clients encode it.
  private static let metadata = "filename YS50eHQ=,filetype dGV4dC9wbGFpbg=="

  private func id(_ reply: ResumableServer.Reply) throws -> String {
    try #require(ResumableServer.id(reply))
  }

  @Test func `tus-js-client uploads in chunks, loses its connection and resumes`() throws {
    var server = ResumableServer()
    let base: HTTPFields = [.tusResumable: "1.0.0"]
    let created = server.send(
      .tus,
      .post,
      nil,
      [.tusResumable: "1.0.0", .uploadLength: "10", .uploadMetadata: Self.metadata]
    )
    let id = try id(created)
    func patch(_ offset: String, _ body: String, arriving: Int? = nil) -> ResumableServer.Reply {
      let fields: HTTPFields = [
        .tusResumable: "1.0.0", .uploadOffset: offset, .contentType: "application/offset+octet-stream",
      ]
      return server.send(.tus, .patch, id, fields, body: body, arriving: arriving)
    }
    #expect(patch("0", "hell")[.uploadOffset] == "4")
    #expect(patch("4", "owor", arriving: 3).status == 0)
    let head = server.send(.tus, .head, id, base)
    // It requires both fields, as numbers.
    #expect(head.status == 200 && head[.uploadOffset] == "7" && head[.uploadLength] == "10")
    #expect(patch("7", "rld")[.uploadOffset] == "10")
    #expect(server.published == [Array("helloworld".utf8)] && server.resources[id]?.name == "a.txt")
    // Started again later: offset and length are equal, and it reports success.
    #expect(server.send(.tus, .head, id, base)[.uploadOffset] == "10")
    #expect(server.send(.tus, .delete, id, base).status == 204)
  }

  @Test func `tus-js-client uploads during the creation, with POST for PATCH, and with a deferred length`() throws {
    var server = ResumableServer()
    let type = "application/offset+octet-stream"
    let created = server.send(
      .tus,
      .post,
      nil,
      [.tusResumable: "1.0.0", .uploadLength: "10", .uploadMetadata: Self.metadata, .contentType: type],
      body: "hello"
    )
    #expect(created.status == 201 && created[.uploadOffset] == "5")
    let overridden: HTTPFields = [
      .tusResumable: "1.0.0", .uploadOffset: "5", .contentType: type, .methodOverride: "PATCH",
    ]
    #expect(server.send(.tus, .post, try id(created), overridden, body: "world").status == 204)

    let deferred = try id(server.send(.tus, .post, nil, [.tusResumable: "1.0.0", .uploadDeferLength: "1"]))
    let first: HTTPFields = [.tusResumable: "1.0.0", .uploadOffset: "0", .contentType: type]
    #expect(server.send(.tus, .patch, deferred, first, body: "hello").status == 204)
    // The length is known only when the source has ended, perhaps exactly then.
    let last: HTTPFields = [.tusResumable: "1.0.0", .uploadOffset: "5", .contentType: type, .uploadLength: "5"]
    #expect(server.send(.tus, .patch, deferred, last)[.uploadOffset] == "5")
    #expect(server.published == [Array("helloworld".utf8), Array("hello".utf8)])
  }

  @Test func `tus-js-client uploads two parts at once and joins them`() throws {
    var server = ResumableServer()
    let type = "application/offset+octet-stream"
    var urls: [String] = []
    for part in ["hello", "world"] {
      let created = server.send(
        .tus,
        .post,
        nil,
        [.tusResumable: "1.0.0", .uploadLength: "5", .uploadConcat: "partial"]
      )
      urls.append(try #require(created[.location]))
      let fields: HTTPFields = [.tusResumable: "1.0.0", .uploadOffset: "0", .contentType: type]
      #expect(server.send(.tus, .patch, try id(created), fields, body: part).status == 204)
    }
    let fields: HTTPFields = [
      .tusResumable: "1.0.0", .uploadConcat: "final;\(urls.joined(separator: " "))", .uploadMetadata: Self.metadata,
    ]
    #expect(server.send(.tus, .post, nil, fields).status == 201)
    #expect(server.published == [Array("helloworld".utf8)])
  }

  @Test(arguments: ["5", "6"]) func `tus-js-client uploads by the draft`(version: String) throws {
    var server = ResumableServer()
    // It sends the fields of tus as well.
    let creation: HTTPFields = [
      .uploadDraftInteropVersion: version, .uploadLength: "10", .uploadMetadata: Self.metadata, .uploadComplete: "?0",
    ]
    let id = try id(server.send(.draft, .post, nil, creation))
    func patch(_ offset: String, _ complete: String, _ body: String, arriving: Int? = nil) -> ResumableServer.Reply {
      var fields: HTTPFields = [
        .uploadDraftInteropVersion: version, .uploadOffset: offset, .uploadComplete: complete,
      ]
      if version == "6" { fields[.contentType] = "application/partial-upload" }
      return server.send(.draft, .patch, id, fields, body: body, arriving: arriving)
    }
    #expect(patch("0", "?0", "hello")[.uploadOffset] == "5")
    #expect(patch("5", "?1", "world", arriving: 2).status == 0)
    let head = server.send(.draft, .head, id, [.uploadDraftInteropVersion: version])
    #expect(head.status == 204 && head[.uploadOffset] == "7")
    let last = patch("7", "?1", "rld")
    #expect(last.isStored && last[.uploadOffset] == "10")
    #expect(server.published == [Array("helloworld".utf8)])
  }

  @Test func `tuspy sends empty metadata, asks for the offset before it resumes, and creates an empty file only`()
    throws
  {
    var server = ResumableServer()
    let created = server.send(
      .tus,
      .post,
      nil,
      [.tusResumable: "1.0.0", .uploadLength: "10", .uploadMetadata: ""]
    )
    let id = try id(created)
    let base: HTTPFields = [.tusResumable: "1.0.0"]
    for (body, offset) in [("hello", "0"), ("world", "5")] {
      #expect(server.send(.tus, .head, id, base)[.uploadOffset] == offset)
      let fields: HTTPFields = [
        .tusResumable: "1.0.0", .uploadOffset: offset, .contentType: "application/offset+octet-stream",
        .uploadChecksum: try #require(Self.sha1[body]),
      ]
      #expect(server.send(.tus, .patch, id, fields, body: body).status == 204)
    }
    #expect(server.published == [Array("helloworld".utf8)])
    let empty = server.send(.tus, .post, nil, [.tusResumable: "1.0.0", .uploadLength: "0", .uploadMetadata: ""])
    #expect(empty.status == 201 && server.published.last == [])
  }

  private static let sha1 = [
    "hello": "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", "world": "sha1 fCEUM/AgcVl3Qeb/Wo6jR4mrv0M=",
  ]

  @Test func `Uppy sends further metadata, also empty values`() throws {
    var server = ResumableServer()
    let metadata =
      "relativePath bnVsbA==,name w6QudHh0,type dGV4dC9wbGFpbg==,filetype dGV4dC9wbGFpbg==,"
      + "filename w6QudHh0,caption "
    let fields: HTTPFields = [.tusResumable: "1.0.0", .uploadLength: "5", .uploadMetadata: metadata]
    let id = try id(server.send(.tus, .post, nil, fields))
    #expect(server.resources[id]?.name == "ä.txt")
    #expect(server.send(.tus, .head, id, [.tusResumable: "1.0.0"])[.uploadMetadata]?.hasPrefix("relativePath") == true)
  }

  @Test func `iOS 17 sends everything in one request, and continues after an interruption`() throws {
    var server = ResumableServer()
    let creation: HTTPFields = [.uploadDraftInteropVersion: "3", .uploadIncomplete: "?0", .contentType: "text/plain"]
    let reply = server.send(.draft, .post, nil, creation, body: "helloworld", arriving: 4)
    let location = try #require(reply.interim.first?.fields[.location])
    let id = try #require(TusConcat.id(inURL: location))
    let head = server.send(.draft, .head, id, [.uploadDraftInteropVersion: "3"])
    #expect(head.status == 204 && head[.uploadOffset] == "4" && head[.uploadIncomplete] == "?1")
    let last: HTTPFields = [.uploadDraftInteropVersion: "3", .uploadIncomplete: "?0", .uploadOffset: "4"]
    let stored = server.send(.draft, .patch, id, last, body: "oworld")
    #expect(stored.isStored && stored[.uploadIncomplete] == "?0" && server.published == [Array("helloworld".utf8)])
  }
}
