import Foundation
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Resumable uploads of a real server, in a directory.
@Suite struct ResumableDiskTests {
  /// The response to a request on a connection of its own.
  private func reply(to line: String, _ fields: [String], body: String? = nil, _ server: RunningServer) async throws
    -> Reply
  {
    let text = request(line, fields + ["Connection: close"], body: body)
    let response = try await WireClient.exchange(text, port: server.port)
    return Reply(statuses: [Int(response.dropFirst(9).prefix(3)) ?? 0], text: String(response.dropFirst(9)))
  }

  private func create(_ server: RunningServer) async throws -> String {
    let reply = try await reply(to: "PUT /a.txt", ["Upload-Complete: ?0", "Content-Length: 0"], server)
    #expect(reply.status == 201)
    return try #require(reply.path)
  }

  /// Begins a PATCH request of ten bytes, of which three arrive, and leaves its connection open.
  private func begin(_ path: String, at offset: Int, _ server: RunningServer) async throws -> WireClient {
    let client = try await WireClient(port: server.port)
    try await client.send(
      request("PATCH " + path, append(at: offset, complete: false, ["Content-Length: 10"])) + "abc"
    )
    try await eventually("three bytes") { server.ledger.active().first?.received == UInt64(offset + 3) }
    return client
  }

  @Test func `a client that returns while its old connection is half open continues at once`() async throws {
    try await RunningServer.with { server in
      let path = try await create(server)
      let old = try await begin(path, at: 0, server)
      let head = try await reply(to: "HEAD " + path, [], server)
      #expect(head["Upload-Offset"] == "3")
      _ = try await old.responseToEnd()
      #expect(old.text.isEmpty)
      // Without asking: the offset is the one that the older request has reached.
      let older = try await begin(path, at: 3, server)
      let last = try await reply(to: "PATCH " + path, append(at: 6, complete: true), body: "def", server)
      #expect(last.status == 201)
      #expect(try server.place.read("a.txt") == Array("abcabcdef".utf8))
      try await older.close()
      try await old.close()
    }
  }

  @Test func `DELETE during a request ends both, and leaves no files`() async throws {
    try await RunningServer.with { server in
      let path = try await create(server)
      let old = try await begin(path, at: 0, server)
      #expect(try await reply(to: "DELETE " + path, [], server).status == 204)
      #expect(try await reply(to: "HEAD " + path, [], server).status == 404)
      let left = try server.place.names().filter { $0 == "a.txt" }
      #expect(left.isEmpty)
      try await old.close()
    }
  }

  @Test func `an upload whose directory was removed between two requests is unknown, and no longer counts`()
    async throws
  {
    try await RunningServer.with { server in
      let path = try await create(server)
      try FileManager.default.removeItem(atPath: server.place.file(".sluice-uploads"))
      #expect(try await reply(to: "HEAD " + path, [], server).status == 404)
      let fields = append(at: 0, complete: true)
      #expect(try await reply(to: "PATCH " + path, fields, body: "abc", server).status == 404)
    }
  }

  @Test func `parts are concatenated, but a thousand of them do not fit into a header field`() async throws {
    try await RunningServer.with { server in
      let creation = tus(["Upload-Length: 3", "Upload-Concat: partial", "Content-Length: 0"])
      let created = try await reply(to: "POST /uploads", creation, server)
      let path = try #require(created.path)
      let stored = try await reply(to: "PATCH " + path, tusAppend(at: 0), body: "abc", server)
      #expect(stored.status == 204)
      for (count, status) in [(1000, 431), (500, 201)] {
        let parts = Array(repeating: path, count: count).joined(separator: " ")
        let fields = tus(["Upload-Concat: final;" + parts, "Content-Length: 0"])
        let whole = try await reply(to: "POST /uploads", fields, server)
        #expect(whole.status == status, "\(count)")
        if status == 431 { #expect(whole.text.contains("16 KiB")) }
      }
      let names = try server.place.names().filter { $0.hasPrefix("upload-") }
      #expect(names.count == 1)
      let content = try server.place.read(try #require(names.first))
      #expect(content.count == 1500)
      let deleted = try await reply(to: "DELETE " + path, tus(), server)
      #expect(deleted.status == 204)
    }
  }
}
