import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct TusCreationTests {
  private static let type = ResumableFields.tusType

  private func create(_ more: HTTPFields) -> HTTPFields {
    var fields: HTTPFields = [.tusResumable: "1.0.0"]
    fields.append(contentsOf: more)
    return fields
  }

  @Test func `OPTIONS states the version, all extensions, the limit and the algorithms, without spaces in lists`() {
    var server = ResumableServer(ResumableLimits(maxSize: 100))
    for (id, fields) in [(nil, [:]), ("x", [.tusResumable: "0.2.2"])] as [(String?, HTTPFields)] {
      let reply = server.send(.tus, .options, id, fields)
      #expect(reply.status == 200 && reply[.tusResumable] == "1.0.0" && reply[.tusVersion] == "1.0.0")
      #expect(
        reply[.tusExtension] == "creation,creation-with-upload,creation-defer-length,expiration,checksum,"
          + "checksum-trailer,termination,concatenation"
      )
      #expect(reply[.tusMaxSize] == "100" && reply[.tusChecksumAlgorithm] == "sha1,sha256,md5")
    }
    server.limits = ResumableLimits()
    #expect(server.send(.tus, .options)[.tusMaxSize] == nil)
  }

  @Test func `a server that cannot concatenate announces no concatenation, and rejects it`() {
    var server = ResumableServer(ResumableLimits(canConcatenate: false))
    let options = server.send(.tus, .options)
    #expect(options[.tusExtension]?.hasSuffix("termination") == true)
    for fields in [
      [.uploadLength: "5", .uploadConcat: "partial"],
      [.uploadConcat: "final;/uploads/\(String(repeating: "a", count: 22))"],
    ] as [HTTPFields] {
      #expect(server.send(.tus, .post, nil, create(fields)).status == 501)
    }
    #expect(server.resources.isEmpty)
    #expect(server.send(.tus, .post, nil, create([.uploadLength: "5"])).status == 201)
  }

  @Test(arguments: [nil, "", "1.0", "0.2.2", "1.0.0, 1.0.0", "2.0.0"])
  func `a request of another version is rejected with 412 and not processed`(version: String?) {
    var server = ResumableServer()
    var fields: HTTPFields = [.uploadLength: "5"]
    fields[.tusResumable] = version
    for (method, id) in [(.post, nil), (.head, "x"), (.patch, "x"), (.delete, "x"), (.get, "x")]
      as [(HTTPRequest.Method, String?)]
    {
      let reply = server.send(.tus, method, id, fields)
      #expect(reply.status == 412 && reply[.tusVersion] == "1.0.0" && reply[.tusResumable] == "1.0.0")
    }
    #expect(server.resources.isEmpty)
  }

  @Test func `a creation responds with 201, the URL and the time when the upload expires`() throws {
    var server = ResumableServer(ResumableLimits(maxAge: 60))
    let metadata = "filename YS50eHQ=,other"
    let reply = server.send(.tus, .post, nil, create([.uploadLength: "5", .uploadMetadata: metadata]))
    #expect(reply.status == 201 && reply[.tusResumable] == "1.0.0" && reply[.uploadOffset] == "0")
    #expect(reply[.uploadExpires] == HTTPDate.text(ResumableServer.now + 60))
    let id = try #require(ResumableServer.id(reply))
    #expect(server.resources[id]?.name == "a.txt" && server.resources[id]?.resource.length == 5)
    let head = server.send(.tus, .head, id, create([:]))
    #expect(head.status == 200)
    #expect(
      head.fields == [
        .tusResumable: "1.0.0", .uploadOffset: "0", .uploadLength: "5", .uploadMetadata: metadata,
        .cacheControl: "no-store", .uploadExpires: HTTPDate.text(ResumableServer.now + 60),
      ]
    )
  }

  @Test func `an empty file is published by its creation`() {
    var server = ResumableServer()
    let reply = server.send(.tus, .post, nil, create([.uploadLength: "0", .uploadMetadata: ""]))
    #expect(reply.status == 201 && reply[.uploadOffset] == "0" && reply[.location] != nil)
    #expect(server.published == [[]])
  }

  @Test(
    arguments: [
      [:], [.uploadLength: "-5"], [.uploadLength: "x"], [.uploadLength: ""], [.uploadLength: "5.0"],
      [.uploadLength: "+5"], [.uploadLength: "0x5"], [.uploadLength: "5, 5"], [.uploadDeferLength: "0"],
      [.uploadDeferLength: "true"], [.uploadLength: "5", .uploadDeferLength: "1"],
      [.uploadLength: "5", .uploadMetadata: "a *"], [.uploadLength: "5", .uploadMetadata: "a,a"],
      [.uploadLength: "5", .uploadConcat: "x"], [.uploadConcat: "partial"],
      [.uploadLength: "5", .uploadConcat: "final;/uploads/aaaaaaaaaaaaaaaaaaaaaa"],
      [.uploadDeferLength: "1", .uploadConcat: "final;/uploads/aaaaaaaaaaaaaaaaaaaaaa"],
      [.uploadConcat: "final;/uploads/../../etc/passwd"], [.uploadConcat: "final;"],
      [.uploadLength: "5", .uploadChecksum: "crc32 AAAAAA=="],
    ] as [HTTPFields]
  ) func `a creation with wrong lengths, metadata, parts or checksums is rejected`(fields: HTTPFields) {
    var server = ResumableServer()
    let reply = server.send(.tus, .post, nil, create(fields))
    #expect(reply.status == 400 && reply[.tusResumable] == "1.0.0" && server.resources.isEmpty)
  }

  @Test(arguments: ["101", "9223372036854775808", "99999999999999999999999"])
  func `a creation over the limit, or of a length that no file can have, is rejected with 413`(length: String) {
    var server = ResumableServer(ResumableLimits(maxSize: 100))
    let reply = server.send(.tus, .post, nil, create([.uploadLength: length]))
    #expect(reply.status == 413 && reply[.tusMaxSize] == "100" && server.resources.isEmpty)
  }

  @Test func `a creation with a body needs the media type, and states the offset`() {
    var server = ResumableServer()
    #expect(server.send(.tus, .post, nil, create([.uploadLength: "5"]), body: "hel").status == 415)
    #expect(
      server.send(.tus, .post, nil, create([.uploadLength: "5", .contentType: "a/b"]), body: "hel").status == 415
    )
    #expect(server.resources.isEmpty)
    let fields = create([.uploadLength: "5", .contentType: Self.type])
    let part = server.send(.tus, .post, nil, fields, body: "hel")
    #expect(part.status == 201 && part[.uploadOffset] == "3" && part[.location] != nil && server.published.isEmpty)
    let whole = server.send(.tus, .post, nil, fields, body: "hello")
    #expect(whole.status == 201 && whole[.uploadOffset] == "5" && server.published == [Array("hello".utf8)])
    #expect(server.send(.tus, .post, nil, fields, body: "hello!").status == 413)
    let chunked = server.send(.tus, .post, nil, fields, body: "hello!", isChunked: true)
    #expect(chunked.status == 413 && server.published.count == 1)
  }

  @Test func `a creation whose checksum does not match keeps nothing of its body, and can be continued`() throws {
    var server = ResumableServer()
    let fields = create([
      .uploadLength: "5", .contentType: Self.type, .uploadChecksum: "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=",
    ])
    let reply = server.send(.tus, .post, nil, fields, body: "hallo")
    let id = try #require(ResumableServer.id(reply))
    #expect(reply.status == 460 && server.resources[id]?.resource.offset == 0)
    #expect(server.send(.tus, .post, nil, fields, body: "hello").status == 201)
  }

  @Test func `a deferred length is set once by a PATCH`() throws {
    var server = ResumableServer()
    let reply = server.send(.tus, .post, nil, create([.uploadDeferLength: "1"]))
    let id = try #require(ResumableServer.id(reply))
    let head = server.send(.tus, .head, id, create([:]))
    #expect(head[.uploadDeferLength] == "1" && head[.uploadLength] == nil && head[.uploadOffset] == "0")
    func patch(_ offset: Int, _ length: String?, _ body: String) -> Int {
      var fields = create([.contentType: Self.type, .uploadOffset: "\(offset)"])
      fields[.uploadLength] = length
      return server.send(.tus, .patch, id, fields, body: body).status
    }
    #expect(patch(0, nil, "hel") == 204)
    #expect(patch(3, "2", "") == 400)
    #expect(patch(3, "4", "lo") == 413)
    #expect(patch(3, "x", "") == 400)
    #expect(patch(3, "5", "") == 204)
    #expect(server.send(.tus, .head, id, create([:]))[.uploadLength] == "5")
    #expect(patch(3, "6", "lo") == 400)
    #expect(patch(3, "5", "lo") == 204)
    #expect(server.published == [Array("hello".utf8)])
  }

  @Test func `a deferred length that is reached when it is set completes the upload`() throws {
    var server = ResumableServer()
    let id = try #require(ResumableServer.id(server.send(.tus, .post, nil, create([.uploadDeferLength: "1"]))))
    let fields = create([.contentType: Self.type, .uploadOffset: "0", .uploadLength: "5"])
    #expect(server.send(.tus, .patch, id, fields, body: "hello").status == 204)
    #expect(server.published == [Array("hello".utf8)])
  }

  @Test func `only POST and OPTIONS are allowed at the collection, and HTTP method override is followed`() {
    var server = ResumableServer()
    for method in [.get, .head, .put, .patch, .delete] as [HTTPRequest.Method] {
      let reply = server.send(.tus, method, nil, create([.uploadLength: "5"]))
      #expect(reply.status == 405 && reply[.allow] == "POST, OPTIONS" && reply[.tusResumable] == "1.0.0")
    }
    #expect(server.send(.tus, .put, nil, create([.uploadLength: "5", .methodOverride: "POST"])).status == 201)
    let head = HTTPRequest(
      method: .post,
      scheme: nil,
      authority: nil,
      path: nil,
      headerFields: [.methodOverride: "patch"]
    )
    #expect(TusExchange.method(head) == .patch)
  }
}
