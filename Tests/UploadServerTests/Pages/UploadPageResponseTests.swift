import HTTPTypes
import Testing
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadServer

/// The responses at `/` and `/info`.
@Suite struct UploadPageResponseTests {
  private func probe() -> BrowsingProbe { BrowsingProbe(store: BrowsingProbe.store()) }

  @Test func `the page has a tag, a policy, and header fields that protect the URL`() async throws {
    let reply = try await probe().get("/")
    #expect(reply.status == 200 && reply.text.hasPrefix("<!doctype html>\n"))
    #expect(reply.fields[.contentType] == "text/html; charset=utf-8")
    #expect(reply.fields[.contentLength] == String(reply.bytes.count))
    #expect(reply.fields[.contentSecurityPolicy] == UploadPage(ServerProfile(), modified: 0).policy)
    #expect(reply.fields[.referrerPolicy] == "no-referrer" && reply.fields[.xContentTypeOptions] == "nosniff")
    #expect(reply.fields[.cacheControl] == "no-cache")
    #expect(reply.fields[.eTag]?.firstMatch(of: /^"[0-9a-f]{16}"$/) != nil)
  }

  @Test func `the page is the same for all clients, whatever is stored and whether anything can be read`() async throws
  {
    let store = BrowsingProbe.store()
    let empty = try await BrowsingProbe(store: store).get("/")
    store.add("secret.txt", [1])
    store.readFailure = UploadError(.directoryUnavailable, "Gone.")
    for type in ["text/html", "application/json", nil] {
      let reply = try await BrowsingProbe(store: store).get("/", as: type)
      #expect(reply.status == 200 && reply.bytes == empty.bytes)
    }
  }

  @Test func `HEAD has the same header fields and no body`() async throws {
    let (get, head) = (try await probe().get("/"), try await probe().get("/", method: .head))
    #expect(head.status == 200 && head.bytes.isEmpty && head.fields == get.fields)
  }

  @Test func `a client that has the page gets 304 without a body`() async throws {
    let tag = try #require(try await probe().get("/").fields[.eTag])
    for field in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
      let reply = try await probe().get("/", [.ifNoneMatch: field])
      #expect(reply.status == 304 && reply.bytes.isEmpty && reply.fields[.eTag] == tag, "\(field)")
    }
    #expect(try await probe().get("/", [.ifNoneMatch: "\"other\""]).status == 200)
    #expect(try await probe().get("/", [.ifMatch: tag]).status == 200)
    #expect(try await probe().get("/", [.ifMatch: "\"other\""]).status == 412)
    #expect(try await probe().get("/", [.ifMatch: "?"]).status == 400)
  }

  @Test func `the form of a page that was opened with a token passes it on, escaped`() async throws {
    let reply = try await probe().get("/?token=a%22%3E%26b")
    #expect(reply.text.contains("action=\"./file-upload?token=a%22%3E%26b&amp;paths=keep\""))
    let plain = try await probe().get("/")
    #expect(plain.text.contains("action=\"./file-upload?paths=keep\""))
    #expect(plain.fields[.eTag] == reply.fields[.eTag])
  }

  @Test func `info says what the page needs to know`() async throws {
    var probe = probe()
    let bare = try await probe.get("/info")
    #expect(bare.status == 200 && bare.fields[.contentType] == "application/json")
    #expect(bare.fields[.cacheControl] == "no-store")
    #expect(
      bare.text == #"{"name":"Sluice","version":"\#(Product.version)","greeting":null,"maxSize":null,"free":null,"#
        + #""allowedTypes":null,"maxAppend":null,"keepsDirectories":true,"dropBox":false,"#
        + #""askName":false,"canList":true}"# + "\n"
    )
    (probe.profile.page.greeting, probe.profile.page.asksName) = ("Hello\n\"you\"", true)
    (probe.profile.maxSize, probe.profile.maxAppendSize) = (SizeSetting(1 << 30), SizeSetting(1 << 20))
    probe.profile.keepsDirectories = false
    probe.profile.types.allowed = [try MediaTypePattern("image/*"), try MediaTypePattern("text/plain")]
    (probe.store as? MemoryStore)?.available = 123
    let full = try await probe.get("/info", as: "text/html")
    #expect(
      full.text
        == #"{"name":"Sluice","version":"\#(Product.version)","greeting":"Hello\n\"you\"","maxSize":1073741824,"#
        + #""free":123,"allowedTypes":["image/*","text/plain"],"maxAppend":1048576,"keepsDirectories":false,"#
        + #""dropBox":false,"askName":true,"canList":true}"# + "\n"
    )
  }

  @Test func `files cannot be stored under the names of endpoints, but in any directory`() throws {
    for (target, isFile) in [("/info", false), ("/info/a", false), ("/files/info", true), ("/files/info/a", true)] {
      let path = try? PathRules().filePath(RequestTarget(target))
      #expect((path != nil) == isFile, "\(target)")
    }
    #expect(UploadRoute.methods(at: try RequestTarget("/info"), PathRules()) == "GET, HEAD")
  }
}
