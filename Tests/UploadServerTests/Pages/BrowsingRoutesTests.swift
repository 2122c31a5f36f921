import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

/// Responses of the routes that read, with a store in memory.
@Suite struct BrowsingRoutesTests {
  /// Requests a path of a server with this store.
  /// - Returns: the status and the whole body.
  private func get(_ path: String, from store: MemoryStore, as type: String? = nil) async throws -> (Int, String) {
    let reply = try await BrowsingProbe(store: store).get(path, as: type)
    if let failure = reply.failure { throw failure }
    return (reply.status, reply.text)
  }

  private func store() -> MemoryStore { BrowsingProbe.store() }

  @Test func `a listing has every file of the store, with its stored type or that of its name`() async throws {
    let store = store()
    store.add("a.txt", Array("first".utf8))
    store.add("b", Array("second".utf8), type: "image/png")
    let (status, text) = try await get("/files/", from: store)
    #expect(status == 200)
    #expect(text.contains(#"{"name":"a.txt","url":"../files/a.txt","size":5,"type":"text/plain""#), "\(text)")
    #expect(text.contains(#"{"name":"b","url":"../files/b","size":6,"type":"image/png""#), "\(text)")
    let page = try await get("/files/", from: store, as: "text/html").1
    #expect(page.contains("a.txt") && page.contains("image/png"))
  }

  @Test func `a listing longer than a chunk has every file once, in the order of the store`() async throws {
    let store = store()
    let names = (100..<400).map { "file-\($0)" }
    names.forEach { store.add($0, [], type: "x/y") }
    let text = try await get("/files/", from: store).1
    let found = text.split(separator: "{\"name\":\"").dropFirst().map { row in String(row.prefix { $0 != "\"" }) }
    #expect(found == names)
    #expect(text.hasPrefix("{\"files\":[{") && text.hasSuffix("}]}\n"))
  }

  @Test func `an empty store has an empty listing`() async throws {
    let (status, text) = try await get("/files/", from: store())
    #expect(status == 200 && text == "{\"files\":[]}\n")
  }

  @Test func `a missing file gets 404 and a malformed name 400`() async throws {
    let store = store()
    let (otherStatus, otherText) = try await get("/files/c", from: store)
    #expect(otherStatus == 404 && otherText.contains("File not found: \\\"c\\\"."), "\(otherText)")
    let (malformedStatus, malformedText) = try await get("/files/%zz", from: store)
    #expect(malformedStatus == 400 && malformedText.contains("two hexadecimal digits"), "\(malformedText)")
    let (missingStatus, missingText) = try await get("/nothing", from: store)
    #expect(missingStatus == 404 && missingText.contains("Page not found."), "\(missingText)")
  }

  @Test func `every route that reads the store responds with 503 while the store is unavailable`() async throws {
    let store = store()
    store.add("a", [1])
    let (healthy, body) = try await get("/healthz", from: store)
    #expect(healthy == 200 && body == "ok\n")
    store.readFailure = UploadError(.directoryUnavailable, "Gone.")
    for path in ["/healthz", "/files/", "/files/a", "/info"] {
      let (status, text) = try await get(path, from: store)
      #expect(status == 503 && text.contains("Gone."), "\(path): \(text)")
    }
  }

  @Test func `the health check fails with 503 while there is no space for any upload`() async throws {
    let store = store()
    store.available = 1
    #expect(try await get("/healthz", from: store).0 == 200)
    store.available = 0
    let (status, text) = try await get("/healthz", from: store)
    #expect(status == 503 && text.contains("Nothing can be stored"), "\(text)")
  }

  @Test func `a listing for which the budget has no memory gets 503`() async throws {
    let store = store()
    store.hasMemoryForListings = false
    let (status, text) = try await get("/files/", from: store)
    #expect(status == 503 && text.contains("Too many listings or files"), "\(text)")
  }
}
